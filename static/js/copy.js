// Copies an address that a page or a menu shows.
behave('copy', [], () => {
  const fieldOf = (button) => button.parentElement.querySelector('input');
  const offer = () => parts('copy').forEach((button) => { button.hidden = !navigator.clipboard && !fieldOf(button); });
  offer();
  on('htmx-after-swap', offer);
  on('click', async (event) => {
    const button = parts('copy').find((one) => one.contains(event.target));
    if (!button) return;
    try {
      await navigator.clipboard.writeText(button.value);
    } catch { // not allowed, or not there: it is on secure origins only
      fieldOf(button)?.select();
      if (!document.execCommand('copy')) return; // it is selected, to be copied by hand
    }
    part('copied', button.parentElement).textContent = button.dataset.copied;
  });
});
