// Draws the ticks of the reader's own messages from how far the others have come (rooms/models/tick.py).
enhance('ticks', () => {
  const draw = () => {
    const { sender, words, ...marks } = byId('ticks').dataset;
    const [sentWord, deliveredWord, readWord, countWord] = words.split('|');
    const marksOf = (text) => text.split(' ').filter(Boolean).map((mark) => mark.split(':'));
    const [delivered, read] = [marks.delivered, marks.read].map(marksOf);
    parts('tick').forEach((tick) => {
      const message = messageOf(tick);
      if (message.dataset.sender !== sender) return;
      const count = (all) => {
        const concerned = all.filter(([since]) => +since < message.dataset.key);
        return [concerned.length, concerned.filter(([, upto]) => +upto >= message.dataset.key).length];
      };
      const [[people, receivers], [tellers, readers]] = [delivered, read].map(count);
      const label = people > 1 ? countWord.replace('{readers}', readers).replace('{others}', tellers) : readWord;
      const isDelivered = people && receivers === people;
      const state = isDelivered && tellers && readers === tellers ? 'read' : isDelivered ? 'delivered' : 'sent';
      const word = isDelivered ? deliveredWord : sentWord;
      if (tick.dataset.state !== state) tick.dataset.state = state;
      tick.ariaLabel = state === 'read' ? label : readers ? `${word}, ${label}` : word;
    });
  };
  keep(byId('main'), draw, { attributeFilter: ['data-state'] });
});
