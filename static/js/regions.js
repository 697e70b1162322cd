// F6 goes from region to region. The first Tab in a room finds the skip link, though the box has the focus by then.
{
  const stopIn = (region) => region.querySelector('textarea, [aria-current]') ?? region.querySelector('#chats a') ?? region;
  let isFirst = true;
  addEventListener('pointerdown', () => { isFirst = false; });
  addEventListener('keydown', (event) => {
    const { key, shiftKey } = event;
    let next;
    if (key === 'Tab' && !shiftKey && isFirst && document.activeElement.id === 'content') next = document.querySelector('.skip-link');
    isFirst &&= key === 'Shift';
    if (key === 'F6' && !event.ctrlKey && !event.altKey && !event.metaKey) {
      const stops = [...document.querySelectorAll('[data-region]')].map(stopIn).filter((stop) => stop.checkVisibility());
      const here = stops.findIndex((stop) => stop.closest('[data-region]').contains(document.activeElement));
      next = stops.at(shiftKey ? Math.max(here, 0) - 1 : (here + 1) % stops.length);
    }
    if (!next) return;
    next.focus();
    event.preventDefault();
  });
}
