// Ctrl+K, on a Mac Cmd+K, leads to the box that finds rooms and people, or messages. What was found keeps its address.
behave('find', [], () => {
  // In text fields of a Mac, Ctrl+K takes away the rest of the line.
  const key = navigator.platform.startsWith('Mac') ? 'metaKey' : 'ctrlKey';
  const box = byId('find-box');
  const isCalled = (event) => {
    const letter = event.key > '~' ? event.code : event.key; // keyboards of other scripts have the key, not the letter
    const modifiers = ['altKey', 'ctrlKey', 'metaKey', 'shiftKey'].filter((name) => event[name]);
    return /^(Key)?k$/i.test(letter) && modifiers.join() === key;
  };
  on('keydown', (event) => {
    if (!isCalled(event)) return;
    event.preventDefault();
    if (!box) location.assign(document.body.dataset.find);
    else box.select();
  });
  const keepAddress = () => history.replaceState(null, '', `?${new URLSearchParams(new FormData(box.form))}`);
  if (box?.form.method === 'get') on('htmx-after-request', keepAddress, box.form);
});
