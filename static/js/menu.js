// The reader's own menu, at the head of the page. It closes when anything else is pressed or has the focus.
behave('own menu', [], () => {
  const menu = hook('own-menu');
  const leave = (target) => { if (target && !menu.contains(target)) menu.open = false; };
  on('pointerdown', ({ target }) => leave(target));
  on('focusout', ({ relatedTarget }) => leave(relatedTarget), menu);
  on('keydown', ({ key }) => {
    if (key !== 'Escape' || !menu.open) return;
    menu.open = false;
    menu.querySelector('summary').focus();
  }, menu);
});

// The menu of a message: what its page offers, beside the message. Without it, the same link leads to that page.
behave('menu', ['menu', 'conversation'], () => {
  const menu = hook('menu');
  const conversation = hook('conversation');
  const show = (link) => {
    const { bottom, right } = link.getBoundingClientRect();
    menu.showPopover();
    menu.style.top = `${Math.max(0, Math.min(bottom, innerHeight - menu.offsetHeight))}px`;
    menu.style.left = `${Math.max(0, Math.min(right, innerWidth) - menu.offsetWidth)}px`;
    menu.querySelector('a, button').focus();
  };
  on('click', async (event) => {
    const link = parts('menu', conversation).find((one) => one.contains(event.target));
    if (!link || hasModifier(event) || !menu.showPopover) return;
    event.preventDefault();
    menu.replaceChildren();
    await htmx.ajax('GET', link.href, { source: menu, target: menu, swap: 'innerHTML' });
    if (menu.childElementCount) show(link);
  });
  on('click', (event) => {
    if (menu.contains(event.target.closest('a, [type=submit]'))) menu.hidePopover();
  });
});
