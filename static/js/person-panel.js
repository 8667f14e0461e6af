// Opens a person of the table in a panel beside it. The address becomes that of the person's page, which is what a
// reload or a shared address shows. On narrow windows, and with a modifier key, the links open the page itself.
const panel = document.querySelector("[data-person-panel]");
const isWide = window.matchMedia("(min-width: 1000px)");
const tableAddress = window.location.href;
const tableTitle = document.title;
const load = { source: panel, target: panel, swap: "innerHTML" };
// A request that another has replaced is rejected.
const request = (...options) => htmx.ajax(...options).catch(() => {});
let shown = ""; // The address of the person in the panel.
let place = 0; // The position of that person's row, for when it leaves the table.

const pathOf = (address) => new URL(address, window.location.href).pathname;
const listLinks = () => [...document.querySelectorAll("table.people a.go")];
const findLink = () => listLinks().find((link) => link.pathname === pathOf(shown));

function markRow() {
  const links = listLinks();
  const current = shown && findLink();
  for (const link of links) link.closest("tr").classList.toggle("open", link === current);
  if (current) place = links.indexOf(current);
}

function show(address) {
  shown = address;
  panel.hidden = false;
  panel.setAttribute("aria-busy", "true");
  markRow();
  return request("GET", address, load);
}

// Gives the heading the focus, so that it is read out.
function showLoaded() {
  const { address, title } = panel.querySelector("[data-title]")?.dataset ?? {};
  if (pathOf(address ?? shown) !== pathOf(shown)) return;
  panel.removeAttribute("aria-busy");
  document.title = title ?? tableTitle;
  panel.scrollTop = 0;
  panel.querySelector("h2")?.focus();
}

function hide() {
  const links = listLinks();
  const back = findLink() ?? links[Math.min(place, links.length - 1)];
  shown = "";
  panel.hidden = true;
  panel.replaceChildren();
  document.title = tableTitle;
  markRow();
  back?.focus();
}

function open(address) {
  const state = { person: address };
  if (panel.hidden) window.history.pushState(state, "", address);
  else window.history.replaceState(state, "", address);
  show(address);
}

const close = () => window.history.back();

// Loads the row of a person about whom something was recorded. If it no longer matches the filters, it goes.
function refreshRow() {
  const row = findLink()?.closest("tr");
  const select = `tr:has(a.go[href^="${pathOf(shown)}"])`;
  // For htmx, the page of a list is only its live part, which has no rows.
  const headers = { "HX-Request": "false" };
  if (row) request("GET", tableAddress, { source: row, target: row, swap: "outerHTML", select, headers }).then(markRow);
}

// Sends a form of the panel, and shows the person again. Someone who has left the table keeps the way to the next one.
async function send(form, action) {
  const address = shown;
  const neighbors = panel.querySelector("[data-neighbors]");
  await request("POST", action, { ...load, source: form });
  if (shown !== address) return;
  if (neighbors) panel.querySelector("[data-neighbors]:empty")?.replaceWith(neighbors);
  refreshRow();
}

function start() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("table.people a.go, [data-person-panel] a[rel]");
    const isPlain = !event.button && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
    if (event.target.closest?.("[data-person-panel] [data-close-panel]")) close();
    if (!link || !isPlain || !isWide.matches) return;
    event.preventDefault();
    open(link.href);
  });
  // Listens on the window, after the question about the form, which is asked on the document.
  window.addEventListener("submit", (event) => {
    if (event.defaultPrevented || !panel.contains(event.target)) return;
    event.preventDefault();
    const { target: form, submitter } = event;
    send(form, submitter?.getAttribute("formaction") ?? form.getAttribute("action"));
  });
  // Listens before menus do, so that Escape closes an open menu or dialog first. Words in a field are not lost.
  window.addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Escape" || panel.hidden || document.querySelector("dialog[open], details.menu[open]")) return;
      if (event.target.matches("input:not([type=hidden], [type=checkbox]), textarea") && event.target.value) return;
      close();
    },
    true,
  );
  window.addEventListener("popstate", ({ state }) => {
    if (state?.person) show(state.person);
    else if (!panel.hidden) hide();
  });
  panel.addEventListener("htmx:afterSwap", ({ target }) => target === panel && showLoaded());
  // Whatever cannot be shown here is shown by the page itself.
  for (const kind of ["htmx:responseError", "htmx:sendError"]) {
    panel.addEventListener(kind, () => window.location.assign(shown));
  }
}

// Readers who may not see contact details have no panel.
if (panel) start();
