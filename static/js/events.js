const root = document.documentElement;
const byId = (id) => document.getElementById(id);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
// What templates mark with data-part="name", for scripts alone.
const parts = (name, within) => all(`[data-part="${name}"]`, within);
const part = (name, within) => parts(name, within)[0];
const messageOf = (element) => element.closest('[data-part="message"]');
const now = () => performance.now();
const hasModifier = (event) => event.altKey || event.ctrlKey || event.metaKey;

// Where there is an element with that id, set up what it does.
const enhance = (id, setUp) => byId(id) && setUp(byId(id));

// htmx names its events with "-" where it has ":" by default (metaCharacter): valid HTML has no ":" in attributes.
const on = (names, listener, target = document) => names.split(' ').forEach((name) => target.addEventListener(name, listener));

// Words about a number: the form for the first of the samples that is counted alike.
const kindOf = (number) => new Intl.PluralRules(root.lang).select(number);
const formFor = (number, forms) =>
  forms.split('|').at([1, 2, 3, 6, 11, 100].findIndex((sample) => kindOf(sample) === kindOf(number))).replace('{count}', number);

// Call `listener` now, and after every change inside `element`, before it is painted.
const keep = (element, listener, attributes) => {
  listener();
  new MutationObserver(listener).observe(element, { childList: true, subtree: true, ...attributes });
};

// Observers are not told of what stays the same.
const write = (element, text) => { if (element.textContent !== text) element.textContent = text; };

// Move an element without taking the focus from it.
const move = (element, parent, before) => (parent.moveBefore ?? parent.insertBefore).call(parent, element, before);
