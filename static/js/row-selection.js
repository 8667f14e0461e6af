// People who are selected stay selected from page to page of one view, as long as the tab is open. Only ids are kept.
const form = document.querySelector("[data-ticks]");
const maxTicked = Number(form.dataset.most);
const storageKey = `ticks ${form.dataset.ticks}`;
const boxes = [...document.querySelectorAll("input[name=item][type=checkbox]")];
const ticked = new Set(JSON.parse(sessionStorage.getItem(storageKey) || "[]"));
const bar = document.querySelector("[data-ticked]");
const elsewhereField = Object.assign(document.createElement("input"), { type: "hidden", name: "item" });
form.append(elsewhereField);

const questions = [...form.querySelectorAll("[data-ask]")].map((button) => [button, button.dataset.ask]);

// The question before an action says how many people it is about.
function updateQuestions() {
  const count = `${ticked.size} ${ticked.size === 1 ? "person" : "people"}`;
  const whom = form.elements.which.value === "all" ? `all ${form.dataset.shown} people` : count;
  for (const [button, question] of questions) button.dataset.ask = question.replace("these people", whom);
}

function show() {
  const here = new Set(boxes.map((box) => box.value));
  for (const box of boxes) box.checked = ticked.has(box.value);
  const elsewhere = [...ticked].filter((item) => !here.has(item));
  elsewhereField.value = elsewhere.join(",");
  bar.hidden = false;
  const summary = `${ticked.size} selected${elsewhere.length ? `, ${elsewhere.length} on other pages` : ""}`;
  bar.querySelector("[role=status]").textContent =
    ticked.size < maxTicked ? summary : `${summary}. This is the maximum; use the filters to select more.`;
  sessionStorage.setItem(storageKey, JSON.stringify([...ticked]));
  updateQuestions();
}

function tick(box, isTicked) {
  if (!isTicked) ticked.delete(box.value);
  else if (ticked.size < maxTicked) ticked.add(box.value);
}

let lastIndex = null;
for (const [index, box] of boxes.entries()) {
  box.addEventListener("click", (event) => {
    // With Shift, all boxes from the last one to this one.
    const other = event.shiftKey && lastIndex !== null ? lastIndex : index;
    const between = boxes.slice(Math.min(index, other), Math.max(index, other) + 1);
    for (const each of between) tick(each, box.checked);
    lastIndex = index;
    show();
  });
}
document.querySelector("[data-tick-page]").addEventListener("click", () => {
  for (const box of boxes) tick(box, true);
  show();
});
document.querySelector("[data-untick]").addEventListener("click", () => {
  ticked.clear();
  show();
});
form.addEventListener("change", updateQuestions);
// After the question, which is asked on the document: if it is cancelled, the selection stays.
window.addEventListener("submit", (event) => {
  if (event.target === form && !event.defaultPrevented) sessionStorage.removeItem(storageKey);
});
show();
