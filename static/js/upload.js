// The way of a list from its file to its review. Without scripts all of it works as plain forms.

// Said to those who hear the page: often enough to know that it goes on, and no oftener.
let saidAt = 0;
function say(text, seconds = 0) {
  const said = document.getElementById("said");
  if (!said || !text || Date.now() - saidAt < seconds * 1000) return;
  saidAt = Date.now();
  said.textContent = text;
}

document.addEventListener("htmx:afterSettle", () => say(document.querySelector("[data-say]")?.textContent, 10));

// The file: chosen or dropped, looked at before anything of it is sent, and sent with what is seen of that.

const form = document.querySelector("form[data-transfer]");
const transfer = document.getElementById("transfer");
const part = (selector) => form.querySelector(selector);
const fileInput = () => part("input[type=file]");
const ADVICE = "Save the list as CSV (UTF-8) or as an XLSX workbook and choose that.";
let request = null;

function findUnit(bytes) {
  if (bytes < 1024) return { name: "bytes", size: 1 };
  return bytes < 1024 ** 2 ? { name: "KB", size: 1024 } : { name: "MB", size: 1024 ** 2 };
}

// 3.4 or 34: as exact as somebody who waits wants to know. Rounded up, where a limit is exceeded.
function count(bytes, unit, round = Math.round) {
  const number = bytes / unit.size;
  return number < 10 || round === Math.ceil ? round(number * 10) / 10 : round(number);
}

function describeSize(bytes, round) {
  const unit = findUnit(bytes);
  return `${count(bytes, unit, round)} ${unit.name}`;
}

// Why a file need not be sent at all, or nothing. One without a kind is left to the server.
function findProblem(file, input) {
  const kind = /\.[a-z0-9]{1,5}$/i.exec(file.name)?.[0].toLowerCase() || "";
  const most = Number(input.dataset.mostBytes);
  if (kind === ".xls") {
    return `“${file.name}” is an old Excel workbook. Open it, save it as “Excel Workbook (.xlsx)”, and choose that file.`;
  }
  if (kind && !input.accept.split(",").includes(kind))
    return `“${file.name}” is no list that can be read here. ${ADVICE}`;
  if (file.size > most) {
    const sizes = `${describeSize(file.size, Math.ceil)}; ${describeSize(most)} is the most`;
    return `“${file.name}” has ${sizes}. Split the list and upload one part after the other.`;
  }
  return file.size ? "" : `“${file.name}” is empty. ${ADVICE}`;
}

function refuse(problem) {
  const input = fileInput();
  part(".refusal").textContent = problem;
  input.setAttribute("aria-invalid", Boolean(problem));
  const described = [`${input.id}_helptext`, problem && "refusal"].filter(Boolean);
  input.setAttribute("aria-describedby", described.join(" "));
}

function showChosen() {
  const file = fileInput().files[0];
  const problem = file ? findProblem(file, fileInput()) : "";
  part(".drop .errorlist")?.remove();
  refuse(problem);
  part(".chosen").textContent = file && !problem ? `Chosen: ${file.name}, ${describeSize(file.size)}` : "";
  part("[name=name]").placeholder = file && !problem ? file.name.replace(/\.[^.]+$/, "") : "";
}

function take(dropped) {
  const isFolder = dropped.items[0]?.webkitGetAsEntry?.()?.isDirectory;
  const isOne = dropped.files.length === 1 && !isFolder;
  if (isOne) fileInput().files = dropped.files;
  else fileInput().value = "";
  showChosen();
  if (isFolder) refuse("This is a folder. Drop the file that is in it.");
  else if (!isOne) refuse("These are several files. Drop one: each list is a file of its own.");
  fileInput().focus();
}

function mark(drop) {
  part(".drop").classList.toggle("is-near", drop !== undefined);
  part(".drop").classList.toggle("is-over", Boolean(drop));
}

// Without a file there is nothing to be seen of the way, and it goes as a plain form.
function submit(event) {
  if (part(".refusal").textContent) {
    event.preventDefault();
    fileInput().focus();
  } else if (fileInput().files.length) {
    event.preventDefault();
    send(fileInput().files[0]);
  }
}

function send(file) {
  const body = new FormData(form);
  request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.setRequestHeader("HX-Request", "true");
  request.upload.addEventListener("progress", (event) => showSent(event.loaded / event.total, file.size));
  request.upload.addEventListener("load", () => showWaiting());
  request.addEventListener("load", finish);
  request.addEventListener("abort", () =>
    stop("The transfer was cancelled, and nothing was stored. The file is still chosen.", "secondary"),
  );
  request.addEventListener("error", () => stop(breakOff()));
  transfer.querySelector("h2").textContent = `Sending ${file.name}`;
  setSending(true);
  showSent(0, file.size);
  say(`Sending ${file.name}, ${describeSize(file.size)}`);
  request.send(body);
}

const askBeforeLeaving = (event) => event.preventDefault();

function setSending(isSending) {
  form.hidden = isSending;
  transfer.hidden = !isSending;
  transfer.querySelector("button").hidden = false;
  if (isSending) transfer.focus();
  if (isSending) window.addEventListener("beforeunload", askBeforeLeaving);
  else window.removeEventListener("beforeunload", askBeforeLeaving);
}

function showSent(share, size) {
  const unit = findUnit(size);
  const percent = Math.floor(100 * share);
  const text = `${count(share * size, unit)} of ${count(size, unit)} ${unit.name}, ${percent}%`;
  transfer.querySelector("progress").value = percent;
  transfer.querySelector(".transfer-text").textContent = text;
  say(text, 5);
}

function showWaiting() {
  const text = "Looking at the file…";
  transfer.querySelector("progress").removeAttribute("value");
  transfer.querySelector(".transfer-text").textContent = text;
  if (document.activeElement === transfer.querySelector("button")) transfer.focus();
  transfer.querySelector("button").hidden = true;
  say(text);
}

function finish() {
  const next = request.getResponseHeader("HX-Redirect");
  if (next) {
    window.removeEventListener("beforeunload", askBeforeLeaving);
    window.location.assign(next);
  } else if (new URL(request.responseURL).pathname === "/login/") {
    stop("You were logged out meanwhile. Log in in another tab, then try again here: the file is still chosen.");
  } else if (request.status === 422) {
    showRefused(request.responseText);
  } else {
    stop(`The server could not take the file (error ${request.status}). Nothing was stored; try again in a moment.`);
  }
}

function breakOff() {
  if (transfer.querySelector("progress").hasAttribute("value")) {
    return "The connection broke off before all of the file was sent, and nothing was stored. Try again: the file is still chosen. If it was changed or moved meanwhile, choose it anew.";
  }
  return "The file was sent, but no answer came. Look among the lists whether it is there before you try again.";
}

function stop(text, kind = "danger") {
  const alert = document.createElement("div");
  alert.className = `alert alert-${kind}`;
  alert.setAttribute("role", "alert");
  alert.tabIndex = -1;
  alert.textContent = text;
  setSending(false);
  part(".alert")?.remove();
  form.prepend(alert);
  alert.focus();
}

// The form comes back as the server has it, with what is wrong; a file that is not at fault stays chosen.
function showRefused(page) {
  const fresh = new DOMParser().parseFromString(page, "text/html").querySelector("form[data-transfer]");
  const files = fileInput().files;
  form.replaceChildren(...fresh.childNodes);
  const isAtFault = part(".drop .errorlist");
  if (!isAtFault) fileInput().files = files;
  setSending(false);
  part(".drop-hint").hidden = false;
  if (!isAtFault) showChosen();
  part(".alert")?.focus();
}

const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
const dropAt = (event) => event.target.closest?.(".drop") || null;

// A file that is dropped beside the area must not open in the place of the page.
function dragOver(event) {
  if (!holdsFiles(event)) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = dropAt(event) ? "copy" : "none";
  mark(dropAt(event));
}

function drop(event) {
  if (!holdsFiles(event)) return;
  event.preventDefault();
  mark(undefined);
  if (dropAt(event)) take(event.dataTransfer);
}

if (form) {
  part(".drop-hint").hidden = false;
  form.addEventListener("change", (event) => event.target === fileInput() && showChosen());
  form.addEventListener("submit", submit);
  transfer.querySelector("button").addEventListener("click", () => request.abort());
  document.addEventListener("dragover", dragOver);
  document.addEventListener("dragleave", (event) => event.relatedTarget || mark(undefined));
  document.addEventListener("drop", drop);
  // Back from the next page: as it was before the transfer.
  window.addEventListener("pageshow", (event) => event.persisted && setSending(false));
  if (fileInput().files.length) showChosen();
}

// The columns: what was chosen and not sent is there again after any way out and back. Places of columns and options
// only: what is typed may be about a person, and is not kept in the browser.

const columns = document.querySelector("form[data-keep]");

function chosenFields() {
  return [...columns.querySelectorAll("select, input[type=checkbox], input[type=number]")];
}

function keep() {
  const chosen = chosenFields().map((field) => (field.type === "checkbox" ? field.checked : field.value));
  sessionStorage.setItem(columns.dataset.keep, JSON.stringify(chosen));
}

function restore(chosen) {
  let isChanged = false;
  chosenFields().forEach((field, place) => {
    const name = field.type === "checkbox" ? "checked" : "value";
    if (field[name] === chosen[place]) return;
    field[name] = chosen[place];
    field.closest("details")?.setAttribute("open", "");
    isChanged = true;
  });
  if (isChanged) document.querySelector(".kept").hidden = false;
}

if (columns) {
  const kept = sessionStorage.getItem(columns.dataset.keep);
  if ("refused" in columns.dataset) keep();
  else if (kept) restore(JSON.parse(kept));
  columns.addEventListener("change", keep);
  // What is sent by the page's own forms is the server's to keep; a search or a way out leaves it here.
  document.querySelector("main").addEventListener("submit", (event) => {
    if (event.target.method === "post") sessionStorage.removeItem(columns.dataset.keep);
  });
}
