// Shows times in the reader's zone and language, and a line above the first message of each day.
behave('times', [], () => {
  const DAY = 86400000; // in milliseconds
  const { today, yesterday, timeZone } = document.body.dataset;
  const formatter = (options, locale = root.lang) => {
    try {
      return new Intl.DateTimeFormat(locale, { timeZone, ...options });
    } catch { // a zone that this browser does not know
      return new Intl.DateTimeFormat(locale, options);
    }
  };
  const longDate = formatter({ dateStyle: 'long', timeZone: 'UTC' });
  const shortDate = formatter({ dateStyle: 'short', timeZone: 'UTC' });
  const clock = formatter({ timeStyle: 'short', hourCycle: 'h23' });
  const isoDate = formatter({}, 'sv'); // Swedes write 2026-11-23

  const momentOf = (time) => new Date(time.dateTime);
  // A day is its midnight in UTC, where all days are equally long.
  const dayOf = (moment) => Date.parse(isoDate.format(moment));
  const isToday = (day) => day === dayOf(Date.now());
  const nameOf = (day, date) => {
    const daysAgo = (dayOf(Date.now()) - day) / DAY;
    return [today, yesterday][daysAgo] ?? date.format(day);
  };

  const dayLineAbove = (message) => {
    const above = message.previousElementSibling;
    return above && parts('day', above).length ? above : null;
  };
  const insertDayLine = (line, message) => {
    message.before(line.cloneNode(true));
    const inserted = message.previousElementSibling;
    inserted.dataset.key = message.dataset.key;
    return inserted;
  };

  const showTimesOfMessages = () => {
    const messages = messagesIn(document);
    if (!messages.length) return;
    const line = byId('day-line')?.content; // only rooms have lines for days
    let lastDay;
    for (const message of messages) {
      const time = part('time', message);
      const day = dayOf(momentOf(time));
      write(time, clock.format(momentOf(time)));
      if (!line) continue;
      if (day === lastDay) dayLineAbove(message)?.remove();
      else write(part('day', dayLineAbove(message) ?? insertDayLine(line, message)), nameOf(day, longDate));
      lastDay = day;
    }
  };
  const showOtherTimes = () => {
    for (const time of parts('time')) {
      if (time.closest('[data-part="message"]')) continue;
      const day = dayOf(momentOf(time));
      write(time, isToday(day) ? clock.format(momentOf(time)) : nameOf(day, shortDate));
    }
  };
  const showTimes = () => {
    showOtherTimes();
    showTimesOfMessages();
  };
  keep(document.body, showTimes);
  on('heartbeat', showTimes); // today becomes yesterday
});

// Tells the server the reader's time zone, for those who have chosen none.
behave('time zone', [], () => {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  document.cookie = `hearth_timezone=${timeZone}; path=/; SameSite=Lax; max-age=31536000`;
});
