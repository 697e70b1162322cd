// Tells the state of the stream, notices when it has died without a word, and keeps it from asking too often.
{
  const SILENCE = 30000; // heartbeats come every 10 s
  const BLIP = 3000; // a shorter loss is not worth telling
  const stream = () => byId('stream')?._htmx?.sse;
  const state = (name) => { document.documentElement.dataset.connection = name; };
  let silence, blip, began, hasty = 0;

  const renew = () => stream()?.reader ? stream().reader.cancel() : stream()?.abortController?.abort();
  const watch = () => {
    clearTimeout(silence);
    silence = setTimeout(renew, SILENCE);
  };
  const wait = () => {
    blip ??= setTimeout(state, BLIP, 'reconnecting');
    watch();
  };
  wait();
  on('connected heartbeat', () => {
    blip = clearTimeout(blip);
    state('connected');
    watch();
  });

  // htmx takes any answer of 2xx for a stream, and asks again at once when it ends.
  on('htmx-after-sse-connection htmx-sse-after-connection', () => { began = Date.now(); });
  on('htmx-before-sse-connection htmx-sse-before-connection', (event) => {
    if (!event.detail.connection.attempt) return;
    if (document.hidden) event.preventDefault();
    wait();
    hasty = Date.now() - began < BLIP ? hasty + 1 : 0;
    if (hasty > 2) { hasty = 0; event.preventDefault(); } // hx-trigger "every 5s" begins anew
  });

  // A browser gives a host six connections, and hidden tabs need none.
  on('htmx-before-request', (event) => {
    if (document.hidden && event.detail.ctx.sourceElement.id === 'stream') event.preventDefault();
  });

  // Whoever comes back to the page or the network does not wait for the next attempt.
  const hurry = () => setTimeout(() => {
    stream()?.delayCanceller?.();
    htmx.trigger('#stream', 'every');
  });
  on('visibilitychange', () => {
    blip = clearTimeout(blip);
    if (document.hidden || stream()?.reader) return;
    state('connecting');
    wait();
    hurry();
  });
  addEventListener('online', () => {
    stream()?.reader?.cancel(); // may be one of the network before
    hurry();
  });

  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  document.cookie = `hearth_timezone=${timeZone}; path=/; SameSite=Lax; max-age=31536000`;
}
