// Lets htmx make HTML out of what the own server sends. With the pages' security policy nothing else can:
// neither other scripts nor htmx turn text into HTML or into a script.
behave('trusted types', [], () => {
  if (!window.trustedTypes) return;
  const policy = trustedTypes.createPolicy('hearth', { createHTML: (html) => html, createScript: () => '' });
  htmx.registerExtension('trusted-types', { init: (api) => api.initSecurity(policy) });
});
