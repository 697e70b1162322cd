// Completes the name after an @ or a : in the message box, out of a list that the server makes. The box is a combobox
// only while the list is there, and nothing in it is chosen before an arrow was pressed: how many there are is said.
behave('completions', ['completions', 'composer'], () => {
  const PAUSE = 150; // milliseconds without a key before the server is asked
  const ROLES = { role: 'combobox', 'aria-expanded': 'true', 'aria-autocomplete': 'list', 'aria-haspopup': 'listbox' };
  const box = hook('completions');
  const { url, emoji } = box.dataset;
  const said = hook('completions-said');
  const content = hook('content');
  let begin = -1; // where the word is that is completed
  let closedAt = -1; // where the word is of which the reader has seen enough
  let fruitless; // a text with which nobody was found, nor will be with more of it
  let active; // the option that the arrows have reached
  let timer;
  const options = () => parts('completion', box);
  const isOpen = () => Boolean(box.firstElementChild);

  // The text after the last : or @, as far as it may be a name: display names have spaces, and smileys a letter.
  const SIGNS = {
    [emoji]: /(?:^|[^\p{L}\p{M}\p{N}_:/]):([\p{L}\p{M}\p{N}_+-]{2,30})$/u,
    [url]: /(?:^|[^\p{L}\p{M}\p{N}_@./])@((?:[^\s@][^@\n]{0,30})?)$/u,
  };
  const typed = () => {
    const before = content.value.slice(0, content.selectionEnd);
    for (const [address, sign] of Object.entries(SIGNS)) {
      const text = sign.exec(before)?.[1];
      if (text !== undefined) return [before.length - text.length - 1, text, address];
    }
    return [-1];
  };

  const close = () => {
    clearTimeout(timer);
    box.replaceChildren();
    write(said, '');
    [...Object.keys(ROLES), 'aria-controls', 'aria-activedescendant'].forEach((name) => content.removeAttribute(name));
  };

  const open = () => {
    const list = hook('completion-list');
    active = undefined;
    content.removeAttribute('aria-activedescendant');
    content.setAttribute('aria-controls', list.id);
    Object.entries(ROLES).forEach(([name, value]) => content.setAttribute(name, value));
    write(said, list.dataset.words);
  };

  const answered = apart((asked) => {
    const [, text] = typed();
    if (text !== asked || begin === closedAt || document.activeElement !== content) return close();
    if (options().length) return open();
    fruitless = asked;
    close();
  });
  const ask = apart((text, address) => {
    const asked = `${address}?q=${encodeURIComponent(text)}`;
    htmx.ajax('GET', asked, { source: box, target: box, swap: 'innerHTML' }).then(() => answered(text));
  });

  const look = (event) => {
    clearTimeout(timer);
    const [place, text, address] = typed();
    if (place !== begin) fruitless = closedAt = undefined;
    begin = place;
    const isOver = place < 0 || place === closedAt || (fruitless !== undefined && text.startsWith(fruitless));
    if (isOver) return close();
    if (event.type === 'input') timer = setTimeout(ask, PAUSE, text, address);
  };
  on('input', look, content);
  on('blur', close, content);

  const choose = (option) => {
    content.setRangeText(`${option.dataset.text} `, begin, Math.max(begin, content.selectionEnd), 'end');
    closedAt = begin;
    close();
    content.dispatchEvent(new Event('input', { bubbles: true }));
  };

  const go = (step) => {
    const all = options();
    active?.setAttribute('aria-selected', 'false');
    active = all[(all.indexOf(active) + step + (active || step > 0 ? 0 : 1) + all.length) % all.length];
    active.setAttribute('aria-selected', 'true');
    active.scrollIntoView({ block: 'nearest' });
    content.setAttribute('aria-activedescendant', active.id);
  };

  const actions = {
    ArrowDown: () => go(1),
    ArrowUp: () => go(-1),
    Tab: () => choose(active ?? options()[0]),
    Enter: () => choose(active),
    Escape: () => {
      closedAt = begin;
      close();
    },
  };
  on('keydown', (event) => {
    const isPlain = !event.isComposing && !event.shiftKey && !hasModifier(event);
    if (!isOpen() || !isPlain || !(event.key in actions)) return;
    if (event.key === 'Enter' && !active) return close(); // who has chosen nothing wants to send what is there
    event.preventDefault();
    event.stopPropagation();
    actions[event.key]();
  }, content);

  // The focus stays in the message box.
  on('mousedown', (event) => { if (box.contains(event.target)) event.preventDefault(); });
  on('click', (event) => {
    const option = options().find((one) => one.contains(event.target));
    if (option) choose(option);
    else if (event.target === content) look(event);
  });
});
