// Has screen readers say what others write here. The list itself is no live region: all that changes in it would be
// read out.
behave('announcer', ['announcer', 'composer'], () => {
  const MOST_NAMES = 4; // more people are a number
  const MOST_TEXTS = 3; // more messages are summed up
  const PAUSE = 200; // milliseconds between two
  const announcer = hook('announcer');
  const { user, wanted } = announcer.dataset;
  if (wanted === 'none') return;
  const conversation = hook('conversation');
  const nameList = new Intl.ListFormat(root.lang);
  const shownMessages = () => messagesIn(conversation);
  const keyOf = (message) => Number(message.dataset.key);
  const isMention = (message) => message.querySelector(announcer.dataset.mentions);
  const isWanted = (message) => !isDeleted(message) && (wanted === 'all' || isMention(message));

  // On an older page what follows it is not new.
  const seen = byId('read')?.matches('[data-from]') ? byId('read').elements.upto.value : 0;
  let newestKey = Math.max(seen, ...shownMessages().map(keyOf));
  let waiting = []; // messages to be told of
  let andMore = ''; // "+" where there are more than the page shows
  let hasSent = false; // something of the reader's own
  let isLevel = false; // whether the page has all that came while it was away
  let timer;

  const say = (text) => {
    const line = document.createElement('p');
    line.textContent = text;
    announcer.append(line);
    setTimeout(() => line.remove(), 3000);
  };
  const wordsOf = (message) => ({
    name: part('sender', message).textContent.trim(),
    // Its files in words, and the text as it is seen: with lines, and without spoilers
    text: [parts('files', message)[0]?.dataset.words, part('text', message).innerText.trim()]
      .filter(Boolean).join(' · '),
  });
  const summary = (names, count) => {
    const isCrowd = names.length > MOST_NAMES;
    return wordsFor(count, isCrowd ? announcer.dataset.crowd : announcer.dataset.messages)
      .replace(count, (number) => number + andMore)
      .replace('{names}', () => isCrowd ? names.length : nameList.format(names));
  };
  const linesFor = (messages, mostTexts) => {
    const told = messages.filter(isWanted).map(wordsOf); // some may have been deleted by now
    if (told.length <= mostTexts) return told.map(({ name, text }) => `${name}: ${text}`);
    return [summary([...new Set(told.map(({ name }) => name))], told.length)];
  };
  const speak = (mostTexts = MOST_TEXTS) => {
    const lines = isLevel ? linesFor(waiting.splice(0), mostTexts) : [];
    if (hasSent) lines.unshift(announcer.dataset.sent);
    hasSent = false;
    andMore = '';
    // One after the other: if several come at once, Orca says the last one first in Chromium.
    lines.forEach((line, index) => { if (index) setTimeout(say, PAUSE * index, line); else say(line); });
    // While this is being said, more gathers.
    const length = lines.join('').length;
    timer = length ? setTimeout(speak, Math.min(Math.max(1000, 40 * length), 5000)) : null;
  };
  const speakSoon = () => { timer ||= setTimeout(speak, 500); };

  const lookForNew = () => {
    const shown = shownMessages();
    const fresh = shown.filter((message) => keyOf(message) > newestKey && message.dataset.sender !== user);
    if (!fresh.length) return;
    fresh.filter(isWanted).forEach(wordsOf); // says at once what is missing
    if (keyOf(shown[0]) > newestKey && byId('older-link')) andMore = '+'; // the newest page
    newestKey = keyOf(fresh.at(-1));
    waiting.push(...fresh.filter((message) => isShown(message) && isWanted(message)));
    speakSoon();
  };
  keep(conversation, lookForNew);
  // What a page missed comes between these two: it is told as a number.
  on('connected', () => { isLevel = false; });
  on('level', () => {
    lookForNew();
    isLevel = true;
    clearTimeout(timer);
    speak(0);
  });
  on('sent', () => {
    hasSent = true;
    speakSoon();
  });
});
