// Buttons that cannot be undone ask first.
document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.ask || event.target.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});
