// Sends with Enter; empties the box at once, and gives the text back when it could not be sent.
{
  const composer = () => document.getElementById('composer');
  const notice = (text) => { document.getElementById('notice').textContent = text; };
  // A token for every message. randomUUID exists on secure origins only.
  const newToken = () => crypto.getRandomValues(new Uint8Array(16)).reduce((text, byte) => text + byte.toString(16).padStart(2, '0'), '');
  const contextOf = (event) => event.detail.ctx?.sourceElement?.id === 'composer' ? event.detail.ctx : null;

  on('keydown', (event) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229 || event.target.id !== 'content') return;
    event.preventDefault();
    if (event.target.value.trim()) composer().requestSubmit();
  });

  // The body is collected by now; requests that wait in the queue keep theirs.
  on('htmx-config-request', (event) => {
    const context = contextOf(event);
    if (!context) return;
    const { content, token } = composer();
    context.sent = { content: content.value, token: token.value };
    content.value = '';
    token.value = newToken();
    notice('');
    content.focus();
    document.getElementById('scroller').scrollTop = 0;
  });

  on('htmx-finally-request', (event) => {
    const context = contextOf(event);
    if (!context?.sent || (context.response && context.response.status < 400)) return;
    const { content, token } = composer();
    // The same token again, unless the server asked for another one: what was sent may have been saved all the same.
    if (!content.value && context.response?.status !== 409) token.value = context.sent.token;
    content.value = content.value ? `${context.sent.content}\n${content.value}` : context.sent.content;
    if (!document.getElementById('notice').textContent) {
      notice(context.response ? composer().dataset.failed : composer().dataset.offline);
    }
  });
}
