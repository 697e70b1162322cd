// Keeps the live list short, shows the way down, and tells the server what was seen.
enhance('conversation', (conversation) => {
  const [scroller, form, down] = ['scroller', 'read', 'to-newest'].map(byId);
  const messages = () => parts('message', conversation).filter((message) => message.checkVisibility());
  let waiting, reportedAt = -Infinity, reported = +form.dataset.read;

  const report = async () => {
    waiting = null;
    const { bottom } = scroller.getBoundingClientRect();
    const seen = +messages().findLast((message) => message.getBoundingClientRect().top < bottom)?.dataset.key;
    if (!(seen > reported) || document.hidden || !document.hasFocus() || !byId('stream')) return;
    const body = new FormData(form);
    body.set('upto', seen);
    body.set('version', form.dataset.version);
    const before = reported;
    reported = seen;
    reportedAt = now();
    const answer = await fetch(form.action, { method: 'POST', body, headers: { 'HX-Request': 'true' } }).catch(() => {});
    if (!answer?.ok) reported = before; // goes out with the next heartbeat
  };
  const unseen = () => messages().filter((message) => message.dataset.key > reported && message.dataset.sender !== down.dataset.user);
  const showDown = () => {
    const { length } = unseen();
    down.hidden = scroller.scrollTop > -40;
    down.dataset.count = length || '';
    write(part('to-newest-label', down), length ? formFor(length, down.dataset.unseen) : down.dataset.newest);
  };
  const reportSoon = () => { waiting ??= setTimeout(report, Math.max(100, reportedAt + +form.dataset.interval - now())); };

  // Keys go from message to message, and Tab to the links of the one reached.
  const tieLinks = () => all('a', conversation).forEach((link) => {
    if (messageOf(link)) link.tabIndex = messageOf(link).matches(':focus-within') ? 0 : -1;
  });
  on('focusin focusout', tieLinks, conversation);

  keep(conversation, () => {
    // htmx searches the list it puts messages into from the start.
    const [history, live] = ['history', 'messages'].map(byId);
    if (live.children.length > 60) [...live.children].slice(0, -20).forEach((item) => move(item, history, null));
    const newest = messages().at(-1);
    if (newest && byId('stream')) form.upto.value = newest.dataset.key;
    tieLinks();
    showDown();
    reportSoon();
  });
  on('scroll', () => {
    showDown();
    reportSoon();
  }, scroller);
  // The conversation is one stop for Tab.
  const STEPS = { ArrowUp: -1, ArrowDown: 1, PageUp: -10, PageDown: 10, Home: -Infinity, End: Infinity };
  on('keydown', (event) => {
    const { key, target } = event;
    if (hasModifier(event) || event.shiftKey) return;
    if (key === 'Enter' && target === messageOf(target)) part('details', target).click();
    else if (key === 'Escape') byId('content')?.focus();
    else if (STEPS[key]) {
      const shown = messages();
      const here = shown.indexOf(messageOf(target));
      const next = shown[here < 0 ? shown.length - 1 : Math.max(0, Math.min(here + STEPS[key], shown.length - 1))];
      if (!next) return;
      // Named by all that is in it: a screen reader says no more than the name of what has the focus.
      next.setAttribute('aria-labelledby', next.id);
      next.focus();
    } else return;
    event.preventDefault();
  }, scroller);
  on('click', () => {
    const [first] = unseen();
    if (first) return first.focus(); // which scrolls to it
    scroller.scrollTop = 0;
    byId('content')?.focus();
  }, down);
  on('focus', reportSoon, window);
  on('visibilitychange heartbeat', reportSoon);
});
