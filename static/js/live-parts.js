// Parts of a page that update themselves. Each asks every 1.5 seconds, and is answered 304 while nothing has changed.

// What a user has opened stays open.
Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, element) =>
  name !== "open" || element.tagName !== "DETAILS";

const etags = new WeakMap();
const indicator = document.querySelector("[data-live-state]");
let answeredAt = new Date();
const isLive = (element) => element.matches("[data-live]");

document.addEventListener("htmx:beforeRequest", (event) => {
  // The tab is hidden; the next poll catches up.
  if (isLive(event.target) && document.hidden) event.preventDefault();
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  for (const part of document.querySelectorAll("[data-live]")) htmx.trigger(part, "look");
});

document.addEventListener("htmx:configRequest", (event) => {
  const etag = isLive(event.target) && etags.get(event.target);
  if (etag) event.detail.headers["If-None-Match"] = etag;
});

document.addEventListener("htmx:afterRequest", (event) => {
  if (!isLive(event.target)) return;
  const isAnswered = [200, 304].includes(event.detail.xhr.status);
  if (event.detail.xhr.status === 200) etags.set(event.target, event.detail.xhr.getResponseHeader("ETag"));
  showFreshness(isAnswered);
});

// When the status of the list or batch changes, its buttons do too: the whole page is loaded again.
document.addEventListener("htmx:afterSettle", (event) => {
  const live = event.target.closest("[data-status]") || event.target.querySelector("[data-status]");
  const shown = document.querySelector("[data-page-status]");
  if (live && shown && live.dataset.status !== shown.dataset.pageStatus) window.location.reload();
});

// Says since when the page is out of date. It recovers by itself as soon as an answer comes.
function showFreshness(isFresh) {
  const isStale = document.body.classList.toggle("is-stale", !isFresh);
  if (!indicator) return;
  const status = indicator.querySelector("[role=status]");
  indicator.hidden = false;
  indicator.querySelector(".dot").className = `dot dot-${isStale ? "missing" : "running"}`;
  if (!isStale) answeredAt = new Date();
  const wasStale = status.textContent.startsWith("Not");
  if (isStale && !wasStale) status.textContent = `Not updated since ${formatTime(answeredAt)}`;
  if (!isStale && wasStale) status.textContent = "Live";
}

function formatTime(moment) {
  const day = moment.toDateString() === new Date().toDateString() ? {} : { month: "short", day: "numeric" };
  return moment.toLocaleString([], { ...day, hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

if (indicator && document.querySelector("[data-live]")) indicator.hidden = false;
