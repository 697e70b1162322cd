// Keeps the live list short, shows the way down, and tells the server what was seen.
{
  const conversation = byId('conversation');
  if (conversation) {
    const [scroller, form, down] = ['scroller', 'read', 'to-newest'].map(byId);
    const messages = () => [...conversation.querySelectorAll('.message')];
    let reported = +form.dataset.read;
    let waiting, last = 0;

    const report = async () => {
      waiting = null;
      const { bottom } = scroller.getBoundingClientRect();
      const seen = +messages().findLast((message) => message.getBoundingClientRect().top < bottom)?.dataset.key;
      if (!(seen > reported) || document.hidden || !document.hasFocus() || !byId('stream')) return;
      const [before, body] = [reported, new FormData(form)];
      reported = seen;
      last = Date.now();
      body.set('upto', seen);
      const answer = await fetch(form.action, { method: 'POST', body, headers: { 'HX-Request': 'true' } }).catch(() => null);
      if (!answer?.ok) reported = before; // goes out with the next heartbeat
    };
    const reportSoon = () => { waiting ??= setTimeout(report, Math.max(100, last + 1000 - Date.now())); };

    keep(conversation, () => {
      // htmx searches the list it puts messages into from the start.
      const [history, live] = ['history', 'messages'].map(byId);
      const excess = live.children.length > 60 ? [...live.children].slice(0, -20) : [];
      excess.forEach((item) => (history.moveBefore ?? history.insertBefore).call(history, item, null));
      const newest = messages().at(-1);
      if (newest) {
        conversation.querySelector('.nothing')?.remove();
        form.upto.value = newest.dataset.key;
      }
      reportSoon();
    });
    scroller.addEventListener('scroll', () => {
      down.hidden = scroller.scrollTop > -200;
      reportSoon();
    });
    down.addEventListener('click', () => {
      scroller.scrollTop = 0;
      byId('content')?.focus();
    });
    addEventListener('focus', reportSoon);
    on('visibilitychange heartbeat', reportSoon);
  }
}
