// Keeps the live list short, shows the way down, and tells the server what was seen.
behave('conversation', ['conversation', 'scroller'], () => {
  const conversation = hook('conversation');
  const scroller = hook('scroller');
  const readForm = byId('read'); // people who only look at the room have none
  const down = hook('to-newest');
  const downLabel = part('to-newest-label', down);
  const shownMessages = () => messagesIn(conversation).filter(isShown);
  const keyOf = (message) => Number(message.dataset.key);
  const isLive = () => byId('stream'); // the newest page, while its stream has not ended for good

  const gap = () => byId('gap'); // on an older page: the way to the newest, below what is loaded

  // What was seen is reported when the page is looked at, at most once in an interval.
  let reportedKey = readForm ? Number(readForm.dataset.read) : Infinity;
  let reportedAt = -Infinity;
  let nextReport;

  const lastSeenOf = (messages) => {
    const { bottom } = scroller.getBoundingClientRect();
    const isSeen = (message) => isShown(message) && message.getBoundingClientRect().top < bottom;
    return messages.findLast(isSeen);
  };
  const lastSeenKey = () => {
    const lastSeen = lastSeenOf(messagesIn(conversation));
    return lastSeen ? keyOf(lastSeen) : 0;
  };
  const sendReport = (key) => {
    const body = new URLSearchParams(new FormData(readForm));
    body.set('upto', key);
    body.set('version', readForm.dataset.version);
    return fetch(readForm.action, { method: 'POST', body, headers: { 'HX-Request': 'true' } });
  };
  // What stands between the first unread message and an older page was not seen.
  const skipsUnread = () => {
    const [first] = messagesIn(conversation);
    return first && keyOf(first) > Number(readForm?.dataset.from || Infinity);
  };
  const report = async () => {
    nextReport = null;
    if (document.hidden || !document.hasFocus() || !isLive() || skipsUnread()) return;
    const key = lastSeenKey();
    if (key <= reportedKey) return;
    const before = reportedKey;
    reportedKey = key;
    reportedAt = performance.now();
    const answer = await sendReport(key).catch(() => null);
    if (!answer?.ok) reportedKey = before; // goes out with the next heartbeat
  };
  const reportSoon = () => {
    if (!readForm) return;
    const rest = reportedAt + Number(readForm.dataset.interval) - performance.now();
    nextReport ??= setTimeout(report, Math.max(100, rest));
  };

  const unseenMessages = () => {
    const isOwn = (message) => message.dataset.sender === down.dataset.user;
    return shownMessages().filter((message) => keyOf(message) > reportedKey && !isOwn(message));
  };
  // The number is that of the line in the list of chats, "99+" for many.
  let isAtUnread = false; // the way down has led to the first unread message, and leads to the end next
  const showWayDown = () => {
    const badge = byId(`${hook('chats').dataset.openChat}-badge`);
    const [count] = badge ? parts('unread', badge) : [];
    const label = count?.textContent ?? '';
    down.hidden = scroller.scrollTop > -40 && !gap();
    isAtUnread &&= !down.hidden;
    down.dataset.count = label;
    write(downLabel, label ? wordsFor(parseInt(label), down.dataset.unseen, label) : down.dataset.newest);
  };

  // Newer messages are asked for from the end: reading goes on with the first of them.
  let lastLoaded;
  const goOn = () => {
    if (!lastLoaded) return;
    const shown = shownMessages();
    const next = shown[shown.indexOf(lastLoaded) + 1];
    if (!next) return;
    lastLoaded = null;
    focusMessage(next);
  };
  on('htmx-config-request', ({ target }) => {
    if (target === byId('newer-link')) lastLoaded = messagesIn(hook('history')).at(-1);
  }, conversation);

  // Keys go from message to message, and Tab to what can be pressed in the one reached. Code is a stop of its own,
  // since it scrolls: who comes to it from elsewhere has not reached its message.
  let reached;
  const tieLinks = () => {
    for (const message of messagesIn(conversation)) {
      const tabIndex = message === reached && message.matches(':focus-within') ? 0 : -1;
      const stops = [...message.querySelectorAll('a, summary'), ...parts('copy', message)];
      stops.forEach((stop) => { stop.tabIndex = tabIndex; });
    }
  };
  const reach = ({ type, target, relatedTarget }) => {
    const focused = type === 'focusin' ? target : relatedTarget;
    const message = focused?.closest('[data-part="message"]');
    reached = message === reached || !focused?.matches('pre') ? message : null;
    tieLinks();
  };
  on('focusin focusout', reach, conversation);
  on('pointerdown', ({ target }) => {
    const message = target.closest('[data-part="message"]');
    if (message) makeFocusable(message);
  });

  // htmx searches the list it puts messages into from the start.
  const keepLiveListShort = () => {
    const live = hook('messages');
    const history = hook('history');
    if (live.children.length < 61) return;
    const surplus = [...live.children].slice(0, -20);
    // Above a gap they do not belong; they are loaded with what is missing.
    surplus.forEach((item) => (gap() ? item.remove() : move(item, history, null)));
  };
  // What was loaded of a gap may have arrived as well.
  const removeTwins = () => {
    const [first] = hook('messages').children;
    const history = hook('history');
    while (first && Number(history.lastElementChild?.dataset.key) >= keyOf(first)) history.lastElementChild.remove();
  };
  const countNewer = () => {
    const link = gap();
    if (!link || link.dataset.count > 99) return;
    const arrived = messagesIn(hook('messages')).filter((message) => keyOf(message) > link.dataset.upto).length;
    write(link, wordsFor(Number(link.dataset.count) + arrived, link.dataset.newer));
  };
  const updateReadForm = () => {
    if (!readForm || !isLive() || gap()) return;
    const newest = messagesIn(conversation).findLast(isShown);
    if (newest) readForm.elements.upto.value = newest.dataset.key;
  };
  // What is far from where one reads is taken out. The answer to the link that brings it back has what follows, too.
  const MOST = 300; // messages of the past
  const KEPT = 100; // beside what is seen and what is unread
  let cut; // the message at which that is about to happen, and whether it is what follows that goes
  const takeOut = async (message, isBelow) => {
    if (cut) return;
    cut = { key: keyOf(message), isBelow };
    const address = new URL(location.pathname, location.href);
    address.searchParams.set(isBelow ? 'after' : 'before', cut.key);
    if (byId('unread')) address.searchParams.set('unread', byId('unread').dataset.key);
    await htmx.ajax('GET', address.href, { source: scroller, target: scroller, swap: 'none' }).catch(() => null);
    keepPlace();
    cut = null;
  };
  const keepPlace = () => {
    if (cut.seen) scroller.scrollTop += cut.seen.getBoundingClientRect().top - cut.top;
  };
  on('htmx-before-swap', ({ target, detail }) => {
    if (target !== scroller || detail.ctx.response.status !== 200) return;
    const { key, isBelow } = cut;
    if (isBelow) cut.seen = lastSeenOf(messagesIn(hook('history')));
    cut.top = cut.seen?.getBoundingClientRect().top;
    for (const item of [...hook('history').children]) {
      if (isBelow ? keyOf(item) > key : keyOf(item) < key) item.remove();
    }
    keepPlace();
  }, scroller);
  const keepHistoryShort = () => {
    const messages = messagesIn(hook('history'));
    if (messages.length < MOST || gap() || !isLive()) return;
    const unread = messages.findIndex((message) => keyOf(message) > reportedKey);
    if (scroller.scrollTop > -40) {
      const start = (unread < 0 ? messages.length : unread) - KEPT;
      if (start > KEPT) takeOut(messages[start], false);
      return;
    }
    const end = Math.max(messages.indexOf(lastSeenOf(messages)), unread) + KEPT;
    if (end + KEPT < messages.length) takeOut(messages[end], true);
  };
  keep(conversation, () => {
    keepLiveListShort();
    keepHistoryShort();
    removeTwins();
    countNewer();
    goOn();
    updateReadForm();
    tieLinks();
    showWayDown();
    reportSoon();
  });
  on('scroll', () => {
    showWayDown();
    reportSoon();
  }, scroller);
  keep(hook('chats'), showWayDown);
  on('focus', reportSoon, window);
  on('visibilitychange heartbeat', reportSoon);

  // The conversation is one stop for Tab.
  const STEPS = { ArrowUp: -1, ArrowDown: 1, PageUp: -10, PageDown: 10, Home: -Infinity, End: Infinity };
  // Go so many messages on; from outside of them, to the newest. Tell whether there was one.
  const step = (from, steps) => {
    const shown = shownMessages();
    const newest = shown.length - 1;
    const here = shown.findIndex((message) => message.contains(from));
    const next = here < 0 ? newest : Math.min(Math.max(here + steps, 0), newest);
    if (shown[next]) focusMessage(shown[next]);
    return Boolean(shown[next]);
  };
  const act = ({ key, target }) => {
    if (STEPS[key]) return step(target, STEPS[key]);
    if (key === 'Escape') byId('content')?.focus();
    else if (key === 'Enter' && readForm && target.dataset.part === 'message') part('menu', target).click();
    else return false;
    return true;
  };
  on('keydown', (event) => {
    if (!hasModifier(event) && !event.shiftKey && act(event)) event.preventDefault();
  }, scroller);
  on('click', () => {
    const way = isAtUnread ? 'end' : 'unread';
    const [first] = isAtUnread ? [] : unseenMessages();
    isAtUnread = Boolean(first);
    if (first) return focusMessage(first, 'center');
    if (gap()) {
      sessionStorage.wayDown = way; // goes on with the page that the gap leads to
      return gap().click();
    }
    scroller.scrollTop = 0;
    byId('content')?.focus();
  }, down);

  // Links to a message that is there lead to it without loading anything.
  on('click', (event) => {
    const link = event.target.closest('a')?.querySelector('[data-quote]')?.closest('a');
    const message = link && messageAt(link);
    if (hasModifier(event) || !message || !isShown(message)) return;
    event.preventDefault();
    focusMessage(message, 'center');
  });

  // Where the address leads to a message; else what is unread. That has no address of its own: after going to one,
  // Orca in Chromium reads on from there, and types nothing into the box that has the focus.
  const linked = byId('linked') && byId(`message-${byId('linked').dataset.key}`);
  const { wayDown } = sessionStorage;
  sessionStorage.removeItem('wayDown');
  isAtUnread = wayDown === 'unread';
  if (linked && isShown(linked)) {
    focusMessage(linked, 'center');
    // For WebKit, which gives the focus to the line above the message (autofocus) after scripts have moved it.
    on('focus', () => focusMessage(linked, 'center'), byId('linked'));
  } else if (wayDown !== 'end') byId('unread')?.scrollIntoView();
});
