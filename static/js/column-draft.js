// Keeps column choices that were not submitted, for when the user comes back to the page. Only columns and options are
// kept: text that is typed may be about a person, and does not stay in the browser.

class ColumnDraft {
  constructor(form) {
    this.form = form;
    this.key = form.dataset.keep;
    form.addEventListener("change", () => this.save());
    // What a form on the page submits replaces these choices. A search or a link to another page leaves them here.
    document.querySelector("main").addEventListener("submit", (event) => {
      if (event.target.method === "post") sessionStorage.removeItem(this.key);
    });
  }

  get fields() {
    return [...this.form.querySelectorAll("select, input[type=checkbox], input[type=number]")];
  }

  save() {
    const values = this.fields.map((field) => [field.id, field.type === "checkbox" ? field.checked : field.value]);
    sessionStorage.setItem(this.key, JSON.stringify(Object.fromEntries(values)));
  }

  restore() {
    const values = JSON.parse(sessionStorage.getItem(this.key) ?? "{}");
    const changed = this.fields.filter((field) => field.id in values && restoreField(field, values[field.id]));
    if (!changed.length) return;
    document.querySelector(".kept").hidden = false;
    // Once htmx has started, update what the page shows about the choices.
    document.addEventListener("DOMContentLoaded", () => this.form.dispatchEvent(new Event("change")));
  }
}

// Returns whether the field had another value.
function restoreField(field, value) {
  const property = field.type === "checkbox" ? "checked" : "value";
  if (field[property] === value) return false;
  field[property] = value;
  for (let part = field.closest("details"); part; part = part.parentElement.closest("details")) part.open = true;
  return true;
}

const form = document.querySelector("form[data-keep]");
const draft = new ColumnDraft(form);
// A refused form shows what was sent, which is newer than what was kept.
if ("refused" in form.dataset) draft.save();
else draft.restore();
