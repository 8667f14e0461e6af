// The bell: announces new notices, and shows them outside the page if the user has allowed that.
const NEWEST_SEEN_KEY = "notices-seen"; // Holds the id of the newest notice that this browser has shown.
const CHOICE_KEY = "notices-here"; // Holds "on" if the user wants notices to be shown in this browser.

// A browser may refuse to store anything. Then nothing is shown outside the page.
const readStored = (name) => {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
};
const store = (name, value) => {
  try {
    localStorage.setItem(name, value);
  } catch {
    /* The browser refuses, as above. */
  }
};

// Shows a notice and returns whether that was possible: phones grant the permission but have no such constructor.
function showOutside(text, tag, url) {
  try {
    const shown = new Notification("skipportal", { body: text, tag });
    // Open it in a new tab, because this one may contain a half-completed form.
    shown.addEventListener("click", () => {
      shown.close();
      if (url && !window.open(url)) window.location.assign(url);
    });
    return true;
  } catch {
    return false;
  }
}

const readState = () => {
  if (!("Notification" in window)) return "missing";
  if (Notification.permission === "denied") return "blocked";
  return Notification.permission === "granted" && readStored(CHOICE_KEY) === "on" ? "on" : "off";
};

const bell = document.querySelector("[data-bell]");
if (bell) {
  const link = () => bell.querySelector("a");

  const announce = (text) => {
    // Empty the region first, because the same text would not be read out again.
    const region = document.querySelector("[data-bell-says]");
    region.textContent = "";
    setTimeout(() => (region.textContent = text), 100);
  };

  const showNew = () => {
    const { ids, text, url } = link().dataset;
    const unread = ids.split(" ").filter(Boolean).map(Number);
    const newestSeen = readStored(NEWEST_SEEN_KEY);
    const newIds = unread.filter((id) => id > Number(newestSeen));
    if (newestSeen === null || newIds.length) store(NEWEST_SEEN_KEY, unread[0] ?? 0);
    // On the first visit, every notice would count as new.
    if (newestSeen === null || !newIds.length) return;
    const summary = newIds.length === 1 ? "1 new notice" : `${newIds.length} new notices`;
    announce(summary);
    if (readState() !== "on") return;
    if (newIds.length === 1) showOutside(text, `notice-${newIds[0]}`, url);
    else showOutside(`${summary}. The latest: ${text}`, `notice-${newIds[0]}`, link().href);
  };

  bell.addEventListener("htmx:configRequest", (event) => {
    event.detail.headers["If-None-Match"] = link().dataset.etag;
  });
  bell.addEventListener("htmx:beforeSwap", (event) => {
    // The user is logged out. Do not leave the page only because of the bell: the user may be typing.
    if (new URL(event.detail.xhr.responseURL).pathname === "/login/") {
      event.detail.shouldSwap = false;
      event.stopPropagation();
    }
  });
  bell.addEventListener("htmx:afterSwap", showNew);
  showNew();
}

// On the settings page: ask the browser for permission only after a click.
const choice = document.querySelector("[data-browser-notices]");
if (choice) {
  const button = choice.querySelector("button");
  let state;

  const show = (newState) => {
    state = newState;
    for (const text of choice.querySelectorAll("[data-state]")) text.hidden = text.dataset.state !== state;
    button.hidden = state === "blocked" || state === "missing";
    button.textContent = state === "on" ? button.dataset.whenOn : button.dataset.whenOff;
  };

  button.addEventListener("click", async () => {
    if (state === "on") {
      store(CHOICE_KEY, "off");
      return show("off");
    }
    if ((await Notification.requestPermission()) === "granted") {
      store(CHOICE_KEY, "on");
      if (!showOutside("New notices will look like this.", "notices-on")) {
        store(CHOICE_KEY, "off");
        return show("missing");
      }
    }
    show(readState());
  });
  show(readState());
}
