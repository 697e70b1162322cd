// Tells the state of the stream, and notices one that has died without a word.
{
  const SILENCE = 30000; // heartbeats come every 10 s
  const state = (name) => { document.documentElement.dataset.connection = name; };
  const isStream = (element) => element?.id === 'stream';
  let timer;
  const watch = () => {
    clearTimeout(timer);
    timer = setTimeout(() => document.getElementById('stream')?._htmx?.sse?.reader?.cancel(), SILENCE);
  };
  on('connected', () => { state('connected'); watch(); });
  on('heartbeat', watch);
  on('htmx-sse-error', () => state('reconnecting'));
  on('htmx-error htmx-response-error', (event) => {
    if (isStream(event.detail.ctx?.sourceElement)) state('reconnecting');
  });

  // htmx takes any answer of 2xx for a stream and asks again at once when it ends: slow down when that repeats.
  let began = 0;
  let hasty = 0;
  on('htmx-after-sse-connection htmx-sse-after-connection', () => { began = performance.now(); });
  on('htmx-before-sse-connection htmx-sse-before-connection', (event) => {
    if (!event.detail.connection.attempt) return;
    if (!document.hidden) state('reconnecting');
    hasty = performance.now() - began < 3000 ? hasty + 1 : 0;
    if (hasty > 4) { hasty = 0; event.preventDefault(); } // hx-trigger "every 5s" begins anew
  });

  document.cookie = `hearth_timezone=${Intl.DateTimeFormat().resolvedOptions().timeZone}; path=/; SameSite=Lax; max-age=31536000`;
}
