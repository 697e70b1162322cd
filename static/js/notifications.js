// Notifies of messages while no window of Hearth is looked at: one notification for a chat, taken back when it is read.
enhance('notifications', (button) => {
  const RECENTLY = 15000; // a window that is looked at says so with every heartbeat
  const shown = new Map();
  const dataOf = (event) => JSON.parse(event.detail.data);
  const isOn = () => window.Notification?.permission === 'granted' && !localStorage.silent;
  const show = () => {
    if (!window.Notification) return;
    button.hidden = false;
    button.textContent = button.dataset[isOn() ? 'granted' : Notification.permission === 'denied' ? 'denied' : 'default'];
  };
  const look = () => { if (document.hasFocus()) localStorage.lookedAt = Date.now(); };

  on('click', async () => {
    if (isOn()) localStorage.silent = 1;
    else {
      delete localStorage.silent;
      await Notification.requestPermission();
    }
    show();
  }, button);
  show();
  look();
  on('heartbeat', look);
  on('focus', look, window);
  on('blur', () => { delete localStorage.lookedAt; }, window);

  let audio;
  const beep = () => {
    audio ??= new AudioContext();
    const tone = audio.createOscillator();
    tone.connect(audio.destination);
    tone.start();
    tone.stop(audio.currentTime + 0.12);
  };
  const isLookedAt = () => document.hasFocus() || Math.abs(Date.now() - localStorage.lookedAt) < RECENTLY;
  const notify = ({ chat, message, title, body, url }) => {
    if (localStorage.notified === `${message}`) return; // by another window
    localStorage.notified = message;
    if (button.dataset.sound) beep();
    if (!isOn()) return;
    const notification = new Notification(title, { body, tag: chat, data: message, renotify: true });
    notification.onclick = () => { window.focus(); location.href = url; };
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
    if (messages?.includes(notification?.data) ?? true) notification?.close();
  });
});
