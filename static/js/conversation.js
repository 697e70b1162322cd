// Keeps the live list short, shows the way down, and tells the server what was seen.
enhance('conversation', (conversation) => {
  const [scroller, form, down] = ['scroller', 'read', 'to-newest'].map(byId);
  const messages = () => [...conversation.querySelectorAll('.message')].filter((message) => message.checkVisibility());
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
    reportedAt = performance.now();
    const { ok } = await tell(form.action, body);
    if (!ok) reported = before; // goes out with the next heartbeat
  };
  const unseen = () => messages().filter((message) => message.dataset.key > reported && message.dataset.sender !== down.dataset.user);
  const showDown = () => {
    const { length } = unseen();
    const words = length ? formFor(length, down.dataset.unseen) : down.dataset.newest;
    down.hidden = scroller.scrollTop > -40;
    down.dataset.count = length || '';
    if (down.textContent !== words) down.firstElementChild.textContent = words;
  };
  const reportSoon = () => { waiting ??= setTimeout(report, Math.max(100, reportedAt + +form.dataset.interval - performance.now())); };

  keep(conversation, () => {
    // htmx searches the list it puts messages into from the start.
    const [history, live] = ['history', 'messages'].map(byId);
    if (live.children.length > 60) [...live.children].slice(0, -20).forEach((item) => move(item, history, null));
    const newest = messages().at(-1);
    if (newest) conversation.querySelector('.nothing')?.remove();
    if (newest && byId('stream')) form.upto.value = newest.dataset.key;
    conversation.querySelectorAll('.message a').forEach((link) => {
      link.tabIndex = link.closest('.message').contains(document.activeElement) ? 0 : -1;
    });
    showDown();
    reportSoon();
  });
  scroller.addEventListener('scroll', () => {
    showDown();
    reportSoon();
  });
  // The conversation is one stop for Tab. Keys go from message to message in it, and Tab to the links of the one reached.
  const STEPS = { ArrowUp: -1, ArrowDown: 1, PageUp: -10, PageDown: 10, Home: -Infinity, End: Infinity };
  scroller.addEventListener('keydown', (event) => {
    const { key, target } = event;
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (key === 'Enter' && target.matches('.message')) target.querySelector('.meta').click();
    else if (key === 'Escape') byId('content')?.focus();
    else if (STEPS[key]) {
      const shown = messages();
      const here = shown.indexOf(target.closest('.message'));
      const next = shown[here < 0 ? shown.length - 1 : Math.max(0, Math.min(here + STEPS[key], shown.length - 1))];
      if (!next) return;
      // Named by all that is in it: a screen reader says no more than the name of what has the focus.
      next.setAttribute('aria-labelledby', next.id);
      next.focus();
    } else return;
    event.preventDefault();
  });
  const tieLinks = ({ type, target }) => target.closest('.message')?.querySelectorAll('a').forEach((link) => {
    link.tabIndex = type === 'focusin' ? 0 : -1;
  });
  scroller.addEventListener('focusin', tieLinks);
  scroller.addEventListener('focusout', tieLinks);
  down.addEventListener('click', () => {
    const [first] = unseen();
    if (first) return first.focus(); // which scrolls to it
    scroller.scrollTop = 0;
    byId('content')?.focus();
  });
  addEventListener('focus', reportSoon);
  on('visibilitychange heartbeat', reportSoon);
});
