// Shows times in the reader's zone, a line for each day, and tells the server what was seen.
{
  const conversation = document.getElementById('conversation');
  const language = document.documentElement.lang;
  const format = (options) => new Intl.DateTimeFormat(language, options);
  const clock = format({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  const date = format({ dateStyle: 'long' });
  const shortDate = format({ dateStyle: 'short' });
  const relative = new Intl.RelativeTimeFormat(language, { numeric: 'auto' });
  const dayOf = (moment) => new Date(moment.getFullYear(), moment.getMonth(), moment.getDate());
  const keyOf = (day) => `${day.getFullYear()}-${day.getMonth() + 1}-${day.getDate()}`;

  const dayName = (day, other) => {
    const ago = Math.round((dayOf(new Date()) - day) / 86400000);
    if (ago < 0 || ago > 1) return other.format(day);
    const name = relative.format(-ago, 'day');
    return name[0].toLocaleUpperCase(language) + name.slice(1);
  };

  const write = (element, text) => { if (element.textContent !== text) element.textContent = text; };

  const showTimes = () => document.querySelectorAll('time').forEach((time) => {
    const moment = new Date(time.dateTime);
    const day = dayOf(moment);
    const isToday = +day === +dayOf(new Date());
    write(time, time.className === 'chat-time' && !isToday ? dayName(day, shortDate) : clock.format(moment));
  });

  const showDays = () => {
    let last;
    for (const message of conversation.querySelectorAll('.message')) {
      const day = dayOf(new Date(message.querySelector('time').dateTime));
      const key = keyOf(day);
      let line = message.previousElementSibling;
      if (!line?.matches('.day')) line = null;
      if (key === last) line?.remove();
      else {
        if (!line) {
          line = document.createElement('li');
          line.className = 'line day';
          line.dataset.key = message.dataset.key;
          line.append(document.createElement('h3'));
          message.before(line);
        }
        write(line.firstElementChild, dayName(day, date));
      }
      last = key;
    }
  };

  // What arrives is put into a list that htmx searches from the start, so that it has to stay short.
  const keepShort = () => {
    const [history, messages] = ['history', 'messages'].map((id) => document.getElementById(id));
    if (messages.children.length < 60) return;
    for (const item of [...messages.children].slice(0, -20)) (history.moveBefore ?? history.insertBefore).call(history, item, null);
  };

  const scroller = document.getElementById('scroller');
  let reported = 0;
  let waiting;
  const report = () => {
    waiting = null;
    if (document.hidden || !document.hasFocus()) return;
    const bottom = scroller.getBoundingClientRect().bottom;
    const seen = [...conversation.querySelectorAll('.message')].findLast((message) => message.getBoundingClientRect().top < bottom);
    const form = document.getElementById('read');
    if (!seen || seen.dataset.key <= reported) return;
    reported = +seen.dataset.key;
    form.upto.value = reported;
    htmx.trigger(form, 'seen');
  };
  const reportSoon = () => { waiting ??= setTimeout(report, reported ? 1000 : 200); };

  const update = () => {
    showTimes();
    if (!conversation) return;
    showDays();
    keepShort();
    conversation.querySelector('.nothing + .message, #messages .message') && conversation.querySelector('.nothing')?.remove();
    reportSoon();
  };

  update();
  for (const list of [conversation, document.getElementById('chats')]) {
    if (list) new MutationObserver(update).observe(list, { childList: true, subtree: true });
  }
  if (conversation) {
    const button = document.getElementById('to-newest');
    button.addEventListener('click', () => { scroller.scrollTop = 0; document.getElementById('content')?.focus(); });
    scroller.addEventListener('scroll', () => { button.hidden = scroller.scrollTop > -200; reportSoon(); });
    addEventListener('focus', reportSoon);
    on('visibilitychange', reportSoon);
  }
}
