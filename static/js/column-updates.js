// Keeps what someone is typing, if an update of the page arrives for the part that they are typing in.
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const { target, fragment } = event.detail;
  const typed = document.activeElement;
  if (!typed.matches("input[type=text]") || !target.contains(typed)) return;
  if (fragment.querySelector(`#${typed.id}`)?.value !== typed.value) event.detail.shouldSwap = false;
});
