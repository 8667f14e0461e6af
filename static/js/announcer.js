// What screen readers hear about work in progress: often enough to know that it goes on, and no more often.
// Other modules dispatch an "announce" event on the document, with `text` and perhaps `seconds` to keep since the last.

const region = document.getElementById("announcement");
let announcedAt = 0;

function announce({ text, seconds = 0 }) {
  if (!text || Date.now() - announcedAt < seconds * 1000) return;
  announcedAt = Date.now();
  region.textContent = text;
}

document.addEventListener("announce", (event) => announce(event.detail));

// A part of the page that was loaded again says how far it is.
document.addEventListener("htmx:afterSettle", () => {
  announce({ text: document.querySelector("[data-announcement]")?.textContent.trim(), seconds: 10 });
});
