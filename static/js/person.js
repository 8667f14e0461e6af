// Copies numbers and emails, and says for a moment that they were copied.
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
