// Ctrl+K, on a Mac Cmd+K, leads to the box that finds rooms and people, or messages. What was found keeps its address.
behave('find', [], () => {
  // In text fields of a Mac, Ctrl+K takes away the rest of the line.
  const key = navigator.platform.startsWith('Mac') ? 'metaKey' : 'ctrlKey';
  const { form } = byId('find-box') ?? {}; // the box itself may be put anew
  const isCalled = (event) => {
    const letter = event.key > '~' ? event.code : event.key; // keyboards of other scripts have the key, not the letter
    const modifiers = ['altKey', 'ctrlKey', 'metaKey', 'shiftKey'].filter((name) => event[name]);
    return /^(Key)?k$/i.test(letter) && modifiers.join() === key;
  };
  on('keydown', (event) => {
    if (!isCalled(event)) return;
    event.preventDefault();
    if (!form) location.assign(document.body.dataset.find);
    else byId('find-box').select();
  });
  const keepAddress = () => history.replaceState(null, '', `?${new URLSearchParams(new FormData(form))}`);
  if (form?.method === 'get') on('htmx-after-request', keepAddress, form);
});
