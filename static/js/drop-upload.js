// Uploads the files that are dropped anywhere on a page with the form `drop-upload`, without the step in between.
const form = document.querySelector("#drop-upload");
const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");

if (form) {
  const input = form.querySelector("input[type=file]");
  const show = (isOver) => form.classList.toggle("over", isOver);

  document.addEventListener("dragover", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    show(true);
  });
  document.addEventListener("dragleave", (event) => event.relatedTarget || show(false));
  document.addEventListener("drop", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    show(false);
    if (!event.dataTransfer.files.length) return;
    input.files = event.dataTransfer.files;
    form.classList.add("sending");
    form.requestSubmit();
  });
  // A page that the browser shows again, after “Back”, no longer sends anything.
  window.addEventListener("pageshow", () => form.classList.remove("sending"));
}
