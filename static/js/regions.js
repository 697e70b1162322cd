// F6 goes from region to region. The first Tab in a room finds the skip link, though the box has the focus by then.
behave('regions', [], () => {
  // In a region: the box, the open chat or the first one, the newest message, else the region itself.
  const STOPS = 'textarea, [aria-current], #chats:not(:has([aria-current])) a';
  const newestIn = (region) => messagesIn(region).findLast(isShown);
  const stopIn = (region) => region.querySelector(STOPS) ?? newestIn(region) ?? region;
  const nextStop = (from, isBackwards) => {
    const regions = [...document.querySelectorAll('[data-region]')].filter((region) => isShown(stopIn(region)));
    // While people read with the caret or a screen reader, nothing may have the focus.
    const place = from === document.body ? getSelection().anchorNode : from;
    const here = regions.findIndex((region) => region.contains(place));
    const next = isBackwards ? Math.max(here, 0) - 1 : (here + 1) % regions.length;
    return regions.length ? stopIn(regions.at(next)) : null;
  };

  let isUntouched = true; // no key and no click so far
  on('pointerdown', () => { isUntouched = false; });
  on('keydown', (event) => {
    const { key, shiftKey, target } = event;
    const isFirstTab = isUntouched && key === 'Tab' && !shiftKey && target.id === 'content';
    if (key !== 'Shift') isUntouched = false;
    let next;
    if (isFirstTab) next = part('skip-link');
    if (key === 'F6' && !hasModifier(event)) next = nextStop(target, shiftKey);
    if (!next) return;
    if (next.dataset.part === 'message') focusMessage(next);
    else next.focus();
    event.preventDefault();
  });
});

// Shows what the help page says of scripts.
behave('help', [], () => {
  for (const section of parts('with-scripts')) section.hidden = false;
});
