const byId = (id) => document.getElementById(id);

// Where there is an element with that id, set up what it does.
const enhance = (id, setUp) => byId(id) && setUp(byId(id));

// htmx names its events with "-" where it has ":" by default (metaCharacter): valid HTML has no ":" in attributes.
const on = (names, listener) => names.split(' ').forEach((name) => document.addEventListener(name, listener));

// Words about a number: the form for the first of the samples that is counted alike.
const kindOf = (number) => new Intl.PluralRules(document.documentElement.lang).select(number);
const formFor = (number, forms) =>
  forms.split('|').at([1, 2, 3, 6, 11, 100].findIndex((sample) => kindOf(sample) === kindOf(number))).replace('{count}', number);

// Tell the server something that changes nothing here; no answer at all is none that is `ok`.
const tell = (url, body) => fetch(url, { method: 'POST', body, headers: { 'HX-Request': 'true' } }).catch(() => ({}));

// Call `listener` now, and after every change inside `element`, before it is painted.
const keep = (element, listener) => {
  listener();
  new MutationObserver(listener).observe(element, { childList: true, subtree: true });
};

// Move an element without taking the focus from it.
const move = (element, parent, before) => (parent.moveBefore ?? parent.insertBefore).call(parent, element, before);
