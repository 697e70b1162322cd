// Empties the box at once, gives back what could not be sent, and keeps drafts.
enhance('composer', (composer) => {
  const { content, dataset } = composer;
  const [notice, hint] = ['notice', 'composer-hint'].map(byId);
  // randomUUID exists on secure origins only.
  const newToken = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
  hint.textContent = hint.dataset.hint;
  // Who has emptied the box, which sending does, does not type.
  on('htmx-config-request', (event) => {
    if (!content.value) event.preventDefault();
  }, byId('typing-start'));
  composer.noValidate = true; // the second click on Send finds the box empty, which is no mistake

  // The body is collected by now; requests that wait in the queue keep theirs.
  on('htmx-config-request', (event) => {
    const { ctx } = event.detail;
    content.focus();
    if (!content.value.trim()) return event.preventDefault();
    ctx.sent = { text: content.value, token: composer.token.value };
    // Leaving the page does not take it back. Browsers refuse this for more than 64 KB.
    ctx.request.keepalive = content.value.length < 5000;
    content.value = notice.textContent = '';
    composer.token.value = newToken();
    byId('scroller').scrollTop = 0;
  }, composer);

  on('htmx-finally-request', ({ detail: { ctx } }) => {
    const status = ctx.response?.status;
    content.ariaInvalid = status === 422;
    if (status === 201) return htmx.trigger(composer, 'sent');
    // What waits in the queue would overtake it, so that comes back too.
    const queue = composer._htmx_state.rq;
    const texts = [ctx.sent.text];
    while (queue.more()) texts.push(queue.next().sent.text);
    // What the network has lost is sent again by itself, but nothing that is being written.
    isUnsent = (!status || status > 501) && !content.value;
    if (content.value) texts.push(content.value);
    content.value = texts.join('\n');
    // It may have been saved all the same: the same token again, unless the server has just put in another one.
    if (status !== 409) composer.token.value = ctx.sent.token;
    notice.textContent ||= dataset[status ?? 'offline'] ?? dataset.failed;
  }, composer);
  let isUnsent;
  on('input', () => { isUnsent = false; }, content);
  on('connected heartbeat', () => {
    if (isUnsent) composer.requestSubmit();
    isUnsent = false;
  });

  const [text, token, reason] = JSON.parse(sessionStorage[dataset.draft] ?? '[]');
  if (text && !content.value) {
    [content.value, composer.token.value, notice.textContent] = [text, token, reason];
    isUnsent = reason;
  }
  on('pagehide', () => {
    sessionStorage[dataset.draft] = JSON.stringify([content.value, composer.token.value, isUnsent ? notice.textContent : '']);
  }, window);
  // Not before the page is loaded: going to #unread takes the focus away.
  on('load', () => {
    if (document.activeElement === document.body && matchMedia('(pointer: fine)').matches) content.focus({ preventScroll: true });
  }, window);
});
