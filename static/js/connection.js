// Tells the state of the stream, notices when it has died without a word, and keeps it from asking too often.
{
  const SILENCE = 30000; // heartbeats come every 10 s
  const BLIP = 3000; // a shorter loss is not worth telling
  const ATTEMPTS = 5; // then it has failed, though slow attempts go on
  const LONGEST_WAIT = 30000;
  const state = (name) => { document.documentElement.dataset.connection = name; };
  const stream = () => byId('stream')?._htmx?.sse;
  const isStream = (event) => (event.detail.ctx?.sourceElement ?? event.target).id === 'stream';
  let silence, blip, began, hasty = 0, attempts = 0, notBefore = 0;

  const renew = () => stream()?.reader ? stream().reader.cancel() : stream()?.abortController?.abort();
  const watch = () => {
    clearTimeout(silence);
    silence = setTimeout(renew, SILENCE);
  };
  const wait = () => {
    blip ??= setTimeout(() => state(attempts < ATTEMPTS ? 'reconnecting' : 'failed'), BLIP);
    watch();
  };
  wait();
  on('connected heartbeat', () => {
    blip = clearTimeout(blip);
    attempts = 0;
    state('connected');
    watch();
  });
  const fail = () => {
    wait();
    // Longer and longer, and not everybody at once.
    notBefore = performance.now() + Math.min(LONGEST_WAIT, 500 * 2 ** attempts) * (0.75 + Math.random() / 2);
    if (attempts >= ATTEMPTS) state('failed');
  };
  on('htmx-sse-error htmx-error htmx-response-error', (event) => { if (isStream(event)) fail(); });

  // Browsers give a host six connections: three windows stay live when hidden, the others have no stream meanwhile.
  let release;
  const isPaused = () => document.hidden && !release;
  const keepLive = () => [1, 2, 3].forEach((slot) => navigator.locks?.request(`hearth-${slot}`, { ifAvailable: true }, (lock) => {
    if (lock && !release) return new Promise((resolve) => { release = resolve; hurry(); });
  }));
  // Whoever comes back to the page or the network does not wait for the next attempt.
  const hurry = () => setTimeout(() => {
    notBefore = 0;
    stream()?.delayCanceller?.();
    htmx.trigger('#stream', 'every');
  });
  const close = () => stream()?.reader?.cancel();
  keepLive();
  on('visibilitychange', () => {
    blip = clearTimeout(blip);
    if (isPaused()) close();
    if (document.hidden || stream()?.reader) return;
    state('connecting');
    wait();
    hurry();
  });
  addEventListener('online', () => {
    close(); // may be one of the network before
    hurry();
  });
  // The back/forward cache keeps no page that holds a lock.
  addEventListener('pagehide', () => { release = release?.(); });
  addEventListener('pageshow', (event) => { if (event.persisted) keepLive(); });
  byId('retry')?.addEventListener('click', () => {
    state('reconnecting');
    hurry();
  });

  on('htmx-before-request', (event) => {
    if (!isStream(event)) return;
    if (isPaused() || performance.now() < notBefore) event.preventDefault();
    else attempts++;
  });
  // htmx takes any answer of 2xx for a stream, and asks again at once when it ends.
  on('htmx-after-sse-connection htmx-sse-after-connection', () => { began = performance.now(); });
  on('htmx-before-sse-connection htmx-sse-before-connection', (event) => {
    if (!event.detail.connection.attempt) return;
    wait();
    hasty = performance.now() - began < BLIP ? hasty + 1 : 0;
    if (hasty < 3 && !isPaused()) return attempts++;
    hasty = 0;
    fail();
    event.preventDefault(); // hx-trigger "every 5s" begins anew
  });

  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  document.cookie = `hearth_timezone=${timeZone}; path=/; SameSite=Lax; max-age=31536000`;
}
