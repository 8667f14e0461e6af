// People who are ticked stay ticked from page to page of one view, as long as the tab is open. Only their numbers are kept.
const form = document.querySelector("[data-ticks]");
const most = Number(form.dataset.most);
const place = `ticks ${form.dataset.ticks}`;
const boxes = [...document.querySelectorAll("input[name=item][type=checkbox]")];
const ticked = new Set(JSON.parse(sessionStorage.getItem(place) || "[]"));
const bar = document.querySelector("[data-ticked]");
const kept = Object.assign(document.createElement("input"), { type: "hidden", name: "item" });
form.append(kept);

const questions = [...form.querySelectorAll("[data-ask]")].map((button) => [button, button.dataset.ask]);

// What is asked before something is done says with how many people.
function putNumber() {
  const count = `${ticked.size} ${ticked.size === 1 ? "person" : "people"}`;
  const whom = form.elements.which.value === "all" ? `all ${form.dataset.shown} people` : count;
  for (const [button, question] of questions) button.dataset.ask = question.replace("these people", whom);
}

function show() {
  const here = new Set(boxes.map((box) => box.value));
  for (const box of boxes) box.checked = ticked.has(box.value);
  const elsewhere = [...ticked].filter((item) => !here.has(item));
  kept.value = elsewhere.join(",");
  bar.hidden = false;
  const words = `${ticked.size} ticked${elsewhere.length ? `, ${elsewhere.length} of them on other pages` : ""}`;
  bar.querySelector("[role=status]").textContent =
    ticked.size < most ? words : `${words}. That is the most; filters choose more.`;
  sessionStorage.setItem(place, JSON.stringify([...ticked]));
  putNumber();
}

function tick(box, isTicked) {
  if (!isTicked) ticked.delete(box.value);
  else if (ticked.size < most) ticked.add(box.value);
}

let last = null;
for (const [at, box] of boxes.entries()) {
  box.addEventListener("click", (event) => {
    // With Shift, all between this and the last one.
    const [from, to] = event.shiftKey && last !== null ? [Math.min(at, last), Math.max(at, last)] : [at, at];
    for (const each of boxes.slice(from, to + 1)) tick(each, box.checked);
    last = at;
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
form.addEventListener("change", putNumber);
// Behind the question, which is asked on the document: whoever cancels keeps the ticks.
window.addEventListener("submit", (event) => {
  if (event.target === form && !event.defaultPrevented) sessionStorage.removeItem(place);
});
show();
