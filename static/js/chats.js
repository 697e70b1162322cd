// Keeps each chat in its part of the list, and the parts in the order of their last messages.
behave('chats', ['chats', 'notifications'], () => {
  const AT_MOST = 100; // the server sends the whole line of a chat that was not among the latest 50
  const chats = hook('chats');
  const { openChat } = chats.dataset;
  // The line of the chat that is open loads it anew: what was marked as unread is shown as such.
  on('click', (event) => {
    const link = event.target.closest('[aria-current]');
    if (!link || !chats.contains(link) || hasModifier(event) || event.shiftKey) return;
    event.preventDefault();
    location.assign(link.pathname);
  });
  // A line that is drawn anew keeps the focus that the one before it had.
  let focused; // the id of that line
  on('htmx-before-swap', () => { focused = document.activeElement?.closest('[data-list]')?.id; });
  on('htmx-after-swap', () => {
    const isLost = focused && document.activeElement === document.body;
    if (isLost) byId(focused)?.querySelector('a').focus({ preventScroll: true });
  });
  const keyOf = (item) => Number(hook(`${item.id}-preview`).dataset.key);
  const sort = (list) => [...list.children].sort((one, other) => keyOf(other) - keyOf(one)).forEach((item, index) => {
    if (list.children[index] !== item) move(item, list, list.children[index]);
  });
  keep(chats, () => {
    const lists = {
      favourites: hook('favourites'), mine: hook('mine'), rooms: hook('rooms'), people: hook('people'),
    };
    chats.querySelectorAll('[data-list]').forEach((item) => {
      const list = lists[item.dataset.list];
      if (item.parentElement !== list) move(item, list, null);
    });
    sort(lists.mine);
    sort(lists.rooms);
    [...lists.mine.children].slice(AT_MOST).forEach((item) => item.remove());
    byId(openChat)?.querySelector('a').setAttribute('aria-current', 'page'); // a line that came later does not know
  });
});
