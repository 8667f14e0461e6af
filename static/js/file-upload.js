// The file of a list: chosen or dropped, checked before anything of it is sent, and sent with its progress shown.
// Without scripts, or if the server cannot show progress, the form works as a plain one.

const ADVICE = "Save the list as CSV (UTF-8) or as an XLSX workbook and choose that file.";

class FileUpload {
  constructor(form, panel) {
    this.form = form;
    this.panel = panel;
    this.request = null;
    form.addEventListener("change", (event) => event.target === this.input && this.showChosen());
    form.addEventListener("submit", (event) => this.submit(event));
    this.cancelButton.addEventListener("click", () => this.request.abort());
    document.addEventListener("dragover", (event) => this.dragOver(event));
    document.addEventListener("dragleave", (event) => event.relatedTarget || this.endDrag());
    document.addEventListener("drop", (event) => this.drop(event));
    // Back from the next page: as it was before the upload.
    window.addEventListener("pageshow", (event) => event.persisted && this.setSending(false));
    this.showHint();
    if (this.input.files.length) this.showChosen();
  }

  // The form is replaced as a whole if the server refuses it: its parts are looked up each time.
  part(selector) {
    return this.form.querySelector(selector);
  }

  get input() {
    return this.part("input[type=file]");
  }

  get cancelButton() {
    return this.panel.querySelector("button");
  }

  get progress() {
    return this.panel.querySelector("progress");
  }

  // Choosing

  showHint() {
    this.part(".drop-hint").hidden = false;
  }

  showChosen() {
    const file = this.input.files[0];
    const problem = file ? findProblem(file, this.input) : "";
    const isGood = file && !problem;
    this.part(".drop .errorlist")?.remove();
    this.showProblem(problem);
    this.part(".chosen").textContent = isGood ? `Selected: ${file.name}, ${formatSize(file.size)}` : "";
    this.part("[name=name]").placeholder = isGood ? file.name.replace(/\.[^.]+$/, "") : "";
  }

  showProblem(problem) {
    this.part(".refusal").textContent = problem;
    this.input.setAttribute("aria-invalid", Boolean(problem));
    const described = [`${this.input.id}_helptext`, problem && "refusal"].filter(Boolean);
    this.input.setAttribute("aria-describedby", described.join(" "));
  }

  // Dropping

  // A file that is dropped beside the area must not open in place of the page.
  dragOver(event) {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    const isInside = isInDropArea(event);
    event.dataTransfer.dropEffect = isInside ? "copy" : "none";
    this.part(".drop").classList.add("is-near");
    this.part(".drop").classList.toggle("is-over", isInside);
  }

  endDrag() {
    this.part(".drop").classList.remove("is-near", "is-over");
  }

  drop(event) {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    this.endDrag();
    if (isInDropArea(event)) this.accept(event.dataTransfer);
  }

  accept(dropped) {
    const isFolder = dropped.items[0]?.webkitGetAsEntry?.()?.isDirectory;
    const isOne = dropped.files.length === 1 && !isFolder;
    if (isOne) this.input.files = dropped.files;
    else this.input.value = "";
    this.showChosen();
    if (isFolder) this.showProblem("This is a folder. Drop the file inside it.");
    else if (!isOne) this.showProblem("Please drop one file at a time. Each list is one file.");
    this.input.focus();
  }

  // Sending

  // Without a file there is no progress to show, and the form is sent as a plain one.
  submit(event) {
    if (this.part(".refusal").textContent) {
      event.preventDefault();
      this.input.focus();
    } else if (this.input.files.length) {
      event.preventDefault();
      this.send(this.input.files[0]);
    }
  }

  send(file) {
    const body = new FormData(this.form);
    const request = new XMLHttpRequest();
    this.request = request;
    request.open("POST", this.form.action);
    request.setRequestHeader("HX-Request", "true");
    request.upload.addEventListener("progress", (event) => this.showSent(event.loaded / event.total, file.size));
    request.upload.addEventListener("load", () => this.showWaiting());
    request.addEventListener("load", () => this.finish());
    request.addEventListener("abort", () =>
      this.stop("Upload cancelled. Nothing was saved, and the file is still selected.", "secondary"),
    );
    request.addEventListener("error", () => this.stop(this.failureMessage()));
    this.panel.querySelector("h2").textContent = `Uploading ${file.name}`;
    this.setSending(true);
    this.showSent(0, file.size);
    announce(`Uploading ${file.name}, ${formatSize(file.size)}`);
    request.send(body);
  }

  setSending(isSending) {
    this.form.hidden = isSending;
    this.panel.hidden = !isSending;
    this.cancelButton.hidden = false;
    if (isSending) this.panel.focus();
    if (isSending) window.addEventListener("beforeunload", askBeforeLeaving);
    else window.removeEventListener("beforeunload", askBeforeLeaving);
  }

  showText(text) {
    this.panel.querySelector(".transfer-text").textContent = text;
  }

  showSent(share, size) {
    const unit = findUnit(size);
    const percent = Math.floor(100 * share);
    const text = `${inUnit(share * size, unit)} of ${inUnit(size, unit)} ${unit.name}, ${percent}%`;
    this.progress.value = percent;
    this.showText(text);
    announce(text, 5);
  }

  showWaiting() {
    const text = "Checking the file…";
    this.progress.removeAttribute("value");
    this.showText(text);
    if (document.activeElement === this.cancelButton) this.panel.focus();
    this.cancelButton.hidden = true;
    announce(text);
  }

  finish() {
    const { status, responseText, responseURL } = this.request;
    const next = this.request.getResponseHeader("HX-Redirect");
    if (next) {
      window.removeEventListener("beforeunload", askBeforeLeaving);
      window.location.assign(next);
    } else if (new URL(responseURL).pathname === "/login/") {
      this.stop("You were logged out. Log in from another tab, then try again here. The file is still selected.");
    } else if (status === 422) {
      this.showRefused(responseText);
    } else {
      this.stop(`The server could not accept the file (error ${status}). Nothing was saved. Try again in a moment.`);
    }
  }

  failureMessage() {
    if (this.progress.hasAttribute("value")) {
      return (
        "The connection was lost before the whole file was sent. Nothing was saved, and the file is still selected. " +
        "Try again. If you changed or moved the file, select it again."
      );
    }
    return (
      "The file was sent, but the server did not answer. " +
      "Check whether the list is under Lists before you try again."
    );
  }

  stop(text, look = "danger") {
    const alert = document.createElement("div");
    alert.className = `alert alert-${look}`;
    alert.setAttribute("role", "alert");
    alert.tabIndex = -1;
    alert.textContent = text;
    this.setSending(false);
    this.part(".alert")?.remove();
    this.form.prepend(alert);
    alert.focus();
  }

  // The form comes back as the server has it, with what is wrong. A file that is not at fault stays selected.
  showRefused(page) {
    const fresh = new DOMParser().parseFromString(page, "text/html").querySelector("form[data-transfer]");
    const files = this.input.files;
    this.form.replaceChildren(...fresh.childNodes);
    const isAtFault = this.part(".drop .errorlist");
    if (!isAtFault) this.input.files = files;
    this.setSending(false);
    this.showHint();
    if (!isAtFault) this.showChosen();
    this.part(".alert")?.focus();
  }
}

const askBeforeLeaving = (event) => event.preventDefault();
const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
const isInDropArea = (event) => Boolean(event.target.closest?.(".drop"));

function announce(text, seconds) {
  document.dispatchEvent(new CustomEvent("announce", { detail: { text, seconds } }));
}

function findUnit(bytes) {
  if (bytes < 1024) return { name: "bytes", size: 1 };
  return bytes < 1024 ** 2 ? { name: "KB", size: 1024 } : { name: "MB", size: 1024 ** 2 };
}

// 3.4 or 34: as precise as a user who waits needs. Rounded up for a file that is over the limit.
function inUnit(bytes, unit, round = Math.round) {
  const number = bytes / unit.size;
  return number < 10 || round === Math.ceil ? round(number * 10) / 10 : round(number);
}

function formatSize(bytes, round) {
  const unit = findUnit(bytes);
  return `${inUnit(bytes, unit, round)} ${unit.name}`;
}

// Returns why a file need not be sent at all, or "". A file without a suffix is left to the server.
function findProblem(file, input) {
  const suffix = /\.[a-z0-9]{1,5}$/i.exec(file.name)?.[0].toLowerCase() || "";
  const maxBytes = Number(input.dataset.mostBytes);
  if (suffix && !input.accept.split(",").includes(suffix)) {
    return `“${file.name}” can't be read as a list. ${ADVICE}`;
  }
  if (file.size > maxBytes) {
    const sizes = `${formatSize(file.size, Math.ceil)}, above the limit of ${formatSize(maxBytes)}`;
    return `“${file.name}” is ${sizes}. Split the list and upload it in parts.`;
  }
  return file.size ? "" : `“${file.name}” is empty. ${ADVICE}`;
}

new FileUpload(document.querySelector("form[data-transfer]"), document.getElementById("transfer"));
