// Lets parts of a page update themselves. Each asks every 1.5 seconds, and gets 304 as long as nothing has changed.

// Keep open what the user has opened.
Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, element) =>
  name !== "open" || element.tagName !== "DETAILS";

const etags = new WeakMap();
const indicator = document.querySelector("[data-live-state]");
let answeredAt = new Date();
const isLive = (element) => element.matches("[data-live]");

document.addEventListener("htmx:beforeRequest", (event) => {
  // While the tab is hidden, nothing is asked. Once it is shown again, the parts catch up.
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

// When the status of the list or batch changes, so do the buttons outside its live part: load the whole page again.
// While the reader is leaving the page, that would drop the link or form that was followed.
const LEAVING_SECONDS = 30;
let isLeaving = false;

function showStatus() {
  const live = document.querySelector("[data-status]");
  const shown = document.querySelector("[data-page-status]");
  if (!isLeaving && live && shown && live.dataset.status !== shown.dataset.pageStatus) window.location.reload();
}
document.addEventListener("htmx:afterSettle", showStatus);
window.addEventListener("beforeunload", () => {
  isLeaving = true;
  // After a link to a file, the reader is still here.
  setTimeout(() => {
    isLeaving = false;
    showStatus();
  }, LEAVING_SECONDS * 1000);
});

// What the tab shows besides the page: a part may name a title, an icon, and the word for being live.
const icon = document.querySelector("link[data-icon]");
const readState = () => document.querySelector("[data-page-title]")?.dataset;

function showState() {
  const state = readState();
  if (!state) return;
  document.title = state.pageTitle;
  if (icon && icon.getAttribute("href") !== state.pageIcon) icon.href = state.pageIcon;
}
document.addEventListener("htmx:afterSettle", showState);
showState();

// Shows since when the page has been out of date, until the next answer arrives.
function showFreshness(isFresh) {
  const isStale = document.body.classList.toggle("is-stale", !isFresh);
  if (!indicator) return;
  const status = indicator.querySelector("[role=status]");
  const word = readState()?.liveWord ?? "Live";
  indicator.hidden = false;
  indicator.querySelector(".dot").className = `dot ${isStale ? "warn" : word === "Live" ? "live" : "bad"}`;
  if (!isStale) answeredAt = new Date();
  const wasStale = status.textContent.startsWith("Not");
  if (isStale && !wasStale) status.textContent = `Not updated since ${formatTime(answeredAt)}`;
  if (!isStale && status.textContent !== word) status.textContent = word;
}

function formatTime(moment) {
  const day = moment.toDateString() === new Date().toDateString() ? {} : { month: "short", day: "numeric" };
  return moment.toLocaleString([], { ...day, hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

if (indicator && document.querySelector("[data-live]")) showFreshness(true);
