// Logged out meanwhile: show the login page whole, not inside of this one.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (new URL(event.detail.xhr.responseURL).pathname === "/login/") {
    event.detail.shouldSwap = false;
    window.location.reload();
  }
});

// A list that is done changes whole: the page is fetched anew, buttons and all.
document.addEventListener("htmx:afterSettle", (event) => {
  const live = event.target.closest("[data-status]") || event.target.querySelector("[data-status]");
  const shown = document.querySelector("[data-page-status]");
  if (live && shown && live.dataset.status !== shown.dataset.pageStatus) window.location.reload();
});

// Whoever logged in anew meanwhile, in another tab, has another token than the page came with. Before anybody reads the form.
document.addEventListener(
  "submit",
  (event) => {
    const field = event.target.elements.namedItem("csrfmiddlewaretoken");
    const token = /(?:^|; )csrftoken=(\w+)/.exec(document.cookie);
    if (field && token) field.value = token[1];
  },
  true,
);

// Buttons that cannot be taken back ask first.
document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.ask || event.target.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});

// What is counted by itself with scripts needs no button for it.
for (const button of document.querySelectorAll("[data-without-script]")) button.hidden = true;

// A menu closes by Escape, which gives the focus back, and when something else is used.
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && event.target.closest?.("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});
for (const kind of ["click", "focusin"]) {
  document.addEventListener(kind, (event) => {
    document.querySelectorAll("details.menu[open]").forEach((menu) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
  });
}
