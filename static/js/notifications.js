// Notifies of messages while no window of Hearth is looked at: one notification for a chat, taken back when it is
// read. localStorage is what all windows share.
behave('notifications', ['notifications', 'chats'], () => {
  const RECENTLY = 15000; // a window that is looked at says so with every heartbeat
  const button = hook('notifications');
  const shown = new Map(); // the notification of each chat
  const dataOf = (event) => JSON.parse(event.detail.data);
  const isOn = () => window.Notification?.permission === 'granted' && !localStorage.silent;

  const labelButton = () => {
    if (!window.Notification) return;
    const { granted, denied, default: enable } = button.dataset;
    button.hidden = false;
    if (isOn()) button.textContent = granted;
    else button.textContent = Notification.permission === 'denied' ? denied : enable;
  };
  labelButton();
  on('click', async () => {
    if (isOn()) localStorage.silent = 1;
    else {
      delete localStorage.silent;
      await Notification.requestPermission();
    }
    labelButton();
  }, button);

  const sayLookedAt = () => { if (document.hasFocus()) localStorage.lookedAt = Date.now(); };
  const isLookedAt = () => document.hasFocus() || Math.abs(Date.now() - localStorage.lookedAt) < RECENTLY;
  sayLookedAt();
  on('heartbeat', sayLookedAt);
  on('focus', sayLookedAt, window);
  on('blur', () => { delete localStorage.lookedAt; }, window);

  let audio;
  const beep = () => {
    audio ??= new AudioContext();
    const tone = audio.createOscillator();
    tone.connect(audio.destination);
    tone.start();
    tone.stop(audio.currentTime + 0.12);
  };
  const notify = ({ chat, message, title, body, url, isQuiet }) => {
    if (localStorage.notified === String(message)) return; // by another window
    localStorage.notified = message;
    if (button.dataset.sound && !isQuiet) beep();
    if (!isOn()) return;
    const notification = new Notification(title, { body, tag: chat, data: message, renotify: true });
    notification.onclick = () => {
      window.focus();
      location.href = url;
    };
    shown.set(chat, notification);
  };
  on('notify', (event) => {
    const data = dataOf(event);
    if (isLookedAt()) return;
    navigator.locks?.request('hearth-notify', () => notify(data)) ?? notify(data);
  });
  on('read-elsewhere', (event) => {
    const { chat, messages } = dataOf(event); // those that were deleted, or all of the chat
    const notification = shown.get(chat);
    if (!messages || messages.includes(notification?.data)) notification?.close();
  });
});

// Keeps the title and the icon of the tab quiet while its reader sees what comes: it is read in a moment.
behave('quiet', ['read'], () => {
  const PATIENCE = 5000; // for the answer that it was read
  const scroller = hook('scroller');
  const isReading = () => document.hasFocus() && !document.hidden && scroller.scrollTop > -40;
  let calm; // what both are when nothing is unread
  let wanted; // what they are to become, where it is not read after all
  let timer;
  const show = ({ title, href }) => {
    document.title = title;
    hook('icon').href = href;
    observer.takeRecords(); // which are of this
  };
  const giveUp = () => {
    show(wanted);
    wanted = null;
  };
  const look = () => {
    const { title } = document;
    const { href } = hook('icon');
    const isUnread = title.startsWith('(');
    if (!isUnread && wanted && href !== calm.href) { // the icon comes after the title
      wanted.href = href;
      return show(calm);
    }
    clearTimeout(timer);
    wanted = null;
    if (!isUnread) calm = { title, href };
    else if (calm && isReading()) {
      wanted = { title, href };
      show(calm);
      timer = setTimeout(giveUp, PATIENCE);
    }
  };
  const observer = new MutationObserver(apart(look));
  look();
  observer.observe(document.head, { childList: true, subtree: true });
});
