// What some browsers lack. Each is asked for by feature; where it is there, nothing happens here.

// For WebKit (Safari) before 27, which has no scroll anchoring: what is read keeps its place when messages come below.
behave('place', ['scroller'], () => {
  if (CSS.supports('overflow-anchor', 'auto')) return;
  const scroller = hook('scroller');
  const conversation = hook('conversation');
  // The box counts from its end, and so does this: scrolling does not change it, nor does the line that says who types.
  const below = (message) => conversation.getBoundingClientRect().bottom - message.getBoundingClientRect().top;
  let first; // the first message that is seen
  let wasBelow;
  const remember = () => {
    const { top } = scroller.getBoundingClientRect();
    first = messagesIn(conversation).find((message) => message.getBoundingClientRect().bottom > top);
    wasBelow = first && below(first);
  };
  const keepPlace = () => {
    if (first?.isConnected && scroller.scrollTop < 0) scroller.scrollTop -= below(first) - wasBelow;
    remember();
  };
  on('scroll', keepPlace, scroller);
  new ResizeObserver(apart(keepPlace)).observe(conversation);
});

// For Firefox before 152 and WebKit before 26.2, which have no field-sizing: the box for a message grows with its text.
behave('growing', ['content'], () => {
  if (CSS.supports('field-sizing', 'content')) return;
  const box = hook('content');
  const fit = () => {
    box.style.blockSize = 'auto';
    box.style.blockSize = `${box.scrollHeight + box.offsetHeight - box.clientHeight}px`;
  };
  fit();
  on('input focus', fit, box);
  // A script empties the box, and gives back what was not sent.
  on('htmx-config-request htmx-finally-request', fit, hook('composer'));
  on('resize load', fit, window);
});
