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
