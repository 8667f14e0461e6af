// Handles a session that ends, or begins again in another tab, while this page is open.

// If the user is logged out, or must confirm that it is still them, show that page as a whole, not inside this one.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { pathname } = new URL(event.detail.xhr.responseURL);
  if (pathname.startsWith("/login/") || pathname.startsWith("/settings/security/confirm/")) {
    event.detail.shouldSwap = false;
    window.location.reload();
  }
});

const readToken = () => /(?:^|; )(?:__Host-)?csrftoken=(\w+)/.exec(document.cookie)?.[1];

// If the user has logged in again, the token has changed since the page was loaded. Set it before anything else reads
// the form.
document.addEventListener(
  "submit",
  (event) => {
    const field = event.target.elements.namedItem("csrfmiddlewaretoken");
    if (field) field.value = readToken() ?? field.value;
  },
  true,
);

// Do the same for requests that htmx sends while a form is being filled in.
document.addEventListener("htmx:configRequest", ({ detail: { parameters } }) => {
  if (parameters.csrfmiddlewaretoken) parameters.csrfmiddlewaretoken = readToken() ?? parameters.csrfmiddlewaretoken;
});
