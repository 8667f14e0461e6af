// A login that ended, or began again in another tab, while this page was open.

// Logged out: show the login page as a whole, not inside this one.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (new URL(event.detail.xhr.responseURL).pathname === "/login/") {
    event.detail.shouldSwap = false;
    window.location.reload();
  }
});

const readToken = () => /(?:^|; )csrftoken=(\w+)/.exec(document.cookie)?.[1];

// Logged in again: the token has changed since the page was loaded. Set it before anything else reads the form.
document.addEventListener(
  "submit",
  (event) => {
    const field = event.target.elements.namedItem("csrfmiddlewaretoken");
    if (field) field.value = readToken() ?? field.value;
  },
  true,
);

// The same for requests that htmx sends while a form is being filled in.
document.addEventListener("htmx:configRequest", ({ detail: { parameters } }) => {
  if (parameters.csrfmiddlewaretoken) parameters.csrfmiddlewaretoken = readToken() ?? parameters.csrfmiddlewaretoken;
});
