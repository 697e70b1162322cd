// With DEBUG=1, shows what was saved in a template, style sheet or script, and where it is wrong.
behave('editing', ['stream'], () => {
  const KEPT = 'hearth-editing';
  const FIELDS = 'input:not([type=hidden], [type=password], [type=file]), textarea, select';
  const stream = hook('stream');
  const main = hook('main');
  const bar = make('div', { className: 'notice', role: 'alert' }); // a pre would get a button that copies it
  const fields = () => [...document.querySelectorAll(FIELDS)];
  const keyOf = ({ form, name, type, value }) =>
    [form?.getAttribute('action'), name, /radio|checkbox/.test(type) && value].join();
  const places = () => [root, ...document.querySelectorAll('[data-region], main')];
  // Above the page, which stays where it is.
  Object.assign(bar.style, { position: 'fixed', zIndex: 3, inset: 'auto 0 0', maxBlockSize: '50%', overflow: 'auto' });
  Object.assign(bar.style, { fontFamily: 'monospace', whiteSpace: 'pre' });

  const show = (problem) => {
    bar.textContent = problem;
    main.prepend(bar);
  };

  const reload = () => {
    const { activeElement: active } = document;
    sessionStorage.setItem(KEPT, JSON.stringify({
      address: location.href,
      fields: fields().map((field) => [keyOf(field), field.value, field.checked]),
      focus: active.id || keyOf(active),
      selection: [active.selectionStart, active.selectionEnd],
      places: places().map((place) => place.scrollTop),
    }));
    location.reload();
  };

  const restore = (kept) => {
    if (kept?.address !== location.href) return;
    const values = new Map(kept.fields.map(([key, ...value]) => [key, value]));
    fields().forEach((field) => {
      const [value, checked] = values.get(keyOf(field)) ?? [field.value, field.checked];
      const isSame = field.value === value && field.checked === checked;
      Object.assign(field, { value, checked });
      if (!isSame) field.dispatchEvent(new Event('input', { bubbles: true }));
      if (kept.focus !== field.id && kept.focus !== keyOf(field)) return;
      field.focus({ preventScroll: true });
      if (Number.isInteger(kept.selection[0])) field.setSelectionRange(...kept.selection);
    });
    places().forEach((place, number) => { place.scrollTop = kept.places[number]; });
  };
  const kept = JSON.parse(sessionStorage.getItem(KEPT));
  sessionStorage.removeItem(KEPT);
  on('load', () => setTimeout(restore, 0, kept), window);

  // A page that cannot be drawn is not loaded: it would have no stream, and would not see that it was mended.
  const load = async () => {
    const answer = await fetch(location.href, { headers: { Accept: 'text/plain' } });
    if (answer.status < 500) return reload();
    const text = await answer.text();
    const [, file, line, message] = /In template (.*), error at line (\d+)\n\s*(.*)/.exec(text) ?? [];
    const source = new RegExp(`^\\s+${line} :(.*)`, 'm').exec(text)?.[1].trim();
    show(file ? `${file}, line ${line}: ${message}\n${source}` : text.split('\n', 3).join('\n'));
  };

  on('edited', ({ detail }) => {
    const { release, are_styles: areStyles, problem } = JSON.parse(detail.data);
    const drawn = byId('cursors').elements.release; // of which this page is
    if (problem) return show(`${problem.file}, line ${problem.line}: ${problem.message}\n${problem.source}`);
    if (drawn.value === release && !bar.isConnected) return;
    if (!areStyles || bar.isConnected) return load();
    drawn.value = release;
    document.querySelectorAll('link[rel=stylesheet]').forEach((link) => {
      const address = new URL(link.href);
      address.searchParams.set('edited', Date.now());
      link.href = address;
    });
  }, stream);
});
