// Keeps the stream open: tells its state, notices when it has died without a word, and asks for it again, but not too
// often.
behave('connection', ['stream', 'connection'], () => {
  const SILENCE = 30000; // heartbeats come every 10 s
  const SHORT_LOSS = 3000; // not worth telling
  const MOST_ATTEMPTS = 5; // when so many have failed, so has the connection, though slow attempts go on
  const LONGEST_WAIT = 10000;
  const LOCKS = ['hearth-1', 'hearth-2', 'hearth-3', 'hearth-4']; // of which one goes with each stream
  const stream = hook('stream');
  const status = hook('connection');
  const { connected, reconnecting, paused, failed } = status.dataset;
  const sentences = { connected, reconnecting, paused, failed };
  const words = make('span');
  const retryButton = make('button', { type: 'button', textContent: status.dataset.retry });
  let told;
  const tell = (state) => {
    if (told === state) return;
    words.ariaHidden = String(state === 'connected' && !told); // a page that is well says nothing
    told = state;
    root.dataset.connection = state;
    words.replaceChildren(sentences[state] ?? '', ...(state === 'failed' ? [' ', retryButton] : []));
    status.replaceChildren(...(words.textContent ? [words] : []));
  };
  // The one that htmx has open. It tells how long to wait, but has no method to end it: what it reads from is ended.
  let connection;
  let attempts = 0;
  let shortestWait = 250;
  let silenceTimer, lossTimer, nextAttempt;
  let lock; // the one that this window holds: its name, and what releases it

  const close = () => connection?.reader?.cancel();
  const connect = () => { if (stream.isConnected) stream.dispatchEvent(new Event('connect')); };

  const expectHeartbeat = () => {
    clearTimeout(silenceTimer);
    silenceTimer = setTimeout(close, SILENCE);
  };
  const forgetLoss = () => {
    clearTimeout(lossTimer);
    lossTimer = null;
  };
  const awaitConnection = () => {
    lossTimer ??= setTimeout(tell, SHORT_LOSS, 'reconnecting');
    expectHeartbeat();
  };
  awaitConnection();
  on('connected heartbeat', () => {
    forgetLoss();
    tell('connected');
    expectHeartbeat();
  }, stream);
  // A stream that ends before its first heartbeat was a failed attempt like others.
  on('heartbeat', () => { attempts = 1; }, stream);

  // Over HTTP/1.1, browsers give a host six connections: four windows have a stream. Over others, so many of the
  // hidden.
  const [navigation] = performance.getEntriesByType('navigation');
  const isScarce = Boolean(navigator.locks) && !/^h[23]/.test(navigation?.nextHopProtocol);
  const isPaused = () => !lock && (document.hidden || isScarce);
  const connectLater = () => {
    if (isPaused()) return;
    awaitConnection();
    if (attempts > MOST_ATTEMPTS) tell('failed');
    clearTimeout(nextAttempt);
    nextAttempt = setTimeout(connect, Math.min(LONGEST_WAIT, shortestWait * 2 ** attempts));
  };
  on('htmx-before-request', (event) => {
    if (isPaused()) event.preventDefault();
    else attempts++;
  }, stream);
  // Named so up to htmx 4.0.0-beta6, and since 4.0.0.
  on('htmx-before-sse-connection htmx-sse-before-connection', ({ detail }) => {
    connection = detail.connection;
  }, stream);
  on('htmx-sse-close', ({ detail }) => {
    connection = null;
    shortestWait = detail.connection.config.reconnectDelay / 2; // the server gives everybody another one
    connectLater();
  }, stream);
  // What came may have been no stream.
  on('htmx-finally-request', () => { if (!connection) connectLater(); }, stream);

  const hold = (granted) => {
    if (!granted) setTimeout(stayLive, 100 * Math.random()); // another window was faster
    if (!granted || lock) return;
    return new Promise((release) => {
      lock = { name: granted.name, release };
      localStorage[lock.name] = Date.now();
      connect();
    });
  };
  const pause = () => {
    lock = null;
    if (!isPaused()) return;
    close();
    forgetLoss();
    clearTimeout(silenceTimer);
    tell('paused');
  };
  // A window that is looked at takes the place of the one that had the focus longest ago.
  const stayLive = async () => {
    if (!navigator.locks || lock) return;
    const { held } = await navigator.locks.query();
    const free = LOCKS.find((name) => !held.some((one) => one.name === name));
    if (!free && !(isScarce && !document.hidden)) return;
    const [oldest] = LOCKS.sort((one, other) => (localStorage[one] ?? 0) - (localStorage[other] ?? 0));
    navigator.locks.request(free ?? oldest, free ? { ifAvailable: true } : { steal: true }, hold).catch(pause);
  };
  stayLive();
  on('focus', () => {
    if (lock) localStorage[lock.name] = Date.now();
    else if (isPaused()) stayLive();
  }, window);

  // People who come back to the page or the network do not wait for the next attempt.
  on('visibilitychange', () => {
    forgetLoss();
    if (isPaused()) close();
    if (document.hidden || connection?.reader) return;
    stayLive();
    if (isPaused()) return;
    tell('connecting');
    awaitConnection();
    connect();
  });
  on('online', () => {
    close(); // may be one of the network before
    setTimeout(connect);
  }, window);
  on('click', () => {
    tell('reconnecting');
    connect();
  }, retryButton);

  // For Firefox: a stream that ends with its page is an error in its console. A page that stays opens it again.
  on('beforeunload', () => {
    attempts = 0; // and no failure to tell
    close();
  }, window);

  // The back/forward cache keeps no page that holds a lock.
  on('pagehide', () => {
    lock?.release();
    lock = null;
  }, window);
  on('pageshow', (event) => { if (event.persisted) stayLive(); }, window);
});
