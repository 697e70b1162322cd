// Draws the ticks of the reader's own messages from how far the others have come.
enhance('ticks', () => {
  const draw = () => {
    const { sender, words, ...marks } = byId('ticks').dataset;
    const [sent, delivered, readByOne, readBy] = words.split('|');
    const [have, read] = [marks.delivered, marks.read].map((keys) => keys.split(' ').filter(Boolean));
    document.querySelectorAll(`.message[data-sender="${sender}"]`).forEach((message) => {
      const tick = message.querySelector('.tick');
      const passed = (keys) => keys.filter((key) => +key >= message.dataset.key).length;
      const all = (keys) => keys.length && passed(keys) === keys.length;
      const readers = passed(read);
      const state = all(read) ? 'read' : all(have) ? 'delivered' : 'sent';
      const readLabel = read.length > 1 ? readBy.replace('{readers}', readers).replace('{others}', read.length) : readByOne;
      const label = [state === 'sent' ? sent : state === 'delivered' && delivered, readers && readLabel].filter(Boolean).join(', ');
      if (tick.dataset.state !== state) tick.dataset.state = state;
      tick.ariaLabel = label;
    });
  };
  draw();
  new MutationObserver(draw).observe(byId('main'), { childList: true, subtree: true, attributeFilter: ['data-state'] });
});
