// Copies the address that a page shows.
behave('copy', ['copy-link'], () => {
  const button = hook('copy-link');
  const link = hook('link');
  const copied = hook('copied');
  button.hidden = false;
  on('click', async () => {
    try {
      await navigator.clipboard.writeText(link.value);
    } catch { // not allowed, or not there: it is on secure origins only
      link.select();
      if (!document.execCommand('copy')) return; // it is selected, to be copied by hand
    }
    copied.textContent = button.dataset.copied;
  }, button);
});
