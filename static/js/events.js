// Listen for events anywhere. htmx writes "-" where it has ":" (metaCharacter), which valid HTML has not in attributes.
const on = (names, listener) => names.split(' ').forEach((name) => document.addEventListener(name, listener));

// Call `listener` now, and after every change inside `element`, before it is painted.
const keep = (element, listener) => {
  listener();
  new MutationObserver(listener).observe(element, { childList: true, subtree: true });
};

const byId = (id) => document.getElementById(id);
