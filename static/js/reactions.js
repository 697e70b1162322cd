// Reacts to messages without leaving the room. What is the reader's own is said of buttons that are the same for all.
behave('reactions', ['composer'], () => {
  const form = hook('reacting');
  const notice = hook('not-reacted');
  const conversation = hook('conversation');
  const { user, atHand, any } = form.dataset;

  for (const one of atHand.split('|').slice(0, -1)) {
    const [, emoji, name] = one.match(/(\S+) (.*)/);
    const button = make('button', { className: 'quiet', name: 'emoji', value: emoji });
    const face = make('span', { textContent: emoji, ariaHidden: true });
    button.append(face, ' ', make('span', { className: 'visually-hidden', textContent: name }));
    form.append(button);
  }
  const anyEmoji = make('a', { className: 'quiet', textContent: any });

  // Tab goes to one link of a message, which opens the form; all reactions are on the page of the message.
  const mark = () => {
    for (const button of parts('reaction', conversation)) {
      const isOwn = String(button.dataset.people.split(' ').includes(user));
      if (button.ariaPressed === isOwn) continue;
      button.ariaPressed = isOwn;
      button.tabIndex = -1;
    }
  };
  keep(conversation, mark, { attributeFilter: ['aria-pressed', 'data-people'] });

  let opener; // the link whose form is open
  const open = (link) => {
    opener = link;
    form.action = new URL('react/', link.href);
    anyEmoji.href = link.href;
    form.append(anyEmoji); // which led nowhere before
    form.showPopover();
    const { left, top } = link.getBoundingClientRect();
    form.style.left = `${Math.max(8, Math.min(left, innerWidth - form.offsetWidth - 8))}px`;
    form.style.top = `${Math.max(8, top - form.offsetHeight - 4)}px`;
    form.querySelector('button').focus();
  };
  // The link is shown only while something in its message has the focus.
  on('toggle', ({ newState }) => {
    if (newState === 'open' || !document.activeElement.matches('body, #reacting *')) return;
    part('menu', messageOf(opener)).focus();
    opener.focus();
  }, form);
  on('click', (event) => {
    const link = parts('react', conversation).find((one) => one.contains(event.target));
    if (hasModifier(event) || !link || !form.showPopover) return;
    event.preventDefault();
    open(link);
  });

  const send = async (address, body) => {
    const answer = await fetch(address, { method: 'POST', body, headers: { 'HX-Request': 'true' } }).catch(() => null);
    const { status, ok } = answer ?? {};
    if (ok) notice.textContent = '';
    else notice.textContent = [409, 422, 429].includes(status) ? await answer.text() : notice.dataset.failed;
  };
  on('submit', (event) => {
    event.preventDefault();
    const { submitter } = event;
    send(submitter.getAttribute('formaction') ?? form.action, new URLSearchParams(new FormData(form, submitter)));
    form.hidePopover?.();
  }, form);
});
