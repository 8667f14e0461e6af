// Keeps people selected from page to page of one view, as long as the tab is open. Only their ids are stored.
const form = document.querySelector("[data-ticks]");
const maxTicked = Number(form.dataset.maxTicked);
const storageKey = `ticks ${form.dataset.ticks}`;
// The panel of a person replaces the row of that person, so boxes are looked for each time.
const listBoxes = () => [...form.querySelectorAll("input[name=item][type=checkbox]")];
const ticked = new Set(JSON.parse(sessionStorage.getItem(storageKey) || "[]"));
const bar = form.querySelector(".selection");
const all = form.querySelector("[data-all]");
const status = form.querySelector("[data-count]");
// Sends the ids of people who are selected on other pages.
const elsewhereField = Object.assign(document.createElement("input"), { type: "hidden", name: "item" });
// Selects everyone on the page, from the head of the table.
const headBox = Object.assign(document.createElement("input"), { type: "checkbox", className: "tick" });
const questions = [...form.querySelectorAll("[data-ask]")].map((button) => [button, button.dataset.ask]);

// Makes the question before each action say how many people it is about.
function updateQuestions() {
  const count = `${ticked.size} ${ticked.size === 1 ? "person" : "people"}`;
  const whom = all?.checked ? `all ${form.dataset.shown} people` : count;
  for (const [button, question] of questions) button.dataset.ask = question.replace("these people", whom);
}

function describe(elsewhere) {
  if (all?.checked) return `All ${form.dataset.shown} selected`;
  const summary = `${ticked.size} selected${elsewhere ? `, ${elsewhere} on other pages` : ""}`;
  return ticked.size < maxTicked ? summary : `${summary}. This is the maximum; use the filters to select more.`;
}

function show() {
  const boxes = listBoxes();
  const here = new Set(boxes.map((box) => box.value));
  for (const box of boxes) box.checked = ticked.has(box.value);
  const elsewhere = [...ticked].filter((item) => !here.has(item));
  elsewhereField.value = elsewhere.join(",");
  const shown = boxes.filter((box) => box.checked).length;
  headBox.checked = shown > 0 && shown === boxes.length;
  headBox.indeterminate = shown > 0 && shown < boxes.length;
  bar.classList.toggle("on", ticked.size > 0 || Boolean(all?.checked));
  status.textContent = describe(elsewhere.length);
  sessionStorage.setItem(storageKey, JSON.stringify([...ticked]));
  updateQuestions();
}

function tick(box, isTicked) {
  if (!isTicked) ticked.delete(box.value);
  else if (ticked.size < maxTicked) ticked.add(box.value);
}

function start() {
  form.append(elsewhereField);
  headBox.setAttribute("aria-label", "Select everyone on this page");
  form.querySelector("th.a-tick")?.replaceChildren(headBox);
  headBox.addEventListener("click", () => {
    for (const box of listBoxes()) tick(box, headBox.checked);
    show();
  });
  let lastIndex = null;
  form.addEventListener("click", (event) => {
    const boxes = listBoxes();
    const index = boxes.indexOf(event.target);
    if (index < 0) return;
    // With Shift, tick or untick all boxes from the last one to this one.
    const start = event.shiftKey && lastIndex !== null ? lastIndex : index;
    const between = boxes.slice(Math.min(index, start), Math.max(index, start) + 1);
    for (const other of between) tick(other, boxes[index].checked);
    lastIndex = index;
    show();
  });
  form.addEventListener("htmx:load", show);
  form.querySelector("[data-untick]").addEventListener("click", () => {
    ticked.clear();
    if (all) all.checked = false;
    show();
    headBox.focus();
  });
  all?.addEventListener("change", show);
  // Listens on the window, so that it runs after the question, which is asked on the document. If the user cancels
  // there, the selection stays.
  window.addEventListener("submit", (event) => {
    if (event.target === form && !event.defaultPrevented) sessionStorage.removeItem(storageKey);
  });
  show();
}

// Readers who may do nothing with people have no bar.
if (bar) start();
