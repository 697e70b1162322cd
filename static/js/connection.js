// Keeps the stream open: tells its state, notices when it has died without a word, and asks for it again, but not too
// often.
behave('connection', ['stream', 'retry'], () => {
  const SILENCE = 30000; // heartbeats come every 10 s
  const SHORT_LOSS = 3000; // not worth telling
  const MOST_ATTEMPTS = 5; // when so many have failed, so has the connection, though slow attempts go on
  const LONGEST_WAIT = 10000;
  const LOCKS = ['hearth-1', 'hearth-2', 'hearth-3'];
  const stream = hook('stream');
  const retryButton = hook('retry');
  const tell = (state) => { root.dataset.connection = state; };
  let connection; // the one that htmx has open
  let attempts = 0;
  let shortestWait = 250;
  let silenceTimer, lossTimer, nextAttempt;
  let releaseLock; // where this window holds one of the locks

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

  // Browsers give a host six connections: three windows stay live when hidden, the others have no stream then.
  const isPaused = () => document.hidden && !releaseLock;
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
  on('htmx-before-sse-connection', ({ detail }) => { connection = detail.connection; }, stream);
  on('htmx-sse-close', ({ detail }) => {
    connection = null;
    shortestWait = detail.connection.config.reconnectDelay / 2; // the server gives everybody another one
    connectLater();
  }, stream);
  // What came may have been no stream.
  on('htmx-finally-request', () => { if (!connection) connectLater(); }, stream);

  const holdLock = (lock) => {
    if (!lock || releaseLock) return; // taken by another window; or this one has another lock
    return new Promise((release) => {
      releaseLock = release;
      connect();
    });
  };
  const stayLive = () => LOCKS.forEach((name) => navigator.locks?.request(name, { ifAvailable: true }, holdLock));
  stayLive();

  // People who come back to the page or the network do not wait for the next attempt.
  on('visibilitychange', () => {
    forgetLoss();
    if (isPaused()) close();
    if (document.hidden || connection?.reader) return;
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

  // The back/forward cache keeps no page that holds a lock.
  on('pagehide', () => {
    releaseLock?.();
    releaseLock = null;
  }, window);
  on('pageshow', (event) => { if (event.persisted) stayLive(); }, window);
});
