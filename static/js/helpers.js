// What the other files share. They are joined into one script (config/bundle.py), where each sees these names:
//
//   behave(name, ids, setUp)       set up one behaviour, apart from all others
//   hook(id), part(name, within)   find what a behaviour cannot do without
//   byId(id), parts(name, within)  find what a page may lack
//   messageOf(element), messagesIn(list), isDeleted(message), messageAt(address)
//   focusMessage(message, block), makeFocusable(message)
//   isShown(element)
//   on(events, listener, target), keep(element, listener, options)
//   write(element, text), make(tag, values), move(element, parent, before)
//   wordsFor(number, sentences, label), hasModifier(event), root

const root = document.documentElement;

// Hooks. Templates mark what scripts look for with an id or with data-part, which mean nothing else.

class MissingHook extends Error {}

const found = (element, name) => {
  if (!element) throw new MissingHook(name);
  return element;
};
const byId = (id) => document.getElementById(id);
const parts = (name, within = document) => [...within.querySelectorAll(`[data-part="${name}"]`)];
const hook = (id) => found(byId(id), `id="${id}"`);
const part = (name, within) => found(parts(name, within)[0], `data-part="${name}"`);

const messageOf = (element) => found(element.closest('[data-part="message"]'), 'data-part="message"');
const messagesIn = (list) => {
  parts('text', list).slice(0, 1).forEach(messageOf); // a text is in a message
  return parts('message', list);
};
// What was deleted has neither.
const isDeleted = (message) => !parts('text', message).length && !parts('tick', message).length;

// The message that an address leads to, where the page has it.
const messageAt = (address) => byId(`message-${new URL(address).searchParams.get('message')}`);
// Not before it is wanted: where one reads line by line, Orca says the name of what can be focused for its text.
const makeFocusable = (message) => {
  const bubble = part('sender', message).parentElement; // not the links beside it
  bubble.id = `${message.id}-words`;
  message.setAttribute('aria-labelledby', bubble.id);
  message.tabIndex = -1;
};
const focusMessage = (message, block) => {
  makeFocusable(message);
  message.focus();
  if (block) message.scrollIntoView({ block });
};

// For WebKit before 17.4, which has no checkVisibility.
const isShown = (element) => element.getClientRects().length > 0;

// Behaviours. What one of them lacks or throws ends what it was doing, and nothing else.

let current; // the behaviour that is being set up
const complaints = new Set();

const complain = (behaviour, error) => {
  if (!(error instanceof MissingHook)) return reportError(error);
  const complaint = `Hearth: "${behaviour}" does not work, as this page has no ${error.message}.`;
  if (!complaints.has(complaint)) console.error(complaint);
  complaints.add(complaint);
};

// Bind `work` to the behaviour that is being set up.
const apart = (work) => {
  const behaviour = current;
  return (...given) => {
    try {
      return work(...given);
    } catch (error) {
      complain(behaviour, error);
    }
  };
};

// Set up a behaviour on pages that have one of these ids, or on all pages where none is given.
const behave = (name, ids, setUp) => {
  if (ids.length && !ids.some((id) => byId(id))) return;
  current = name;
  apart(setUp)();
};

// htmx names its events with "-" where it has ":" by default (metaCharacter): valid HTML has no ":" in attributes.
const on = (events, listener, target = document) => {
  const listenApart = apart(listener);
  events.split(' ').forEach((event) => target.addEventListener(event, listenApart));
};

// Call `listener` now, and after every change inside `element`, before it is painted.
const keep = (element, listener, options) => {
  listener();
  new MutationObserver(apart(listener)).observe(element, { childList: true, subtree: true, ...options });
};

// Observers are not told of what stays the same.
const write = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

// What works with scripts only is made by them: text browsers show all that a template has.
const make = (tag, values) => Object.assign(document.createElement(tag), values);

// Move an element without taking the focus from it. For WebKit (Safari) and older Firefox, which have no moveBefore:
// what had the focus gets it again.
const move = (element, parent, before) => {
  const { activeElement } = document;
  (parent.moveBefore ?? parent.insertBefore).call(parent, element, before);
  if (document.activeElement !== activeElement) activeElement.focus({ preventScroll: true });
};

// The server writes sentences about some numbers, among which is one for each plural form of every language:
// "1={count} message|2={count} messages|3=…". Take that of the first number which is counted alike. A label such as
// "99+" stands for the number.
const wordsFor = (number, sentences, label = number) => {
  const rules = new Intl.PluralRules(root.lang);
  const isCountedAlike = (sample) => rules.select(Number(sample)) === rules.select(number);
  const samples = sentences.split('|').map((sample) => sample.split('='));
  const [, sentence] = samples.find(([sample]) => isCountedAlike(sample));
  return sentence.replace('{count}', label);
};

const hasModifier = (event) => event.altKey || event.ctrlKey || event.metaKey;
