// Copies the address of a message, where browsers let pages do that.
behave('copy', ['copy-link'], () => {
  const button = hook('copy-link');
  const link = hook('link');
  const copied = hook('copied');
  button.hidden = !navigator.clipboard; // on secure origins only
  on('click', async () => {
    await navigator.clipboard.writeText(link.value);
    copied.textContent = button.dataset.copied;
  }, button);
});
