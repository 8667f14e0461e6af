// Removes messages about what has worked after six seconds, unless the user points at them or has the focus in them.
const SECONDS = 6;

function watch(toast) {
  let timer;
  const start = () => {
    timer = setTimeout(() => toast.remove(), SECONDS * 1000);
  };
  const stop = () => clearTimeout(timer);
  toast.addEventListener("pointerenter", stop);
  toast.addEventListener("focusin", stop);
  toast.addEventListener("pointerleave", start);
  toast.addEventListener("focusout", start);
  toast.querySelector("[data-close]").addEventListener("click", () => toast.remove());
  start();
}

for (const toast of document.querySelectorAll("[data-toast]")) watch(toast);
document.addEventListener("htmx:afterSwap", ({ target }) => {
  for (const toast of target.querySelectorAll("[data-toast]")) watch(toast);
});
