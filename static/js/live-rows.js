// Keeps rows of a live part where they are.
// - [data-keep-order]: what is new is added at the end.
// - [data-keep-order-while-used]: the same, but only while the pointer or the focus is in it, or a menu is open.
// Lists that end keep their row until the page is loaded again, because each update names the lists that are shown.

const isUsed = (part) => part.matches(":hover, :focus-within") || part.querySelector("details[open]");
const keptOrders = () =>
  [...document.querySelectorAll("[data-keep-order], [data-keep-order-while-used]")].filter(
    (part) => part.id && (part.hasAttribute("data-keep-order") || isUsed(part)),
  );
const listRows = (part) => [...(part.tBodies?.[0] ?? part).children].filter((row) => row.id);

function keepOrder(shown, incoming) {
  const rows = listRows(incoming);
  const places = new Map(listRows(shown).map((row, place) => [row.id, place]));
  const place = (row) => places.get(row.id) ?? places.size;
  for (const row of rows.toSorted((one, other) => place(one) - place(other))) row.parentElement.append(row);
}

document.addEventListener("htmx:beforeSwap", (event) => {
  if (!event.target.matches("[data-live]") || event.detail.xhr.status !== 200) return;
  const parts = keptOrders();
  if (!parts.length) return;
  const template = document.createElement("template");
  template.innerHTML = event.detail.serverResponse;
  for (const part of parts) {
    const incoming = template.content.getElementById(part.id);
    if (incoming) keepOrder(part, incoming);
  }
  event.detail.serverResponse = template.innerHTML;
});

document.addEventListener("htmx:configRequest", (event) => {
  if (!event.target.matches("[data-live]")) return;
  const shown = [...event.target.querySelectorAll("[data-run]")].map((row) => row.dataset.run);
  if (shown.length) event.detail.parameters.shown = shown.join(".");
});
