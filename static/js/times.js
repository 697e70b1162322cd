// Shows times in the reader's zone and language, and a line above the first message of each day.
{
  const { lang } = document.documentElement;
  const [long, short] = ['long', 'short'].map((dateStyle) => new Intl.DateTimeFormat(lang, { dateStyle }));
  const relative = new Intl.RelativeTimeFormat(lang, { numeric: 'auto' });
  const dayOf = (moment) => new Date(moment).setHours(0, 0, 0, 0);
  const daysAgo = (day) => Math.round((dayOf(Date.now()) - day) / 86400000);
  const write = (element, text) => { if (element.textContent !== text) element.textContent = text; };

  const dayName = (day, other) => {
    const ago = daysAgo(day);
    if (ago !== 0 && ago !== 1) return other.format(day);
    const name = relative.format(-ago, 'day');
    return name[0].toLocaleUpperCase(lang) + name.slice(1);
  };

  const newLine = (message) => {
    const line = document.createElement('li');
    line.className = 'line day';
    line.dataset.key = message.dataset.key; // places it when messages are put in between
    line.append(document.createElement('h3'));
    message.before(line);
    return line;
  };

  const showTimes = () => {
    let last;
    for (const time of document.querySelectorAll('.message time, .chat-time')) {
      const day = dayOf(time.dateTime);
      const message = time.closest('.message');
      write(time, message || !daysAgo(day) ? new Date(time.dateTime).toTimeString().slice(0, 5) : dayName(day, short));
      if (!message) continue;
      const line = message.previousElementSibling?.closest('.day');
      if (day === last) line?.remove();
      else write((line ?? newLine(message)).firstElementChild, dayName(day, long));
      last = day;
    }
  };

  keep(document.body, showTimes);
  on('heartbeat', showTimes); // today becomes yesterday
}
