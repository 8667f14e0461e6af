// Shows the lines of a layout's columns as rows: a name, what it contains, a handle to drag it, and buttons to move and
// remove it.
// The lines of the text field are what is saved, so the text stays complete and can be edited too.

const form = document.querySelector("[data-layout-columns]");
const text = form.elements.namedItem("columns");
const list = form.querySelector("[data-column-rows]");
const template = form.querySelector("[data-column-row]");
const details = form.querySelector("[data-column-text]");
const addButton = form.querySelector("[data-add-column]");

const readLines = () =>
  text.value
    .split("\n")
    .filter((line) => line.trim())
    .map((line) => {
      const separator = line.includes(" = ") ? " = " : "=";
      const [name, ...rest] = line.split(separator);
      return [name.trim(), rest.join(separator).trim()];
    });

// Adds a row. A field that the list does not offer, such as phone_3_type, becomes an option of its own.
function addRow(name, field) {
  const row = template.content.firstElementChild.cloneNode(true);
  row.querySelector("[data-name]").value = name;
  const select = row.querySelector("[data-field]");
  if (field && ![...select.options].some((option) => option.value === field)) select.add(new Option(field, field));
  select.value = field || select.options[0].value;
  list.append(row);
  return row;
}

function writeText() {
  text.value = [...list.children]
    .map((row) => `${row.querySelector("[data-name]").value} = ${row.querySelector("[data-field]").value}`)
    .join("\n");
}

function showRows() {
  list.replaceChildren();
  for (const [name, field] of readLines()) addRow(name, field);
}

// Saves the rows in the text, and loads the preview again.
function update() {
  writeText();
  form.dispatchEvent(new Event("input"));
}

function announceMove(row) {
  const rows = [...list.children];
  const name = row.querySelector("[data-name]").value || "Column";
  const text = `${name}: position ${rows.indexOf(row) + 1} of ${rows.length}`;
  document.dispatchEvent(new CustomEvent("announce", { detail: { text } }));
}

list.addEventListener("input", writeText);
list.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const row = button.closest("li");
  if (button.matches("[data-up]")) row.previousElementSibling?.before(row);
  else if (button.matches("[data-down]")) row.nextElementSibling?.after(row);
  else row.remove();
  if (row.isConnected) {
    button.focus();
    announceMove(row);
  } else addButton.focus();
  update();
});

const middleOf = (row) => {
  const { top, height } = row.getBoundingClientRect();
  return top + height / 2;
};

// Moves the rows around the dragged one, which itself must stay where it is in the document to keep the pointer.
function dragTo(row, y) {
  while (row.nextElementSibling && y > middleOf(row.nextElementSibling)) row.before(row.nextElementSibling);
  while (row.previousElementSibling && y < middleOf(row.previousElementSibling)) row.after(row.previousElementSibling);
  row.scrollIntoView({ block: "nearest" });
}

list.addEventListener("pointerdown", (event) => {
  const grip = event.target.closest("[data-grip]");
  if (!grip || event.button) return;
  event.preventDefault();
  const row = grip.closest("li");
  const rowsBefore = [...list.children];
  const listeners = new AbortController();
  const on = (target, type, listener) => target.addEventListener(type, listener, { signal: listeners.signal });
  const end = () => {
    listeners.abort();
    row.classList.remove("dragged");
  };
  const cancel = () => {
    end();
    list.replaceChildren(...rowsBefore);
  };
  grip.setPointerCapture(event.pointerId);
  row.classList.add("dragged");
  on(grip, "pointermove", ({ clientY }) => dragTo(row, clientY));
  on(grip, "pointercancel", cancel);
  on(document, "keydown", ({ key }) => key === "Escape" && cancel());
  on(grip, "pointerup", () => {
    end();
    if (rowsBefore.every((each, position) => each === list.children[position])) return;
    announceMove(row);
    update();
  });
});
addButton.addEventListener("click", () => {
  addRow("", "").querySelector("[data-name]").focus();
  update();
});
text.addEventListener("input", showRows);

showRows();
list.hidden = addButton.hidden = false;
details.open = text.getAttribute("aria-invalid") === "true";
