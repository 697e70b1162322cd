// Empties the box at once, gives back what could not be sent, and keeps drafts.
behave('composer', ['composer', 'content'], () => {
  const LARGEST_KEPT_ALIVE = 5000; // browsers refuse more than 64 KB, in all
  const composer = hook('composer');
  const scroller = hook('scroller');
  const notice = hook('notice');
  const reply = hook('reply'); // which message is answered
  const hint = hook('composer-hint');
  hook('preview'); // another one takes its place
  const typingSignal = hook('typing-start');
  const { content } = composer.elements;
  const draftKey = composer.dataset.draft;
  const token = () => composer.elements.token; // the server puts others in its place
  const unfinished = []; // requests in the order of sending, the first under way
  const takenBack = new Set(); // those that are not to be sent after all
  let isSentAgain = false; // when the connection is back

  // The notice is an alert, which is said by itself. What describes the box that has the focus is said when it changes.
  const describe = (ids) => content.setAttribute('aria-describedby', ids);
  describe(hint.id);
  on('blur', () => describe(`${notice.id} ${hint.id}`), content);

  hint.textContent = hint.dataset.hint;
  if (!notice.nextElementSibling) { // without scripts there is nothing to send again
    notice.after(make('button', { className: 'quiet bordered', textContent: composer.dataset.again }));
  }
  composer.noValidate = true; // the second click on Send finds the box empty, which is no mistake

  // randomUUID exists on secure origins only.
  const newToken = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  };

  // For the next message. What is sent with files goes another way (files.js).
  const empty = () => {
    byId('preview').replaceChildren();
    content.value = notice.textContent = kept = '';
    clearTimeout(timer);
    newerDraft.hidden = true;
    token().value = newToken();
    reply.replaceChildren();
    scroller.scrollTop = 0;
  };
  on('taken', empty, composer);

  // Sending empties the box, which is no typing.
  on('htmx-config-request', (event) => {
    if (!content.value) event.preventDefault();
  }, typingSignal);

  // The body of the request is collected by now. It may wait in the queue.
  on('htmx-config-request', (event) => {
    const { ctx } = event.detail;
    const isPreview = ctx.request.submitter?.name;
    content.focus();
    describe(hint.id);
    if (!content.value.trim()) return event.preventDefault();
    if (isPreview) return;
    ctx.sent = { text: content.value, token: token().value, reply: [...reply.childNodes] };
    unfinished.push(ctx);
    ctx.request.keepalive = content.value.length < LARGEST_KEPT_ALIVE; // also after leaving
    empty();
  }, composer);

  on('htmx-before-request', (event) => {
    if (takenBack.has(event.detail.ctx)) event.preventDefault();
  }, composer);

  on('htmx-finally-request', ({ detail: { ctx } }) => {
    if (takenBack.delete(ctx) || !ctx.sent) return;
    const status = ctx.response?.status;
    unfinished.splice(unfinished.indexOf(ctx), 1);
    content.ariaInvalid = [403, 422].includes(status); // the same would be refused again
    if (status !== 201) return giveBack(ctx.sent, status);
    htmx.trigger(composer, 'sent');
    if (!unfinished.length) byId('gap')?.click(); // a page that does not show it
  }, composer);

  const giveBack = (sent, status) => {
    // What waits would overtake it, so that comes back too.
    const waiting = unfinished.splice(0);
    waiting.forEach((request) => takenBack.add(request));
    // What the network has lost is sent again by itself, but nothing that is being written.
    const isLost = !status || status > 501;
    isSentAgain = isLost && !content.value;
    content.value = [sent, ...waiting.map((request) => request.sent)]
      .map(({ text }) => text)
      .concat(content.value || [])
      .join('\n');
    // It may have been saved all the same: the same token again, unless the server has just put in another one.
    if (status !== 409) token().value = sent.token;
    reply.replaceChildren(...sent.reply);
    notice.textContent ||= composer.dataset[status ?? 'offline'] ?? composer.dataset.failed;
  };
  on('input', () => { isSentAgain = false; }, content);
  on('connected heartbeat', () => {
    if (isSentAgain) composer.requestSubmit();
    isSentAgain = false;
  });

  // "Reply" and "Cancel reply" are links that work without this.
  const cancelReply = () => {
    reply.replaceChildren();
    content.focus();
  };
  on('click', (event) => {
    const link = parts('reply').find((reply) => reply.contains(event.target));
    const cancels = byId('cancel-reply')?.contains(event.target);
    if (hasModifier(event) || !(link || cancels)) return;
    event.preventDefault();
    if (cancels) cancelReply();
    else htmx.ajax('GET', link.href, { source: link, target: reply, swap: 'innerHTML' }).then(() => content.focus());
  });
  on('keydown', (event) => { if (event.key === 'Escape' && reply.children.length) cancelReply(); }, composer);

  // The server keeps what is typed, for other pages and browsers. It forgets by itself what was sent.
  const PAUSE = 3000; // milliseconds without a key
  const newerDraft = hook('newer-draft');
  const useNewer = newerDraft.querySelector('button');
  let kept = content.value; // what the server has, as far as this page knows
  let base = composer.dataset.base; // which draft that is
  let isAsking;
  let timer;
  const hasEnded = () => !typingSignal.isConnected; // the session, or one's time in the room: it would be refused
  // What another page has saved meanwhile is offered: nothing changes under the cursor.
  const askForDraft = async (address, options) => {
    isAsking = true;
    try {
      const answer = await fetch(address, { headers: { 'HX-Request': 'true' }, ...options });
      if (!answer.ok || answer.redirected) throw answer;
      const other = await answer.json();
      base = other.base;
      useNewer.value = other.text;
      newerDraft.hidden = !other.text || other.text === content.value;
    } finally {
      isAsking = false;
    }
  };
  const keepDraft = (isLeaving) => {
    clearTimeout(timer);
    if (hasEnded() || content.value === kept) return;
    if (isAsking && !isLeaving) return keepDraftSoon();
    kept = content.value;
    const body = new URLSearchParams(new FormData(composer));
    if (!isLeaving) body.set('base', base);
    // It is tried again.
    askForDraft(composer.dataset.save, { method: 'POST', body, keepalive: true }).catch(() => { kept = null; });
  };
  const keepDraftSoon = () => {
    clearTimeout(timer);
    timer = setTimeout(keepDraft, PAUSE);
  };
  on('input', keepDraftSoon, content);
  on('focus', () => {
    if (hasEnded() || isAsking || content.value !== kept) return;
    askForDraft(`${composer.dataset.save}?base=${base}`).catch(() => {}); // the next time
  }, window);
  on('click', () => {
    newerDraft.hidden = true;
    content.focus();
    content.select();
    document.execCommand('insertText', false, useNewer.value); // which can be undone
  }, useNewer);

  const restoreDraft = () => {
    const [text, itsToken, reason, base] = JSON.parse(sessionStorage[draftKey] ?? '[]');
    if (!text) return;
    // Whoever has changed it since, or sent it, was somewhere else; but nothing that is still to be sent is lost.
    if (!reason && base !== null && ![text, base].includes(content.value)) return;
    content.value = text;
    token().value = itsToken;
    notice.textContent = reason;
    isSentAgain = Boolean(reason);
  };
  restoreDraft();
  on('pagehide', () => {
    const reason = isSentAgain ? notice.textContent : '';
    sessionStorage[draftKey] = JSON.stringify([content.value, token().value, reason, kept]);
    keepDraft(true);
  }, window);

  // Not before the page is loaded: an address with a fragment takes the focus away.
  on('load', () => {
    content.selectionStart = content.value.length; // to write on where a draft ends
    const isFree = document.activeElement === document.body;
    if (isFree && matchMedia('(pointer: fine)').matches) content.focus({ preventScroll: true });
  }, window);
});
