// Enter sends what is in a box that says so. Escape leaves a form the way its link to cancel does.
on('keydown', (event) => {
  const { key, target } = event;
  if (event.shiftKey || event.isComposing || event.keyCode === 229) return;
  if (key === 'Escape') byId('cancel')?.click();
  if (key !== 'Enter' || !target.matches('textarea[enterkeyhint]')) return;
  event.preventDefault();
  target.form.requestSubmit();
});
