// Parts of a page that move. Each asks for itself every 1.5 seconds and is answered 304 while nothing has changed.
// What somebody has opened stays open.
Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, element) =>
  name !== "open" || element.tagName !== "DETAILS";

const etags = new WeakMap();
const state = document.querySelector("[data-live-state]");
let answeredAt = new Date();
const isLive = (element) => element.matches("[data-live]");

document.addEventListener("htmx:beforeRequest", (event) => {
  // Nobody looks: the next look brings all at once.
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
  const answered = [200, 304].includes(event.detail.xhr.status);
  if (event.detail.xhr.status === 200) etags.set(event.target, event.detail.xhr.getResponseHeader("ETag"));
  say(answered);
});

// Says since when what is shown is old. It goes on by itself as soon as an answer comes.
function say(isFresh) {
  const isStale = document.body.classList.toggle("is-stale", !isFresh);
  if (!state) return;
  const words = state.querySelector("[role=status]");
  state.hidden = false;
  state.querySelector(".dot").className = `dot dot-${isStale ? "missing" : "running"}`;
  if (!isStale) answeredAt = new Date();
  const old = words.textContent.startsWith("Not");
  if (isStale && !old) words.textContent = `Not updated since ${sayTime(answeredAt)}`;
  if (!isStale && old) words.textContent = "Live";
}

function sayTime(moment) {
  const day = moment.toDateString() === new Date().toDateString() ? {} : { month: "short", day: "numeric" };
  return moment.toLocaleString([], { ...day, hour: "2-digit", minute: "2-digit", second: "2-digit" });
}
if (state && document.querySelector("[data-live]")) state.hidden = false;
