// What can be measured on a page that tools for accessibility do not look at. Each returns problems in words.
window.measure = (() => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const nameOf = (element) => element.id ? `#${element.id}` : [element.localName, ...element.classList].join('.');
  const ancestors = function* (element) { for (; element; element = element.parentElement) yield element; };
  // What was found out about elements in this measurement, by what it is.
  const known = { clipped: new Map(), layer: new Map(), limits: new Map() };
  const once = (what, element, find) => {
    if (!known[what].has(element)) known[what].set(element, find());
    return known[what].get(element);
  };
  const isClipped = (element) => element !== null && once('clipped', element, () =>
    getComputedStyle(element).clipPath.startsWith('inset(50%') || isClipped(element.parentElement));
  const isSeen = (element) => element.checkVisibility({ visibilityProperty: true }) && !isClipped(element);
  const textOf = (ids) => (ids ?? '').split(' ').map((id) => document.getElementById(id)?.textContent ?? '').join(' ').trim();

  const TAB_STOPS = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]';
  const tabStops = () => all(TAB_STOPS).filter((one) => one.tabIndex === 0
    && one.checkVisibility({ visibilityProperty: true }) && (document.querySelector(':modal') ?? one).contains(one));
  const groupOf = (element) => nameOf(element.closest('#composer, #scroller, .bar, nav, main') ?? document.body);

  // Text nodes with their places; a layer is what scrolls or stands by itself.
  const LAYERS = '#scroller, .pane-chats, .files-choice, .uploads';
  const isLayer = (element) => element.matches(LAYERS)
    || ['sticky', 'fixed', 'absolute'].includes(getComputedStyle(element).position);
  const layerOf = (element) => element && once('layer', element, () =>
    isLayer(element) ? element : layerOf(element.parentElement));
  const limitsOf = (element) => element ? once('limits', element, () => {
    const outer = limitsOf(element.parentElement);
    return getComputedStyle(element).overflowX === 'hidden' ? [element.getBoundingClientRect(), ...outer] : outer;
  }) : [];
  const texts = () => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) {
      const element = walker.currentNode.parentElement;
      if (!walker.currentNode.data.trim() || !isSeen(element)) continue;
      const range = document.createRange();
      range.selectNodeContents(walker.currentNode);
      const limits = limitsOf(element);
      const rects = [...range.getClientRects()].map(({ left, top, right, bottom, height }) => ({
        top, bottom, height,
        left: Math.max(left, ...limits.map((limit) => limit.left)),
        right: Math.min(right, ...limits.map((limit) => limit.right)),
      }));
      found.push({ element, layer: layerOf(element), rects, ends: [
        Math.min(...rects.map(({ left }) => left)), Math.max(...rects.map(({ right }) => right)),
        Math.min(...rects.map(({ top }) => top)), Math.max(...rects.map(({ bottom }) => bottom)),
      ] });
    }
    return found;
  };
  const isApart = ([left, right, top, bottom], [itsLeft, itsRight, itsTop, itsBottom]) =>
    left >= itsRight || itsLeft >= right || top >= itsBottom || itsTop >= bottom;
  const touch = (one, other) => !isApart(one.ends, other.ends) && one.rects.some((a) => other.rects.some((b) =>
    Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2
    && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > Math.min(a.height, b.height) / 3));

  const numbers = (color) => color.match(/[\d.]+/g).map(Number);
  const luminance = (color) => numbers(color).slice(0, 3).map((one) => one / 255)
    .map((one) => one <= .04045 ? one / 12.92 : ((one + .055) / 1.055) ** 2.4)
    .reduce((sum, one, index) => sum + one * [.2126, .7152, .0722][index], 0);
  const contrast = (...colors) => {
    const [dark, light] = colors.map(luminance).sort((one, other) => one - other);
    return (light + .05) / (dark + .05);
  };

  // What has the focus, its number among all there is, and how long its edge is, which may be round; null for nothing.
  const focused = () => {
    const element = document.activeElement;
    if (!element || element === document.body) return null;
    const { left, top, width, height } = element.getBoundingClientRect();
    const radius = Math.min(parseFloat(getComputedStyle(element).borderStartStartRadius) || 0, width / 2, height / 2);
    const middle = (from, size, end) => (Math.max(from, 0) + Math.min(from + size, end)) / 2;
    const hit = document.elementFromPoint(middle(left, width, innerWidth), middle(top, height, innerHeight));
    return {
      number: all('*').indexOf(element),
      name: nameOf(element),
      left, top, width, height,
      perimeter: 2 * (width + height) - 8 * radius + 2 * Math.PI * radius,
      is_covered: !(element === hit || element.contains(hit) || hit?.contains(element)),
    };
  };
  const walk = [];
  const note = () => walk.push(focused());

  const measurements = {
    wide: () => all(':root, #scroller, .pane-chats, .pane-main, .card')
      .filter((box) => isSeen(box) && box.scrollWidth > box.clientWidth + 1)
      .map((box) => `too wide: ${nameOf(box)}`),

    cut: (byDesign) => all('body *').filter((box) => {
      const { overflowX, overflowY } = getComputedStyle(box);
      const cuts = (overflow) => ['hidden', 'clip'].includes(overflow);
      return (cuts(overflowX) && box.scrollWidth > box.clientWidth + 1
          || cuts(overflowY) && box.scrollHeight > box.clientHeight + 1)
        && box.textContent.trim() && isSeen(box) && !box.closest(byDesign);
    }).map((box) => `cut: ${nameOf(box)}`),

    overlaps: () => {
      const found = texts();
      return found.flatMap((one, index) => found.slice(index + 1)
        .filter((other) => one.layer === other.layer && one.element !== other.element && touch(one, other))
        .map((other) => `overlap: ${nameOf(one.element)} and ${nameOf(other.element)}`));
    },

    // The box for a message and a message are to be seen.
    crowded: () => {
      const composer = document.getElementById('composer');
      const scroller = document.getElementById('scroller');
      if (!composer || !isSeen(scroller)) return [];
      const problems = [];
      composer.content.focus();
      if (composer.content.getBoundingClientRect().bottom > innerHeight + 1) problems.push('the composer is out of view');
      if (scroller.clientHeight < 48) problems.push(`messages have ${scroller.clientHeight} of ${innerHeight} pixels`);
      return problems;
    },

    structure: () => {
      const problems = [];
      const modal = document.querySelector(':modal'); // beside which nothing is there
      const shown = (selector) => all(selector).filter((one) => one.checkVisibility() && (modal ?? one).contains(one));
      const count = (selector) => shown(selector).length;
      if (!/^Hearth$|. – Hearth$/.test(document.title)) problems.push(`title "${document.title}"`);
      const banner = 'header:not(main header, nav header, section header)';
      for (const one of modal ? ['h1'] : ['main', 'h1', banner]) if (count(one) !== 1) problems.push(`${count(one)} of ${one}`);
      const landmarks = count(`main, nav, aside, search, form[aria-label], section[aria-labelledby], section[aria-label], \
        [role=search], [role=region], ${banner}, body > footer`);
      if (landmarks > 6) problems.push(`${landmarks} landmarks`);
      const headings = shown('h1, h2, h3, h4, h5, h6');
      headings.forEach((heading, index) => {
        const [level, before] = [heading, headings[index - 1]].map((one) => +(one?.localName[1] ?? 0));
        if (level > before + 1) problems.push(`h${level} after h${before}: ${heading.textContent.trim()}`);
      });
      if (all(':is(h1, h2, h3, h4) .sender, .sender :is(h1, h2, h3, h4)')[0]) problems.push('an author is a heading');
      return problems;
    },

    markup: () => {
      const problems = [];
      const find = (selector, problem) => all(selector).forEach((found) => {
        problems.push(`${problem}: ${found.outerHTML.slice(0, 120)}`);
      });
      find('[tabindex]:not([tabindex="0"], [tabindex="-1"])', 'tabindex of its own');
      find('a:not([href]), a[href="#"], a[href^="javascript:"]', 'link to nowhere');
      find('[title]:not(iframe, link)', 'told by a title only');
      // What is around a room that is only looked at keeps its reactions from being pressed.
      find('[disabled]:not(option, fieldset:has(#conversation))', 'disabled');
      find('.chat .badge:not([aria-hidden=true])', 'badge that speaks twice');
      find('.avatar:not([aria-hidden=true])', 'decoration that speaks');
      find('[aria-live=assertive]:not([role=alert])', 'assertive');
      find('[autofocus]:not(form [autofocus], #linked)', 'takes the focus');
      find(':is([aria-live], [role=log], [role=status], [role=alert]) :is(.message, .tick, .presence, .chat, time)',
        'in a live region');
      find('ol[role=log], ul[role=log]', 'list that is none');
      find('meta[name=viewport]:is([content*=maximum-scale], [content*=user-scalable])', 'no zoom');
      all('time').forEach((time) => {
        const zoned = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
        if (!zoned.test(time.getAttribute('datetime'))) problems.push(`time without date or zone: ${time.outerHTML}`);
      });
      return problems;
    },

    messages: () => all('.message').flatMap((message) => {
      const problems = [];
      const check = (is, problem) => is || problems.push(`${nameOf(message)}: ${problem}`);
      check(message.closest('ol[role=list]'), 'in no list');
      check(message.querySelector('.sender bdi[translate=no]')?.textContent.trim(), 'no isolated author');
      if (message.matches('.deleted')) return problems;
      check(message.querySelector('.content')?.dir === 'auto', 'no dir=auto');
      const keys = all('.message:not(.hits > *)').map(({ dataset }) => +dataset.key);
      check(keys.every((key, index) => !index || key > keys[index - 1]), 'out of order');
      const place = (selector) => message.textContent.indexOf(message.querySelector(selector)?.textContent ?? 'none');
      check(place('.sender') <= place('.content') || !message.querySelector('.content').textContent, 'the author is not first');
      const nodes = ['.sender', '.content', 'time'].map((part) => message.querySelector(part));
      check(nodes.every((node, index) => node && (!index
        || nodes[index - 1].compareDocumentPosition(node) & Node.DOCUMENT_POSITION_FOLLOWING)), 'order of its parts');
      return problems;
    }),

    ids: () => all('[id]').map(({ id }) => id).filter((id, index, ids) => ids.indexOf(id) !== index)
      .map((id) => `twice: ${id}`),

    // Fields have labels; those that were refused say so and why, and so does the title.
    fields: () => {
      const problems = [];
      all('input:not([type=hidden], [hidden]), textarea, select').forEach((field) => {
        if (!field.labels[0]?.textContent.trim()) problems.push(`no label: ${field.outerHTML}`);
        const described = field.getAttribute('aria-describedby');
        const lost = (described ?? '').split(' ').filter((id) => id && !document.getElementById(id));
        if (lost[0]) problems.push(`described by ${lost}, which is not there: ${field.name}`);
        if (field.ariaInvalid === 'true' && !textOf(described)) problems.push(`refused without a reason: ${field.name}`);
      });
      all('.field .error').forEach((error) => {
        const field = error.closest('.field').querySelector('input, select, textarea');
        const described = textOf(field.getAttribute('aria-describedby'));
        if (field.ariaInvalid !== 'true' || !described.includes(error.textContent.trim()))
          problems.push(`the field does not know of: ${error.textContent}`);
        // With a stream, the title goes on to tell what is unread.
        const isLive = document.getElementById('stream');
        if (!isLive && !document.title.startsWith('Error: ')) problems.push(`title "${document.title}" tells of no error`);
      });
      const refused = all('[aria-invalid=true]');
      // The box for a message keeps the focus that it has.
      if (refused[0] && !refused[0].autofocus && refused[0].id !== 'content') problems.push(`no focus for ${refused[0].name}`);
      return problems;
    },

    // Several buttons of one name do the same, or say to what.
    alike: () => {
      const names = new Set();
      return all('button').filter(isSeen).flatMap((button) => {
        const name = `${button.ariaLabel ?? button.textContent.trim()} ${textOf(button.getAttribute('aria-describedby'))}`;
        if (!name.trim()) return [`no name: ${button.outerHTML}`];
        if (names.has(name)) return [`two buttons "${name.trim()}"`];
        names.add(name);
        return [];
      });
    },

    motion: () => {
      const harmless = ['offset', 'computedOffset', 'easing', 'composite', 'visibility'];
      const moves = ({ effect }) => effect.getKeyframes().some((frame) => Object.keys(frame).some((key) => !harmless.includes(key)));
      return [
        ...document.getAnimations().filter(moves).map(({ effect }) => `moves: ${nameOf(effect.target)}`),
        ...all('*').filter((one) => getComputedStyle(one).scrollBehavior !== 'auto').map((one) => `glides: ${nameOf(one)}`),
      ];
    },

    paleText: () => {
      const behind = (element) => [...ancestors(element)].map((one) => getComputedStyle(one).backgroundColor)
        .find((color) => numbers(color)[3] !== 0);
      const selection = getComputedStyle(document.body, '::selection');
      return [
        ['selection', selection.color, selection.backgroundColor],
        ...all('[placeholder]').map((field) => ['placeholder', getComputedStyle(field, '::placeholder').color, behind(field)]),
      ].filter(([, ...colors]) => contrast(...colors) < 4.5).map(([what, ...colors]) => `${what}: ${colors.join(' on ')}`);
    },

    // What is not text and has to be seen, as [name, place]: a line from outside of its left edge to its inside, or all.
    shapes: () => {
      const place = (element, how) => {
        const { left, top, width, height } = element.getBoundingClientRect();
        return how === 'all' ? [left, top, width, height] : [left - 5, top + height / 2, 16, 1];
      };
      const isWhole = (element) => {
        const { left, top, right, bottom } = element.getBoundingClientRect();
        const hit = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
        return isSeen(element) && left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight
          && right - left > 3 && (element.contains(hit) || hit?.contains(element));
      };
      const shapes = ['input:not([type=hidden]), select, textarea', '.badge, .send, .primary', '.chat a[aria-current]']
        .flatMap(all).map((element) => [element, 'edge']);
      const pictures = all('.tick:not([hidden]), .to-newest, .home, .chat-presence:has(.online)').map((one) => [one, 'all']);
      return [...shapes, ...pictures].filter(([element]) => isWhole(element))
        .map(([element, how]) => [`${nameOf(element)}${element.ariaInvalid === 'true' ? ', refused' : ''}`, place(element, how).map(Math.round)]);
    },

    // What Tab has to come by, in the order of the page.
    tabStops: () => tabStops().map((one) => {
      const { left, top, bottom } = one.getBoundingClientRect();
      const group = groupOf(one);
      const kind = [one.localName, ...one.classList, one.type, group].join('.');
      return { name: nameOf(one), kind, group, left, top, bottom, is_skip_link: one.matches('.skip-link') };
    }),
    // Browsers bring the caret of a field into the window, not all of its edge.
    focus: (number) => {
      const stop = tabStops()[number];
      stop.focus();
      stop.scrollIntoView({ block: 'nearest' });
    },

    focused,

    // While keys are pressed, what has the focus before each, and then at last.
    beginWalk: () => {
      walk.length = 0;
      addEventListener('keydown', note, true);
    },
    walked: () => [...walk, focused()],
  };
  return {
    take: (name, given) => {
      for (const what of Object.values(known)) what.clear();
      return measurements[name](...given);
    },
  };
})();
