// Shows the lines of a layout's columns as rows: a name, what it contains, and buttons to move and remove it.
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

list.addEventListener("input", writeText);
list.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const row = button.closest("li");
  if (button.matches("[data-up]")) row.previousElementSibling?.before(row);
  else if (button.matches("[data-down]")) row.nextElementSibling?.after(row);
  else row.remove();
  if (row.isConnected) button.focus();
  else addButton.focus();
  writeText();
});
addButton.addEventListener("click", () => {
  addRow("", "").querySelector("[data-name]").focus();
  writeText();
});
text.addEventListener("input", showRows);

showRows();
list.hidden = addButton.hidden = false;
details.open = text.getAttribute("aria-invalid") === "true";
