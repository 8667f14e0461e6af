// Shows the table again when the reader goes back from a reloaded page of a person. The panel beside the table had
// changed the address without loading that page, so the browser only changes it back.
const { pathname } = window.location;

window.addEventListener("popstate", () => {
  if (window.location.pathname !== pathname) window.location.reload();
});
