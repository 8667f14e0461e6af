// The bell: asks for new notices, announces them, and shows them outside the page if the user has allowed that.
const SEEN = "notices-seen"; // The newest notice that this browser has shown.
const CHOICE = "notices-here"; // "on" if the user wants notices to be shown in this browser.

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
    /* see above */
  }
};

// Returns whether the notice could be shown: phones grant the permission, but have no such constructor.
function showOutside(text, tag, url) {
  try {
    const shown = new Notification("skipportal", { body: text, tag });
    // In a new tab: this one may hold a form that is half filled in.
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
  return Notification.permission === "granted" && readStored(CHOICE) === "on" ? "on" : "off";
};

const bell = document.querySelector("[data-bell]");
if (bell) {
  const link = () => bell.querySelector("a");

  const announce = (text) => {
    // Emptied first, because the same text again would not be read out.
    const region = document.querySelector("[data-bell-says]");
    region.textContent = "";
    setTimeout(() => (region.textContent = text), 100);
  };

  const showNew = () => {
    const { ids, text, url } = link().dataset;
    const unread = ids.split(" ").filter(Boolean).map(Number);
    const seen = readStored(SEEN);
    const fresh = unread.filter((id) => id > Number(seen));
    if (seen === null || fresh.length) store(SEEN, unread[0] ?? 0);
    // On the first visit, every notice would be new.
    if (seen === null || !fresh.length) return;
    const summary = fresh.length === 1 ? "1 new notice" : `${fresh.length} new notices`;
    announce(summary);
    if (readState() !== "on") return;
    if (fresh.length === 1) showOutside(text, `notice-${fresh[0]}`, url);
    else showOutside(`${summary}. The latest: ${text}`, `notice-${fresh[0]}`, link().href);
  };

  bell.addEventListener("htmx:configRequest", (event) => {
    event.detail.headers["If-None-Match"] = link().dataset.etag;
  });
  bell.addEventListener("htmx:beforeSwap", (event) => {
    // Logged out: the bell alone is no reason to take away a page on which a user may be typing.
    if (new URL(event.detail.xhr.responseURL).pathname === "/login/") {
      event.detail.shouldSwap = false;
      event.stopPropagation();
    }
  });
  bell.addEventListener("htmx:afterSwap", showNew);
  showNew();
}

// The settings: only a click asks the browser for permission.
const choice = document.querySelector("[data-browser-notices]");
if (choice) {
  const button = choice.querySelector("button");
  let state;

  const show = (now) => {
    state = now;
    for (const text of choice.querySelectorAll("[data-state]")) text.hidden = text.dataset.state !== state;
    button.hidden = state === "blocked" || state === "missing";
    button.textContent = state === "on" ? button.dataset.whenOn : button.dataset.whenOff;
  };

  button.addEventListener("click", async () => {
    if (state === "on") {
      store(CHOICE, "off");
      return show("off");
    }
    if ((await Notification.requestPermission()) === "granted") {
      store(CHOICE, "on");
      if (!showOutside("New notices will look like this.", "notices-on")) {
        store(CHOICE, "off");
        return show("missing");
      }
    }
    show(readState());
  });
  show(readState());
}
