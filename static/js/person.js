// Copies numbers and emails, and says for a moment that they were copied.
// Also shows the table again after a reload: the panel beside it has changed the address without loading this page.
const READABLE_MS = 1500;

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const name = button.getAttribute("aria-label");
  await navigator.clipboard.writeText(button.dataset.copy);
  button.setAttribute("aria-label", "Copied");
  button.classList.add("copied");
  setTimeout(() => {
    button.classList.remove("copied");
    if (name) button.setAttribute("aria-label", name);
    else button.removeAttribute("aria-label");
  }, READABLE_MS);
});

const { pathname } = window.location;
const isPage = !document.querySelector("[data-person-panel]");
window.addEventListener("popstate", () => {
  if (isPage && window.location.pathname !== pathname) window.location.reload();
});
