// Enter sends what is in a box that says so; with Ctrl or Cmd any such box. Escape leaves a form the way its link to
// cancel does.
behave('forms', [], () => {
  const sends = ({ key, target, shiftKey, ctrlKey, metaKey }) => {
    if (key !== 'Enter' || !target.matches('textarea[enterkeyhint]')) return false;
    return ctrlKey || metaKey || (target.enterKeyHint !== 'enter' && !shiftKey);
  };
  on('keydown', (event) => {
    if (event.isComposing || event.keyCode === 229) return; // part of writing a character
    if (event.key === 'Escape' && !event.shiftKey && !event.target.closest('dialog')) byId('cancel')?.click();
    if (!sends(event)) return;
    event.preventDefault();
    event.target.form.requestSubmit();
  });
});
