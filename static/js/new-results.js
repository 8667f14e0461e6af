// Says how many results have arrived since the table was loaded. Its rows stay still until the reader shows them.
const link = document.querySelector("[data-new-results]");
const shown = Number(link.dataset.newResults);

document.addEventListener("htmx:afterSettle", () => {
  const done = Number(document.querySelector("[data-results]").dataset.results);
  const fresh = (done - shown).toLocaleString("en-US");
  if (done > shown) link.querySelector("span").textContent = `Show ${fresh} new`;
  link.hidden = done <= shown;
});
