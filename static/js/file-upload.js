// Lets the user choose or drop the files of lists, checks them before they are sent, sends them one after the other,
// and shows the progress of each. Without scripts, the form works as a plain one.

const ADVICE = "Save the list as CSV (UTF-8) or as an XLSX workbook and choose that file.";

// A chosen file and its card on the page.
class FileCard {
  constructor(file, input) {
    this.file = file;
    this.next = "";
    this.problem = "";
    this.element = document.getElementById("file-card").content.firstElementChild.cloneNode(true);
    this.part(".file-name").textContent = file.name;
    this.removeButton.setAttribute("aria-label", `Remove ${file.name}`);
    this.showText(formatSize(file.size));
    this.showProblem(findProblem(file, input));
  }

  part(selector) {
    return this.element.querySelector(selector);
  }

  get removeButton() {
    return this.part(".icon-btn");
  }

  get cancelButton() {
    return this.part(".cancel");
  }

  get bar() {
    return this.part(".bar");
  }

  get canBeSent() {
    return !this.problem && !this.next;
  }

  showText(text) {
    this.part(".file-state").textContent = text;
  }

  showProblem(problem) {
    this.problem = problem;
    this.part(".error").hidden = !problem;
    this.part(".problem-text").textContent = problem;
    this.part(".disc").className = problem ? "disc bad" : "disc good";
    if (problem) this.showText(formatSize(this.file.size));
  }

  showSending(isSending) {
    this.removeButton.hidden = isSending || Boolean(this.next);
    this.cancelButton.hidden = !isSending;
    this.bar.toggleAttribute("hidden", !isSending);
  }

  showSent(share, startedAt) {
    const unit = findUnit(this.file.size);
    const percent = Math.floor(100 * share);
    const seconds = ((performance.now() - startedAt) / 1000) * (1 / share - 1);
    const left = share && percent < 100 ? ` · about ${formatSeconds(seconds)} left` : "";
    const text = `${inUnit(share * this.file.size, unit)} of ${inUnit(this.file.size, unit)} ${unit.name}${left}`;
    this.bar.setAttribute("aria-valuenow", percent);
    this.bar.firstElementChild.setAttribute("width", percent);
    this.showText(text);
    announce(text, 5);
  }

  showWaiting() {
    const text = "Checking the file…";
    this.bar.removeAttribute("aria-valuenow");
    this.cancelButton.hidden = true;
    this.showText(text);
    announce(text);
  }

  showReceived(next) {
    this.next = next;
    this.showText("Uploaded");
    this.removeButton.hidden = true;
  }
}

class FileUpload {
  constructor(form) {
    this.form = form;
    this.cards = [];
    this.request = null;
    form.addEventListener("change", (event) => event.target === this.input && this.add([...this.input.files]));
    form.addEventListener("submit", (event) => this.submit(event));
    form.addEventListener("click", (event) => this.press(event.target.closest("button")));
    document.addEventListener("dragover", (event) => this.dragOver(event));
    document.addEventListener("dragleave", (event) => event.relatedTarget || this.endDrag());
    document.addEventListener("drop", (event) => this.drop(event));
    // If the user comes back from the next page, show the form as it was before the upload.
    window.addEventListener("pageshow", (event) => event.persisted && this.startAgain());
    if (this.input.files.length) this.add([...this.input.files]);
  }

  // Looks up a part of the form each time, because the server replaces all of them if it refuses the form.
  part(selector) {
    return this.form.querySelector(selector);
  }

  get input() {
    return this.part("input[type=file]");
  }

  get list() {
    return this.part(".files");
  }

  // Choosing

  // Adds files to those that are already chosen. A file of the same name replaces the earlier one, and any file
  // replaces those that were refused.
  add(files) {
    const names = files.map((file) => file.name);
    const isKept = (card) => card.canBeSent && this.input.multiple && !names.includes(card.file.name);
    const kept = this.cards.filter((card) => card.next || isKept(card));
    this.cards = [...kept, ...files.map((file) => new FileCard(file, this.input))];
    this.part(".file-errors").replaceChildren();
    this.showRefusal("");
    this.showCards();
  }

  remove(card) {
    this.cards = this.cards.filter((other) => other !== card);
    this.showCards();
    this.input.focus();
  }

  showCards() {
    const { list, input } = this;
    const chosen = new DataTransfer();
    for (const card of this.cards) if (card.canBeSent) chosen.items.add(card.file);
    input.files = chosen.files;
    input.setAttribute(
      "aria-invalid",
      this.cards.some((card) => card.problem),
    );
    list.replaceChildren(...this.cards.map((card) => card.element));
    list.hidden = !this.cards.length;
    this.form.classList.toggle("has-files", this.cards.length > 0);
    const [card] = this.cards;
    this.part("[name=name]").placeholder = this.cards.length === 1 ? card.file.name.replace(/\.[^.]+$/, "") : "";
  }

  showRefusal(text) {
    this.part(".refusal").textContent = text;
    this.part(".refusal").hidden = !text;
  }

  press(button) {
    const card = this.cards.find((each) => each.element.contains(button));
    if (card && button === card.removeButton) this.remove(card);
    if (card && button === card.cancelButton) this.request.abort();
  }

  // Dropping

  // Prevents a file that is dropped beside the area from opening in place of the page.
  dragOver(event) {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    const isInside = isInDropArea(event);
    event.dataTransfer.dropEffect = isInside ? "copy" : "none";
    this.part(".drop").classList.toggle("over", isInside);
  }

  endDrag() {
    this.part(".drop").classList.remove("over");
  }

  drop(event) {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    this.endDrag();
    if (isInDropArea(event)) this.accept(event.dataTransfer);
  }

  accept(dropped) {
    const items = [...dropped.items].filter((item) => item.kind === "file");
    const isFolder = items.map((item) => Boolean(item.webkitGetAsEntry?.()?.isDirectory));
    const files = [...dropped.files].filter((_, index) => !isFolder[index]);
    if (files.length > 1 && !this.input.multiple) {
      this.showRefusal("Please drop one file. It replaces the list's current file.");
    } else {
      if (files.length) this.add(files);
      if (isFolder.includes(true)) this.showRefusal("This is a folder. Drop the files inside it.");
    }
    this.input.focus();
  }

  // Sending

  // Without a file, there is no progress to show, so the form is sent as a plain one.
  submit(event) {
    if (this.cards.some((card) => card.canBeSent)) {
      event.preventDefault();
      this.sendAll();
    } else if (this.cards.length) {
      event.preventDefault();
      this.input.focus();
    }
  }

  async sendAll() {
    this.part(".outcome")?.remove();
    this.setSending(true);
    let isStopped = false;
    for (const card of this.cards.filter((each) => each.canBeSent)) {
      isStopped = !(await this.send(card));
      card.showSending(false);
      if (isStopped) break;
    }
    this.setSending(false);
    this.showCards();
    if (this.cards.every((card) => card.next)) this.leave();
    else if (!isStopped) this.showResult();
  }

  // Sends one file. Returns whether the next one should be sent.
  send(card) {
    const body = new FormData(this.form);
    body.set("file", card.file);
    if (this.cards.length > 1) body.set("is_one_of_several", "on");
    const request = new XMLHttpRequest();
    const startedAt = performance.now();
    this.request = request;
    request.open("POST", this.form.action);
    request.setRequestHeader("HX-Request", "true");
    request.upload.addEventListener("progress", (event) => card.showSent(event.loaded / event.total, startedAt));
    request.upload.addEventListener("load", () => card.showWaiting());
    card.showSending(true);
    card.showSent(0, startedAt);
    announce(`Uploading ${card.file.name}, ${formatSize(card.file.size)}`);
    return new Promise((resolve) => {
      request.addEventListener("load", () => resolve(this.finish(card)));
      request.addEventListener("abort", () => resolve(this.stop(card, this.cancelledMessage(), "")));
      request.addEventListener("error", () => resolve(this.stop(card, failureMessage(card))));
      request.send(body);
    });
  }

  setSending(isSending) {
    for (const part of this.form.querySelectorAll(".drop, .details, .sample, .foot-bar")) part.inert = isSending;
    for (const card of this.cards) card.removeButton.hidden = isSending || Boolean(card.next);
    if (isSending) this.list.focus();
    if (isSending) window.addEventListener("beforeunload", askBeforeLeaving);
    else window.removeEventListener("beforeunload", askBeforeLeaving);
  }

  finish(card) {
    const { status, responseText, responseURL } = this.request;
    const next = this.request.getResponseHeader("HX-Redirect");
    if (next) {
      card.showReceived(next);
      return true;
    }
    if (new URL(responseURL).pathname === "/login/") {
      return this.stop(
        card,
        "You were logged out. Log in from another tab, then try again here. The file is still selected.",
      );
    }
    if (status === 422) return this.showRefused(card, responseText);
    // The cookies have expired or were deleted. Trying again cannot help, because the page's token no longer counts.
    if (status === 403) {
      return this.stop(card, "You were away too long. Reload this page, log in, and choose the file again.");
    }
    return this.stop(
      card,
      `The server could not accept the file (error ${status}). Nothing was saved. Try again in a moment.`,
    );
  }

  // Goes to the next page: about one list, or about all lists that were uploaded.
  leave() {
    window.location.assign(mergeAddresses(this.cards.map((card) => card.next)));
  }

  // Says how many files became lists, if others were refused.
  showResult() {
    const received = this.cards.filter((card) => card.next);
    if (!received.length) {
      this.list.querySelector(".error:not([hidden])").focus();
      return;
    }
    const count = received.length === 1 ? "1 list was uploaded." : `${received.length} lists were uploaded.`;
    const note = makeNote(`${count} The other files could not be read.`, "warn");
    const link = document.createElement("a");
    link.className = "btn s";
    link.href = mergeAddresses(received.map((card) => card.next));
    link.textContent = received.length === 1 ? "Check its columns" : "Check their columns";
    note.append(link);
    this.form.prepend(note);
    note.focus();
  }

  cancelledMessage() {
    const received = this.cards.filter((card) => card.next).length;
    const kept = received
      ? "The files before it are uploaded. The others are still selected."
      : "Nothing was saved, and";
    return received ? `Upload cancelled. ${kept}` : `Upload cancelled. ${kept} the file is still selected.`;
  }

  // Shows why sending has stopped. Returns false, because the next file must not be sent.
  stop(card, text, look = "bad") {
    card.showText(formatSize(card.file.size));
    const note = makeNote(text, look);
    this.form.prepend(note);
    // The form can have the focus only once it is no longer inert.
    setTimeout(() => note.focus());
    return false;
  }

  // Shows why the server has refused a file or, if another field is at fault, the form as the server returned it. Then
  // the files stay selected. Returns whether the next file should be sent.
  showRefused(card, page) {
    const newForm = new DOMParser().parseFromString(page, "text/html").querySelector("form[data-transfer]");
    const problem = newForm.querySelector(".file-errors").textContent.trim();
    if (problem) {
      card.showProblem(problem);
      return true;
    }
    this.form.replaceChildren(...newForm.childNodes);
    card.showText(formatSize(card.file.size));
    this.showCards();
    setTimeout(() => this.part("[role=alert][tabindex]")?.focus());
    return false;
  }

  startAgain() {
    for (const card of this.cards) {
      card.next = "";
      card.showText(formatSize(card.file.size));
    }
    this.setSending(false);
    this.showCards();
  }
}

const askBeforeLeaving = (event) => event.preventDefault();
const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
const isInDropArea = (event) => Boolean(event.target.closest?.(".drop"));

function announce(text, seconds) {
  document.dispatchEvent(new CustomEvent("announce", { detail: { text, seconds } }));
}

function makeNote(text, look) {
  const note = document.createElement("div");
  note.className = `note outcome ${look}`.trim();
  note.setAttribute("role", "alert");
  note.tabIndex = -1;
  const paragraph = document.createElement("p");
  paragraph.textContent = text;
  note.append(paragraph);
  return note;
}

function failureMessage(card) {
  if (card.bar.hasAttribute("aria-valuenow")) {
    return (
      "The connection was lost before the whole file was sent. Nothing was saved, and the file is still selected. " +
      "Try again. If you changed or moved the file, select it again."
    );
  }
  return (
    "The file was sent, but the server did not answer. " + "Check whether the list is under Lists before you try again."
  );
}

// Returns the address of the page about several lists from the addresses for each of them.
function mergeAddresses(addresses) {
  if (addresses.length === 1) return addresses[0];
  const [first, ...others] = addresses.map((address) => new URL(address, window.location.href));
  const ids = [first, ...others].map((address) => address.searchParams.get("list"));
  return `${first.pathname}?list=${ids.join(",")}`;
}

function findUnit(bytes) {
  if (bytes < 1024) return { name: "bytes", size: 1 };
  return bytes < 1024 ** 2 ? { name: "KB", size: 1024 } : { name: "MB", size: 1024 ** 2 };
}

// Returns 3.4 or 34, which is precise enough for a user who waits. The size of a file that exceeds the limit is rounded
// up to one decimal, so that it never looks like an allowed one.
function inUnit(bytes, unit, round = Math.round) {
  const number = bytes / unit.size;
  return number < 10 || round === Math.ceil ? round(number * 10) / 10 : round(number);
}

function formatSize(bytes, round) {
  const unit = findUnit(bytes);
  return `${inUnit(bytes, unit, round)} ${unit.name}`;
}

function formatSeconds(seconds) {
  const rounded = Math.max(1, Math.round(seconds));
  if (rounded < 100) return rounded === 1 ? "1 second" : `${rounded} seconds`;
  return `${Math.round(rounded / 60)} minutes`;
}

// Returns why the server would refuse a file, or "". A file without a suffix is left to the server.
function findProblem(file, input) {
  const suffix = /\.[a-z0-9]{1,5}$/i.exec(file.name)?.[0].toLowerCase() || "";
  const maxBytes = Number(input.dataset.maxBytes);
  if (suffix && !input.accept.split(",").includes(suffix)) {
    return `“${file.name}” can't be read as a list. ${ADVICE}`;
  }
  if (file.size > maxBytes) {
    const sizes = `${formatSize(file.size, Math.ceil)}, above the limit of ${formatSize(maxBytes)}`;
    return `“${file.name}” is ${sizes}. Split the list and upload it in parts.`;
  }
  return file.size ? "" : `“${file.name}” is empty. ${ADVICE}`;
}

new FileUpload(document.querySelector("form[data-transfer]"));
