// The keys of the portal. The table below is also what the help shows.
import { openPalette } from "./palette.js";

const STORED_CHOICE = "single-keys"; // Holds "off" if the user has turned single keys off in this browser.
const GO_SECONDS = 1.5;

const press = (link) => link?.click();
const openSection = (name) =>
  press([...document.querySelectorAll(".nav-links a")].find((link) => link.textContent.trim() === name));

// A group's keys are: what is pressed, what it does, and the function. Two letters are pressed one after the other.
const KEYS = {
  Everywhere: [
    ["/", "Search people, lists, pages and actions", () => openPalette()],
    ["Ctrl K", "The same, also while you are typing (⌘ K on a Mac)"],
    ["?", "Show these keys", () => showKeys()],
    ["Esc", "Close what is open"],
  ],
  "Go to": [
    ["g d", "Dashboard", () => openSection("Dashboard")],
    ["g l", "Lists", () => openSection("Lists")],
    ["g p", "People", () => openSection("People")],
    ["g e", "Exports", () => openSection("Exports")],
    ["g r", "Reports", () => openSection("Reports")],
    ["u", "Upload a list", () => openUpload()],
  ],
  "In tables": [
    ["j", "Next row", () => moveRow(1)],
    ["k", "Previous row", () => moveRow(-1)],
    ["Enter", "Open the row"],
    ["x", "Tick the row, or untick it", () => tickRow()],
  ],
  "With one person": [
    ["j", "Next person"],
    ["k", "Previous person"],
  ],
};

function openUpload() {
  const address = document.querySelector("#palette")?.dataset.upload;
  if (address) window.location.assign(address);
}

function moveRow(step) {
  // On the page of one person, these keys go through the people of the table that the reader came from.
  const neighbour = document.querySelector(`main a[rel=${step > 0 ? "next" : "prev"}]:not(.pager a)`);
  if (neighbour) return press(neighbour);
  const rows = [...document.querySelectorAll("main table tbody tr")].filter((row) => row.checkVisibility());
  const links = rows.map((row) => row.querySelector("a.go") ?? row.querySelector("a[href]")).filter(Boolean);
  // Beside a table without an order of its own, the panel goes through the rows.
  const opened = links.findIndex((link) => link.closest("tr").matches(".open"));
  if (opened !== -1) return press(links[opened + step]);
  const current = links.findIndex((link) => link.closest("tr").contains(document.activeElement));
  const next = links[Math.max(0, Math.min(links.length - 1, current === -1 ? 0 : current + step))];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

function tickRow() {
  document.activeElement.closest("tr")?.querySelector("input[type=checkbox]")?.click();
}

// The help

const make = (tag, ...children) => {
  const element = document.createElement(tag);
  element.append(...children);
  return element;
};

function drawKeys() {
  return Object.entries(KEYS).map(([title, keys]) => {
    const rows = keys.map(([combination, meaning]) => {
      const parts = combination.split(" ").map((key) => make("kbd", key));
      const cell = make("dt", ...parts.flatMap((part, index) => (index ? [" ", part] : [part])));
      return make("div", cell, make("dd", meaning));
    });
    const group = make("section", make("h3", title), make("dl", ...rows));
    group.className = "key-group";
    return group;
  });
}

function showKeys() {
  const dialog = document.querySelector("#keys");
  if (!dialog || dialog.open) return;
  dialog.showModal();
}

// A browser may refuse to store anything. Then the choice holds for this page.
let hasSingleKeys = true;
try {
  hasSingleKeys = localStorage.getItem(STORED_CHOICE) !== "off";
} catch {
  /* It stays on. */
}

function chooseSingleKeys(isOn) {
  hasSingleKeys = isOn;
  try {
    localStorage.setItem(STORED_CHOICE, isOn ? "on" : "off");
  } catch {
    /* As above. */
  }
}

for (const place of document.querySelectorAll("[data-keys]")) place.append(...drawKeys());
for (const box of document.querySelectorAll("[data-single-keys]")) {
  box.checked = hasSingleKeys;
  box.addEventListener("change", () => {
    chooseSingleKeys(box.checked);
    for (const other of document.querySelectorAll("[data-single-keys]")) other.checked = box.checked;
  });
}
for (const button of document.querySelectorAll("[data-show-keys]")) button.addEventListener("click", showKeys);

// The keys themselves

const ACTIONS = Object.fromEntries(
  Object.values(KEYS)
    .flat()
    .filter(([, , act]) => act)
    .map(([combination, , act]) => [combination, act]),
);
const isTyping = (element) =>
  element.isContentEditable ||
  element.matches("textarea, select, input:not([type=checkbox], [type=radio], [type=button], [type=submit])");
let beginning = "";
let forgetting;

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
    event.preventDefault();
    return openPalette();
  }
  const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.repeat;
  if (!hasSingleKeys || !isPlain || isTyping(event.target) || document.querySelector("dialog[open]")) return;
  const combination = beginning + event.key.toLowerCase();
  const act = ACTIONS[combination];
  clearTimeout(forgetting);
  beginning = event.key === "g" && !beginning ? "g " : "";
  forgetting = setTimeout(() => {
    beginning = "";
  }, GO_SECONDS * 1000);
  if (!act) return;
  event.preventDefault();
  act();
});
