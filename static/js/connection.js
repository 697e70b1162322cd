// Keeps the stream open: tells its state, notices when it has died without a word, and asks for it again, but not too often.
enhance('stream', (element) => {
  const SILENCE = 30000; // heartbeats come every 10 s
  const BLIP = 3000; // a shorter loss is not worth telling
  const ATTEMPTS = 5; // when so many have failed, so has the connection, though slow attempts go on
  const LONGEST_WAIT = 10000;
  const state = (name) => { root.dataset.connection = name; };
  const stream = () => element._htmx?.sse;
  const close = () => stream()?.reader?.cancel();
  let silence, blip, next, release, attempts = 0, pace = 500;

  const watch = () => {
    clearTimeout(silence);
    silence = setTimeout(close, SILENCE);
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
  }, element);
  // A stream that ends before that was a failed attempt like others.
  on('heartbeat', () => { attempts = 1; }, element);

  // Browsers give a host six connections: three windows stay live when hidden, the others have no stream meanwhile.
  const isPaused = () => document.hidden && !release;
  const connect = () => element.isConnected && element.dispatchEvent(new Event('connect'));
  const connectLater = () => {
    if (isPaused()) return;
    wait();
    if (attempts > ATTEMPTS) state('failed');
    clearTimeout(next);
    next = setTimeout(connect, Math.min(LONGEST_WAIT, pace * 2 ** attempts / 2));
  };
  on('htmx-sse-close', ({ detail }) => {
    pace = detail.connection.config.reconnectDelay; // the server gives everybody another one
    connectLater();
  }, element);
  // Whatever came that is no stream.
  on('htmx-finally-request', () => { if (!stream()) connectLater(); }, element);
  on('htmx-before-request', (event) => {
    if (isPaused()) event.preventDefault();
    else attempts++;
  }, element);
  const keepLive = () => [1, 2, 3].forEach((slot) => navigator.locks?.request(`hearth-${slot}`, { ifAvailable: true }, (lock) => {
    if (lock && !release) return new Promise((resolve) => { release = resolve; connect(); });
  }));
  keepLive();
  // Whoever comes back to the page or the network does not wait for the next attempt.
  on('visibilitychange', () => {
    blip = clearTimeout(blip);
    if (isPaused()) close();
    if (document.hidden || stream()?.reader) return;
    state('connecting');
    wait();
    connect();
  });
  on('online', () => {
    close(); // may be one of the network before
    setTimeout(connect);
  }, window);
  on('click', () => {
    state('reconnecting');
    connect();
  }, byId('retry'));
  // The back/forward cache keeps no page that holds a lock.
  on('pagehide', () => { release = release?.(); }, window);
  on('pageshow', (event) => { if (event.persisted) keepLive(); }, window);
});

document.cookie = `hearth_timezone=${Intl.DateTimeFormat().resolvedOptions().timeZone}; path=/; SameSite=Lax; max-age=31536000`;
