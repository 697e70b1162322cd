// Copies an address that a page or a menu shows, and blocks of code, which get their buttons here.
behave('copy', [], () => {
  const { copyCode, copied } = document.body.dataset;
  const fieldOf = (button) => button.parentElement.querySelector('input');
  const codes = new WeakMap(); // by button
  const known = new WeakSet(); // those that have one
  const make = (name, about, ...children) => {
    const element = document.createElement(name);
    Object.entries(about).forEach(([attribute, value]) => element.setAttribute(attribute, value));
    element.append(...children);
    return element;
  };
  const offerCode = () => document.querySelectorAll('pre').forEach((code) => {
    if (known.has(code)) return;
    known.add(code);
    // People who only look at a room find its buttons disabled, and can copy all the same.
    const about = { role: 'button', 'data-part': 'copy', 'aria-label': copyCode, 'data-copied': copied, tabindex: 0 };
    const button = make('span', about);
    button.value = code.textContent;
    codes.set(button, code);
    const holder = make('div', { class: 'copy-code' });
    code.replaceWith(holder);
    holder.append(code, make('span', {}, button, make('span', { 'data-part': 'copied', role: 'status' })));
  });
  const offer = () => {
    offerCode();
    parts('copy').forEach((button) => {
      button.hidden = !navigator.clipboard && !fieldOf(button) && !codes.has(button);
    });
  };
  const select = (button) => {
    if (codes.has(button)) getSelection().selectAllChildren(codes.get(button));
    else fieldOf(button)?.select();
  };
  offer();
  on('htmx-after-swap', offer);
  if (byId('conversation')) keep(hook('conversation'), offerCode);
  on('keydown', (event) => {
    if (!codes.has(event.target) || ![' ', 'Enter'].includes(event.key)) return;
    event.preventDefault();
    event.target.click();
  });
  on('click', async (event) => {
    const button = parts('copy').find((one) => one.contains(event.target));
    if (!button) return;
    try {
      await navigator.clipboard.writeText(button.value);
    } catch { // not allowed, or not there: it is on secure origins only
      select(button);
      if (!document.execCommand('copy')) return; // it is selected, to be copied by hand
    }
    part('copied', button.parentElement).textContent = button.dataset.copied;
  });
});
