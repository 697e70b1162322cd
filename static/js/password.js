// Shows what stands in a field for a password while the button beside it is pressed.
behave('passwords', [], () => {
  const fields = [...document.querySelectorAll('input[type=password]')];
  const buttons = fields.length ? [part('show-password')] && parts('show-password') : [];
  for (const button of buttons) {
    const field = hook(button.getAttribute('aria-controls'));
    const show = (isShown) => {
      button.ariaPressed = isShown;
      field.type = isShown ? 'text' : 'password';
    };
    button.hidden = false;
    on('click', () => show(field.type !== 'text'), button);
    on('submit', () => show(false), field.form); // browsers keep what was in fields of text
  }
});
