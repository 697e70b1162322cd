// Opens pictures of messages large, one after the other. Without it each leads to a page of its own.
behave('pictures', ['picture-dialog', 'picture-words'], () => {
  const dialog = hook('picture-dialog');
  const conversation = hook('conversation');
  const words = hook('picture-words');
  const whole = new Image();
  const download = hook('picture-download');
  const ways = new Map([[hook('picture-back'), -1], [hook('picture-next'), 1]]);
  download.download = ''; // under its own name
  let shown; // the link that leads to it
  const links = () => parts('picture', conversation).filter(isShown);
  const show = (link) => {
    const small = link.querySelector('img');
    shown = link;
    whole.src = link.dataset.whole;
    whole.alt = small.alt;
    words.before(whole);
    words.textContent = `${part('sender', messageOf(link)).textContent.trim()}: ${small.alt}`;
    download.href = `${link.dataset.whole}download/`;
    for (const button of ways.keys()) button.hidden = links().length < 2;
    if (!dialog.open) dialog.showModal();
  };
  const step = (by) => {
    const there = links();
    if (there.length) show(there.at((there.indexOf(shown) + by) % there.length));
  };
  on('click', (event) => {
    const link = event.target.closest('[data-part="picture"]');
    if (!link || !conversation.contains(link) || hasModifier(event) || event.shiftKey) return;
    event.preventDefault();
    show(link);
  });
  on('click', ({ target }) => { if (ways.has(target)) step(ways.get(target)); });
  on('keydown', (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by && !hasModifier(event)) step(getComputedStyle(dialog).direction === 'rtl' ? -by : by);
  }, dialog);
  on('close', () => {
    whole.removeAttribute('src');
    whole.remove();
    shown.focus();
  }, dialog);
});
