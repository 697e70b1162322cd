// Shows what stands in a field for a password while the button beside it is pressed.
for (const button of document.querySelectorAll('[data-part="show-password"]')) {
  const field = document.getElementById(button.getAttribute('aria-controls'));
  const show = (is) => {
    button.ariaPressed = is;
    field.type = is ? 'text' : 'password';
  };
  button.hidden = false;
  button.addEventListener('click', () => show(field.type !== 'text'));
  field.form.addEventListener('submit', () => show(false)); // browsers keep what was in fields of text
}
