// Draws the ticks of the reader's own messages from how far the others have come. The same rule stands in
// rooms/models/tick.py.
behave('ticks', ['ticks', 'conversation'], () => {
  const main = hook('main');
  // "5:9 7:12": one of the others has the messages after 5, when they joined, up to 9, and so on.
  const readMarks = (text) => text.split(' ').filter(Boolean).map((mark) => {
    const [since, upto] = mark.split(':').map(Number);
    return { since, upto };
  });
  // How many of the others a message is for, and how many of these have come so far.
  const count = (marks, message) => {
    const concerned = marks.filter(({ since }) => since < message);
    return [concerned.length, concerned.filter(({ upto }) => upto >= message).length];
  };
  const tickOf = (message, delivered, read, words) => {
    const [sentWord, deliveredWord, readWord, readByWord] = words;
    const [people, receivers] = count(delivered, message);
    const [tellers, readers] = count(read, message);
    const isDelivered = people > 0 && receivers === people;
    const readLabel = people > 1 ? readByWord.replace('{readers}', readers).replace('{others}', tellers) : readWord;
    if (isDelivered && tellers > 0 && readers === tellers) return { state: 'read', label: readLabel };
    const word = isDelivered ? deliveredWord : sentWord;
    return { state: isDelivered ? 'delivered' : 'sent', label: readers ? `${word}, ${readLabel}` : word };
  };

  const draw = () => {
    const { sender, ...marks } = hook('ticks').dataset;
    const delivered = readMarks(marks.delivered);
    const read = readMarks(marks.read);
    const words = marks.words.split('|');
    for (const message of messagesIn(main)) {
      if (message.dataset.sender !== sender || isDeleted(message)) continue;
      const tick = part('tick', message);
      const { state, label } = tickOf(Number(message.dataset.key), delivered, read, words);
      if (tick.dataset.state !== state) tick.dataset.state = state;
      tick.ariaLabel = label;
    }
  };
  keep(main, draw, { attributeFilter: ['data-state'] });
});
