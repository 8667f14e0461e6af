// Keeps column choices that were not submitted, for when the user comes back to the page. Only columns and options are
// kept. Text that was typed may be about a person, so it must not stay in the browser.

class ColumnDraft {
  constructor(form) {
    this.form = form;
    this.key = form.dataset.keep;
    form.addEventListener("change", () => this.save());
    // Once a form is submitted, the server keeps the choices. After a search or a link, only this browser has them.
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

// Sets a field and opens the parts of the page around it. Returns whether it had another value before.
function restoreField(field, value) {
  const property = field.type === "checkbox" ? "checked" : "value";
  if (field[property] === value) return false;
  field[property] = value;
  let details = field.closest("details");
  while (details) {
    details.open = true;
    details = details.parentElement.closest("details");
  }
  return true;
}

const form = document.querySelector("form[data-keep]");
const draft = new ColumnDraft(form);
// A refused form shows the choices that were sent, which are newer than the kept ones.
if ("refused" in form.dataset) draft.save();
else draft.restore();
