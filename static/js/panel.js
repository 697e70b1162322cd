// Pages open above the one where they are called: those that links with data-panel lead to, and what is followed or
// sent from there. Each is a page of its own, with its address, as long as it is open. Back, Escape and Close lead to
// where one was.
behave('panel', ['panel', 'panel-content'], () => {
  const panel = hook('panel');
  const content = hook('panel-content');
  const failed = hook('panel-failed');
  const home = location.pathname;
  panel.querySelector('form').append(make('button', { className: 'quiet', textContent: panel.dataset.close }));
  let titleBelow;
  const isHome = (address) => new URL(address).pathname === home;
  const depth = () => history.state?.panel ?? 0; // of the entries of the history that belong to the panel
  const isCard = (html) => /<body[^>]* data-card/.test(html);

  const show = () => {
    const [start, heading] = ['[autofocus], [aria-invalid=true]', 'h1'].map((stop) => content.querySelector(stop));
    panel.ariaLabel = (heading ?? failed).textContent.trim();
    if (!panel.open) panel.showModal();
    if (heading) heading.tabIndex = -1;
    (start ?? heading)?.focus();
  };
  // To the page below, and to the message that the address names.
  const goHome = (address) => {
    const message = messageAt(address);
    panel.close();
    if (message) focusMessage(message, 'nearest');
  };

  // The server answers as it answers a browser: with whole pages, also where something failed.
  const load = async (method, address, way = {}) => {
    titleBelow = panel.open ? titleBelow : document.title;
    failed.textContent = '';
    const panelled = { isStep: true, ...way };
    const headers = { 'HX-Request': 'false' };
    const select = '#main > :not(#notice)';
    await htmx.ajax(method, address, {
      source: content, ...way, target: content, swap: 'innerHTML', select, headers, panelled,
    });
  };
  on('htmx-after-request', (event) => {
    const { panelled, response, text, request } = event.detail.ctx;
    if (!panelled) return;
    const { url, redirected } = response.raw;
    if (isCard(text) && !isHome(url) && !panelled.stays) {
      if (!panelled.isStep || (request.method === 'POST' && !redirected)) return;
      const isNext = request.method === 'GET' || !depth();
      history[isNext ? 'pushState' : 'replaceState']({ panel: depth() + isNext }, '', url);
      return;
    }
    event.preventDefault();
    if (panelled.stays || isHome(url)) goHome(url);
    else location.assign(url);
  });
  on('htmx-after-swap', ({ detail: { ctx } }) => { if (ctx.panelled) show(); });
  on('htmx-error', ({ detail: { ctx } }) => {
    if (!ctx?.panelled) return;
    failed.textContent = failed.dataset.failed;
    if (!panel.open) show();
  });

  on('click', (event) => {
    const link = event.target.closest('a[href]');
    const isInside = panel.contains(link);
    if (!link || hasModifier(event) || event.shiftKey || link.origin !== location.origin) return;
    if (!isInside && !link.matches('[data-panel]')) return;
    const isLostBelow = isHome(link) && link.search.includes('message=') && !messageAt(link);
    if (isLostBelow) return;
    event.preventDefault();
    if (isInside && isHome(link)) goHome(link);
    else if (link.hash && link.pathname === location.pathname) byId(link.hash.slice(1))?.focus();
    else load('GET', link.href);
  });
  on('submit', (event) => {
    const form = event.target;
    const isOurs = panel.contains(form) || byId('menu')?.contains(form);
    if (!isOurs || form.method === 'dialog' || event.defaultPrevented) return;
    event.preventDefault();
    const address = event.submitter?.getAttribute('formaction') ?? form.action;
    load(form.method.toUpperCase(), address, { source: form, event, stays: form.dataset.stay !== undefined });
  });

  on('close', () => {
    content.replaceChildren();
    document.title = titleBelow;
    if (depth()) history.go(-depth());
  }, panel);
  on('popstate', () => {
    if (depth()) load('GET', location.href, { isStep: false });
    else panel.close();
  }, window);
});

// A page that was loaded at the address of a panel goes back to the page below by loading it.
behave('way back', [], () => {
  const here = location.pathname;
  if (!byId('panel')) on('popstate', () => { if (location.pathname !== here) location.reload(); }, window);
});
