// Files for messages: chosen, dragged or pasted, each with what it shows. A message with files is sent by itself, so
// that one goes on writing meanwhile; what is refused comes back to the message box.
behave('files', ['files-choice', 'chosen'], () => {
  const choice = hook('files-choice');
  const composer = choice.closest('form');
  const { content } = composer.elements;
  const chosen = hook('chosen');
  const notice = hook('notice');
  const said = hook('uploads-said');
  const photos = hook('photos');
  const cleaned = photos.accept.split(','); // from which the server removes where and when they were made
  const files = new Map(); // by their rows, in the order of sending
  // What rows are copies of, all of whose parts have to be there.
  const chosenRow = hook('chosen-file').content;
  ['file-name', 'describe', 'file-warning', 'file-problem', 'remove'].forEach((name) => part(name, chosenRow));
  const copyOf = (template) => template.firstElementChild.cloneNode(true);

  byId('first-description')?.remove(); // each of them has one

  const shownSize = (bytes) => {
    const [unit, size] = bytes < 1e6 ? ['kilobyte', 1e3] : ['megabyte', 1e6];
    const format = { style: 'unit', unit, maximumFractionDigits: 1 };
    return new Intl.NumberFormat(root.lang, format).format(bytes / size);
  };
  // The fields say themselves what is chosen.
  const fillFields = () => parts('file-input', choice).forEach((field) => {
    const data = new DataTransfer();
    const isHere = ({ type }) => cleaned.includes(type) === (field === photos);
    [...files.values()].filter(isHere).forEach((file) => data.items.add(file));
    field.files = data.files;
  });
  const problemOf = (file) => {
    if (!file.size) return choice.dataset.empty;
    return file.size > choice.dataset.largest ? choice.dataset.tooLarge : '';
  };
  const add = (file, description = '') => {
    const row = copyOf(chosenRow);
    const isCleaned = cleaned.includes(file.type);
    files.set(row, file);
    part('file-name', row).textContent = `${file.name}, ${shownSize(file.size)}`;
    if (isCleaned) part('describe', row).control.value = description;
    else part('describe', row).remove();
    part('file-warning', row).hidden = isCleaned || file.type.startsWith('text/');
    part('remove', row).setAttribute('aria-label', `${part('remove', row).textContent.trim()}: ${file.name}`);
    chosen.append(row);
    part('file-problem', row).textContent = problemOf(file);
    return row;
  };
  const addAll = (those) => {
    choice.open = true;
    const added = [...those];
    for (const file of added) add(file);
    fillFields();
    say(added.map(({ name }) => name).join(', '));
  };
  const remove = (row) => {
    files.delete(row);
    row.remove();
    fillFields();
  };
  const say = (words) => { said.textContent = words; };

  on('change', ({ target }) => {
    if (target.dataset.part !== 'file-input') return;
    addAll(target.files);
  }, choice);
  on('click', ({ target }) => {
    if (target.dataset.part !== 'remove') return;
    remove(target.closest('li'));
    choice.querySelector('summary').focus();
  });
  on('dragover drop', (event) => {
    if (!event.dataTransfer.types.includes('Files') || !isShown(composer)) return;
    event.preventDefault(); // or the browser would go there
    if (event.type === 'drop') addAll(event.dataTransfer.files);
    else choice.open = true; // which says what may be sent
  });
  on('paste', (event) => {
    const { types, files: pasted } = event.clipboardData;
    if (!pasted.length || types.includes('text/plain')) return; // text with a picture of it
    event.preventDefault();
    addAll(pasted);
  }, content);

  const fill = (body) => {
    body.delete('file');
    body.delete('description');
    for (const [row, file] of files) {
      body.append('file', file);
      body.append('description', parts('describe', row)[0]?.control.value ?? '');
    }
  };
  const cannotBeSent = () => {
    notice.textContent = files.size > choice.dataset.most ? choice.dataset.tooMany : '';
    const refused = [...files.keys()].find((row) => part('file-problem', row).textContent);
    if (refused) part('remove', refused).focus();
    return refused || notice.textContent;
  };

  // A page of replies sends its form as it is.
  if (!byId('conversation')) {
    on('submit', (event) => { if (!event.submitter?.name && cannotBeSent()) event.preventDefault(); }, composer);
    on('formdata', ({ formData }) => fill(formData), composer);
    return;
  }

  const uploads = hook('uploads');
  const reply = hook('reply');
  const sending = new Map(); // by their rows
  const token = () => composer.elements.token; // the server puts others in its place
  const uploadRow = hook('upload').content;
  const ofFile = ['upload-name', 'upload-bar', 'upload-state'];
  ['upload-file', ...ofFile, 'upload-problem', 'send-again'].forEach((name) => part(name, uploadRow));

  // Before the composer, which sends what has no files.
  on('htmx-config-request', (event) => {
    const { submitter, body } = event.detail.ctx.request;
    fill(body);
    const sent = { body, text: content.value, token: token().value, reply: [...reply.childNodes] };
    sent.files = body.getAll('file').map((file, place) => [file, body.getAll('description')[place]]);
    if (!files.size || submitter?.name) {
      body.delete('file');
      body.delete('description');
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    if (cannotBeSent()) return;
    [...files.keys()].forEach(remove);
    choice.open = false;
    htmx.trigger(composer, 'taken');
    content.focus();
    const row = copyOf(uploadRow);
    const line = part('upload-file', row);
    line.replaceWith(...sent.files.map(([{ name }]) => {
      const copy = line.cloneNode(true);
      part('upload-name', copy).textContent = part('upload-bar', copy).ariaLabel = name;
      return copy;
    }));
    uploads.append(row);
    sending.set(row, sent);
    send(row);
  }, composer);

  // They go in their order, after what else there is.
  const progress = (row, loaded, total) => {
    const { files: sent } = sending.get(row);
    let left = loaded - total + sent.reduce((sum, [{ size }]) => sum + size, 0);
    parts('upload-file', row).forEach((line, place) => {
      const [{ name, size }] = sent[place];
      const bar = part('upload-bar', line);
      const percent = Math.floor(100 * Math.max(0, Math.min(1, left / size)));
      const words = uploads.dataset.progress.replace('{percent}', percent);
      left -= size;
      if (Math.floor(percent / 25) > Math.floor(bar.value / 25)) say(`${name}: ${words}`);
      bar.value = percent;
      part('upload-state', line).textContent = words;
    });
  };
  // As fetch does it, which tells nothing of how far it is.
  const fetchFor = (row) => (action, { method, headers, body, signal }) => new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const fail = () => reject(new TypeError('not sent'));
    request.open(method, action);
    for (const name in headers) request.setRequestHeader(name, headers[name]);
    request.upload.onprogress = ({ loaded, total }) => progress(row, loaded, total);
    request.onload = () => {
      const lines = request.getAllResponseHeaders().trim().split('\r\n');
      const pairs = lines.map((line) => /(.*?): (.*)/.exec(line)?.slice(1)).filter(Boolean);
      resolve(new Response(request.response || null, { status: request.status, headers: pairs }));
    };
    request.onerror = request.onabort = fail;
    signal.addEventListener('abort', () => request.abort());
    if (signal.aborted) fail();
    else request.send(body);
  });
  const send = (row) => {
    part('send-again', row).hidden = true;
    part('upload-problem', row).textContent = '';
    progress(row, 0, Infinity);
    htmx.ajax('POST', composer.action, { source: row, fetch: fetchFor(row) });
  };
  on('htmx-config-request', ({ target, detail: { ctx } }) => {
    const sent = sending.get(target);
    Object.assign(ctx.request, { body: sent.body, timeout: 0 });
    sent.abort = ctx.request.abort;
  }, uploads);

  const end = (row) => {
    const sent = sending.get(row);
    if (row.contains(document.activeElement)) content.focus();
    sending.delete(row);
    row.remove();
    return sent;
  };
  // Into the message box, before what was typed since. What was refused stands next to the file.
  const giveBack = (row, status) => {
    const sent = end(row);
    const later = [...files];
    content.value = [sent.text, content.value].filter(Boolean).join('\n');
    if (!reply.children.length) reply.replaceChildren(...sent.reply);
    if (status !== 409) token().value = sent.token; // or the server has just put in another one
    const rows = sent.files.map((file) => add(...file));
    for (const [one] of later) chosen.append(one);
    later.forEach(([one, file]) => {
      files.delete(one);
      files.set(one, file);
    });
    fillFields();
    parts('file-error', notice).forEach((error) => part('file-problem', rows[error.dataset.file]).append(error));
    if (!notice.textContent.trim()) notice.textContent = '';
    choice.open = true;
  };
  on('htmx-finally-request', ({ target, detail: { ctx } }) => {
    const status = ctx.response?.status;
    if (status === 201) {
      end(target);
      htmx.trigger(composer, 'sent');
      byId('gap')?.click(); // a page that does not show it
    } else if ([409, 422].includes(status)) {
      giveBack(target, status);
    } else {
      const reason = notice.textContent.trim() || uploads.dataset[status ?? 'offline'] || uploads.dataset.failed;
      notice.textContent = '';
      part('upload-problem', target).textContent = reason;
      say(reason);
      part('send-again', target).hidden = false;
    }
  }, uploads);
  on('click', ({ target }) => {
    const row = target.closest('li');
    if (target.dataset.part === 'send-again') send(row);
    if (target.dataset.part !== 'cancel-upload') return;
    const { abort } = sending.get(row);
    giveBack(row);
    abort();
  });
  on('beforeunload', (event) => { if (sending.size) event.preventDefault(); }, window);
});
