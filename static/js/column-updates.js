// Keeps what the user is typing if an update arrives for that part of the page.
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const { target, fragment } = event.detail;
  const typed = document.activeElement;
  if (!typed.matches("input[type=text]") || !target.contains(typed)) return;
  if (fragment.querySelector(`#${typed.id}`)?.value !== typed.value) event.detail.shouldSwap = false;
});
