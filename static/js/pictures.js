// Opens pictures of messages large, one after the other. Without it each leads to a page of its own.
behave('pictures', ['conversation'], () => {
  const dialog = hook('picture-dialog');
  const conversation = hook('conversation');
  // Text browsers show what is in a closed dialog, so its words are made here.
  const button = (words, type) => make('button', { type, className: 'quiet bordered', textContent: words });
  const { back, next, download: downloads, close } = dialog.dataset;
  const ways = new Map([[button(back, 'button'), -1], [button(next, 'button'), 1]]);
  // Under its own name. A link that leads nowhere yet is not on the page.
  const download = make('a', { className: 'quiet bordered', download: '', textContent: downloads });
  const words = make('h1', { id: 'picture-words', dir: 'auto', ariaLive: 'polite' });
  const whole = new Image();
  const closing = button(close, 'submit');
  dialog.querySelector('form').append(...ways.keys(), closing);
  dialog.append(words);
  dialog.setAttribute('aria-labelledby', words.id);
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
    closing.before(download);
    for (const way of ways.keys()) way.hidden = links().length < 2;
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
