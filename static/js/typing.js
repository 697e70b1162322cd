// Tells the others that somebody types here: at most every 2 s, and once more 2 s after the last key.
{
  const PAUSE = 2000;
  let lastKey = -Infinity;
  let lastSignal = -Infinity;
  let timer;
  const signal = (stop) => {
    if (!byId('stream')) return;
    const { csrfmiddlewaretoken } = byId('composer');
    const body = new URLSearchParams({ csrfmiddlewaretoken: csrfmiddlewaretoken.value, ...stop });
    lastSignal = performance.now();
    tell(byId('typing').dataset.url, body);
  };
  const look = () => {
    const now = performance.now();
    timer = null;
    if (now - lastKey >= PAUSE) return signal({ stop: 1 });
    // A signal right before the stop would put that off: wait, unless the last one is about to expire.
    if (now - lastKey < 500 || now - lastSignal >= 1.5 * PAUSE) signal();
    timer = setTimeout(look, Math.max(lastKey, lastSignal) + PAUSE - performance.now());
  };
  on('input', (event) => {
    if (event.target.id !== 'content') return;
    lastKey = performance.now();
    timer ??= setTimeout(look, Math.max(0, lastSignal + PAUSE - lastKey));
  });
  on('htmx-config-request', (event) => {
    if (event.detail.ctx?.sourceElement?.id === 'composer' && !event.defaultPrevented) timer = clearTimeout(timer) ?? null;
  });
}
