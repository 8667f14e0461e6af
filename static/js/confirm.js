// Asks before an action that cannot be undone.
document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.ask || event.target.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});
