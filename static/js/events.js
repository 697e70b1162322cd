// Listen on the whole document for the events named in one string. Pages tell htmx to write "-" where it has ":"
// (metaCharacter), since no attribute of valid HTML has one; its events are named so too.
const on = (names, listener) => names.split(' ').forEach((name) => document.addEventListener(name, listener));
