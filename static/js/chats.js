// Keeps the chats in the order of their last messages; where there are none, rooms (room-1) before people (person-1).
enhance('chats', (list) => {
  const open = list.querySelector('[aria-current]')?.closest('li').id;
  const key = (item) => byId(`${item.id}-preview`).dataset.key;
  const compare = (one, other) => key(other) - key(one) || other.id.charCodeAt() - one.id.charCodeAt();
  keep(list, () => {
    [...list.children].sort(compare).forEach((item, index) => {
      if (list.children[index] !== item) move(item, list, list.children[index]);
    });
    byId(open)?.querySelector('a').setAttribute('aria-current', 'page'); // a line that was replaced does not know
  });
});
