// Enter sends what is in a box that says so; with Ctrl or Cmd any such box. Escape leaves a form the way its link to cancel does.
on('keydown', (event) => {
  const { key, target, shiftKey } = event;
  if (event.isComposing || event.keyCode === 229) return;
  if (key === 'Escape' && !shiftKey) byId('cancel')?.click();
  if (key !== 'Enter' || !target.matches('textarea[enterkeyhint]')) return;
  if ((shiftKey || target.enterKeyHint === 'enter') && !event.ctrlKey && !event.metaKey) return;
  event.preventDefault();
  target.form.requestSubmit();
});
