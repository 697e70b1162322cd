// Keeps the chats in the order of their last messages; where there are none, rooms (room-1) before people (person-1).
behave('chats', ['chats', 'notifications'], () => {
  const list = hook('chats');
  const openChat = [...list.children].find((item) => item.querySelector('[aria-current]'))?.id;
  const keyOf = (item) => Number(hook(`${item.id}-preview`).dataset.key);
  const compare = (one, other) => keyOf(other) - keyOf(one) || other.id.charCodeAt() - one.id.charCodeAt();
  const sort = () => [...list.children].sort(compare).forEach((item, index) => {
    if (list.children[index] !== item) move(item, list, list.children[index]);
  });
  keep(list, () => {
    sort();
    byId(openChat)?.querySelector('a').setAttribute('aria-current', 'page'); // a line that was replaced does not know
  });
});
