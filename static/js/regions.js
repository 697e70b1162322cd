// F6 goes from region to region. The first Tab in a room finds the skip link, though the box has the focus by then.
{
  const stopIn = (region) => region.querySelector('textarea, [aria-current], #chats:not(:has([aria-current])) a') ?? region;
  let isFirst = true;
  on('pointerdown', () => { isFirst = false; });
  on('keydown', (event) => {
    const { key, shiftKey, target } = event;
    let next;
    if (key === 'Tab' && !shiftKey && isFirst && target.id === 'content') next = part('skip-link');
    isFirst &&= key === 'Shift';
    if (key === 'F6' && !hasModifier(event)) {
      const stops = all('[data-region]').map(stopIn).filter((stop) => stop.checkVisibility());
      const here = stops.findIndex((stop) => stop.closest('[data-region]').contains(target));
      next = stops.at(shiftKey ? Math.max(here, 0) - 1 : (here + 1) % stops.length);
    }
    if (!next) return;
    next.focus();
    event.preventDefault();
  });
}
