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

  button.addEventListener('click', async () => {
    if (isOn()) localStorage.silent = 1;
    else {
      delete localStorage.silent;
      await Notification.requestPermission();
    }
    show();
  });
  show();
  look();
  on('heartbeat', look);
  addEventListener('focus', look);
  addEventListener('blur', () => { delete localStorage.lookedAt; });

  const beep = () => {
    const audio = new AudioContext();
    const tone = audio.createOscillator();
    tone.connect(audio.destination);
    tone.start();
    tone.stop(audio.currentTime + 0.12);
  };
  on('notify', (event) => {
    const { chat, title, body, url } = dataOf(event);
    if (document.hasFocus() || Date.now() - localStorage.lookedAt < RECENTLY) return;
    if (button.dataset.sound) beep();
    if (!isOn()) return;
    const notification = new Notification(title, { body, tag: chat, renotify: true });
    notification.onclick = () => { window.focus(); location.href = url; };
    shown.set(chat, notification);
  });
  on('read-elsewhere', (event) => shown.get(dataOf(event).chat)?.close());
});
