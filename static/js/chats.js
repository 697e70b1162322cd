// Keeps the chats in the order of their last messages, without taking the focus from anybody.
{
  const list = byId('chats');
  const open = list?.querySelector('[aria-current]')?.parentElement.id;
  const key = (item) => +item.querySelector('.chat-preview').dataset.key;
  const name = (item) => item.querySelector('.chat-name').textContent;
  // Where nothing was said yet, rooms ("room-1") come before people ("person-1"), both by name.
  const compare = (one, other) => key(other) - key(one) || (one.id[0] < other.id[0]) - (one.id[0] > other.id[0]) || name(one).localeCompare(name(other));

  if (list) keep(list, () => {
    [...list.children].sort(compare).forEach((item, index) => {
      if (list.children[index] !== item) (list.moveBefore ?? list.insertBefore).call(list, item, list.children[index]);
    });
    byId(open)?.firstElementChild.setAttribute('aria-current', 'page'); // a replaced line does not know
  });
}
