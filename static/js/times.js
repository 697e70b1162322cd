// Shows times in the reader's zone and language, and a line above the first message of each day.
{
  const { today, yesterday, timeZone } = document.body.dataset;
  const format = (options, locale = root.lang) => {
    try {
      return new Intl.DateTimeFormat(locale, { timeZone, ...options });
    } catch { // a zone that this browser does not know
      return new Intl.DateTimeFormat(locale, options);
    }
  };
  const [long, short] = ['long', 'short'].map((dateStyle) => format({ dateStyle, timeZone: 'UTC' }));
  const clock = format({ timeStyle: 'short', hourCycle: 'h23' });
  const isoDay = format({}, 'sv'); // 2026-11-23
  // A day is its midnight in UTC, where all days are equally long.
  const dayOf = (moment) => Date.parse(isoDay.format(new Date(moment)));
  const daysAgo = (day) => (dayOf(Date.now()) - day) / 86400000;
  const dayName = (day, other) => [today, yesterday][daysAgo(day)] ?? other.format(day);

  const showTimes = () => {
    let last;
    for (const time of parts('time')) {
      const day = dayOf(time.dateTime);
      const message = messageOf(time);
      write(time, message || !daysAgo(day) ? clock.format(new Date(time.dateTime)) : dayName(day, short));
      if (!message) continue;
      const dayAbove = () => message.previousElementSibling && part('day', message.previousElementSibling);
      if (day === last) dayAbove() && message.previousElementSibling.remove();
      else {
        if (!dayAbove()) {
          message.before(byId('day-line').content.cloneNode(true));
          message.previousElementSibling.dataset.key = message.dataset.key;
        }
        write(dayAbove(), dayName(day, long));
      }
      last = day;
    }
  };
  keep(document.body, showTimes);
  on('heartbeat', showTimes); // today becomes yesterday
}
