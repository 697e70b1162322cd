// Keeps the list of chats in the order of the last message, without taking the focus from anybody.
{
  const list = document.getElementById('chats');
  const key = (item) => +(item.querySelector('.chat-preview')?.dataset.key ?? 0);
  const sort = () => {
    const sorted = [...list.children].sort((one, other) => key(other) - key(one));
    sorted.forEach((item, index) => {
      if (list.children[index] !== item) (list.moveBefore ?? list.insertBefore).call(list, item, list.children[index]);
    });
  };
  if (list) new MutationObserver(sort).observe(list, { childList: true, subtree: true });
}
