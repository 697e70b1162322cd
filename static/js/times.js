// Shows times in the reader's zone and language, and a line above the first message of each day.
{
  const { lang } = document.documentElement;
  const [long, short] = ['long', 'short'].map((dateStyle) => new Intl.DateTimeFormat(lang, { dateStyle }));
  const { today, yesterday } = document.body.dataset;
  const dayOf = (moment) => new Date(moment).setHours(0, 0, 0, 0);
  const daysAgo = (day) => Math.round((dayOf(Date.now()) - day) / 86400000);
  const dayName = (day, other) => [today, yesterday][daysAgo(day)] ?? other.format(day);
  const newLine = (key) => {
    const line = document.createElement('li');
    line.className = 'line day';
    line.dataset.key = key;
    line.append(document.createElement('h3'));
    return line;
  };
  const write = (element, text) => { if (element.textContent !== text) element.textContent = text; };

  const showTimes = () => {
    let last;
    for (const time of document.querySelectorAll('.message time, .chat-time')) {
      const day = dayOf(time.dateTime);
      const message = time.closest('.message');
      write(time, message || !daysAgo(day) ? new Date(time.dateTime).toTimeString().slice(0, 5) : dayName(day, short));
      if (!message) continue;
      const lineAbove = () => message.previousElementSibling?.closest('.day');
      if (day === last) lineAbove()?.remove();
      else {
        if (!lineAbove()) message.before(newLine(message.dataset.key));
        write(lineAbove().firstElementChild, dayName(day, long));
      }
      last = day;
    }
  };
  keep(document.body, showTimes);
  on('heartbeat', showTimes); // today becomes yesterday
}
