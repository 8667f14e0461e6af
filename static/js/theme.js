// Switches the theme as soon as one is chosen, and tells the server this browser's time zone.

// Finding out the zone takes a browser some milliseconds, so it waits until the page is shown.
const tellZone = () => {
  const browserZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  document.cookie = `browser-zone=${browserZone}; path=/; max-age=31536000; samesite=lax`;
};

window.addEventListener("load", () => setTimeout(tellZone));

// Forms that choose a theme have `data-theme-form`. Without this script, their buttons save the choice.
document.addEventListener("change", ({ target }) => {
  if (target.matches?.("[data-theme-form] input[name=theme]")) target.form.requestSubmit();
});

const showTheme = (theme) => {
  document.documentElement.dataset.theme = theme === "system" ? "" : theme;
  for (const input of document.querySelectorAll("[data-theme-form] input[name=theme]")) {
    input.checked = input.value === theme;
  }
  for (const button of document.querySelectorAll("[data-theme-form] button[name=theme]")) {
    button.setAttribute("aria-pressed", button.value === theme);
  }
};

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-theme-form]")) return;
  event.preventDefault();
  const body = new FormData(form, event.submitter);
  showTheme(body.get("theme"));
  const response = await fetch(form.action, { method: "POST", body, headers: { "X-Theme": "1" } }).catch(() => null);
  // The choice was not stored, for example because the session has ended. The page that follows says why.
  if (response && response.status !== 204) form.submit();
});
