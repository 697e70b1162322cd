// Has screen readers say what others write here. The list itself is no live region: all that changes in it would be read out.
enhance('announcer', (announcer) => {
  const { user, wanted, sent, messages: some, crowd } = announcer.dataset;
  const isWanted = (message) => part('text', message) && (wanted !== 'mentions' || message.querySelector(`[data-user="${user}"]`));
  const list = new Intl.ListFormat(root.lang);
  const shown = () => parts('message');
  const keyOf = (message) => +message?.dataset.key || 0;
  let newest = keyOf(shown().at(-1));
  let waiting = [], more = '', isSent, isLevel, timer;

  const say = (text) => {
    const line = document.createElement('p');
    line.textContent = text;
    announcer.append(line);
    setTimeout(() => line.remove(), 3000);
  };
  const speak = (atOnce = 3) => { // more are summed up
    const messages = isLevel ? waiting.splice(0).filter(isWanted) : []; // some were deleted meanwhile
    const texts = messages.map((message) => ['sender', 'text'].map((name) => part(name, message).textContent.trim()));
    const names = [...new Set(texts.map(([name]) => name))];
    const summary = formFor(messages.length, names[4] ? crowd : some).replace(messages.length, (count) => count + more)
      .replace('{names}', () => names[4] ? names.length : list.format(names));
    const words = messages.length > atOnce ? [summary] : texts.map((parts) => parts.join(': '));
    if (isSent) words.unshift(sent);
    isSent = more = '';
    words.forEach(say);
    // While this is being said, more gathers.
    const said = words.join('');
    timer = said && setTimeout(speak, Math.min(Math.max(1000, 40 * said.length), 5000));
  };
  const speakSoon = () => { timer ||= setTimeout(speak, 500); };

  const look = () => {
    const messages = shown().filter((message) => keyOf(message) > newest && message.dataset.sender !== user);
    if (!messages[0]) return;
    if (keyOf(shown()[0]) > newest && byId('older-link')) more = '+'; // the newest page, after more than it shows
    newest = keyOf(messages.at(-1));
    waiting.push(...messages.filter((message) => message.checkVisibility() && isWanted(message)));
    speakSoon();
  };
  keep(byId('conversation'), look);
  // What a page missed comes between these two: it is told as a number.
  on('connected', () => { isLevel = false; });
  on('level', () => {
    look();
    isLevel = true;
    clearTimeout(timer);
    speak(0);
  });
  on('sent', () => {
    isSent = true;
    speakSoon();
  });
});
