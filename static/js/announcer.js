// Tells screen readers about work in progress, just often enough to know that it goes on.
// Other modules dispatch an "announce" event on the document. It has a `text` and, optionally, the number of `seconds`
// that must have passed since the last announcement.

const region = document.getElementById("announcement");
let announcedAt = 0;

function announce({ text, seconds = 0 }) {
  if (!text || Date.now() - announcedAt < seconds * 1000) return;
  announcedAt = Date.now();
  region.textContent = text;
}

document.addEventListener("announce", (event) => announce(event.detail));

// A part of the page that was loaded again announces how far the work is.
document.addEventListener("htmx:afterSettle", () => {
  announce({ text: document.querySelector("[data-announcement]")?.textContent.trim(), seconds: 10 });
});
