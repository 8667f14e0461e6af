// The bell: asks for what is new, says so, and shows it outside of the page where this browser's owner has allowed that.
const SEEN = "notices-seen"; // The newest notice that this browser has shown.
const CHOICE = "notices-here"; // "on" where its owner wants to be shown them.

// A browser may refuse to keep anything: then nothing is shown outside of the page.
const recall = (name) => {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
};
const keep = (name, value) => {
  try {
    localStorage.setItem(name, value);
  } catch {
    /* see above */
  }
};

// Whether it could be shown: phones have the permission, but not the way.
function showOutside(text, tag, url) {
  try {
    const shown = new Notification("skipportal", { body: text, tag });
    // In a tab of its own: this one may hold a form that is half filled in.
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
  return Notification.permission === "granted" && recall(CHOICE) === "on" ? "on" : "off";
};

const bell = document.querySelector("[data-bell]");
if (bell) {
  const link = () => bell.querySelector("a");

  const say = (text) => {
    // Emptied first: the same words once more would not be read out.
    const region = document.querySelector("[data-bell-says]");
    region.textContent = "";
    setTimeout(() => (region.textContent = text), 100);
  };

  const look = () => {
    const { ids, text, url } = link().dataset;
    const unread = ids.split(" ").filter(Boolean).map(Number);
    const seen = recall(SEEN);
    const fresh = unread.filter((id) => id > Number(seen));
    if (seen === null || fresh.length) keep(SEEN, unread[0] ?? 0);
    // On the first visit everything would be new.
    if (seen === null || !fresh.length) return;
    const words = fresh.length === 1 ? "1 new notice" : `${fresh.length} new notices`;
    say(words);
    if (readState() !== "on") return;
    if (fresh.length === 1) showOutside(text, `notice-${fresh[0]}`, url);
    else showOutside(`${words}. The latest: ${text}`, `notice-${fresh[0]}`, link().href);
  };

  bell.addEventListener("htmx:configRequest", (event) => {
    event.detail.headers["If-None-Match"] = link().dataset.etag;
  });
  bell.addEventListener("htmx:beforeSwap", (event) => {
    // Logged out meanwhile: the bell alone is no reason to take a page away that somebody may be writing on.
    if (new URL(event.detail.xhr.responseURL).pathname === "/login/") {
      event.detail.shouldSwap = false;
      event.stopPropagation();
    }
  });
  bell.addEventListener("htmx:afterSwap", look);
  look();
}

// The settings: a click, and nothing else, asks the browser for leave.
const choice = document.querySelector("[data-browser-notices]");
if (choice) {
  const button = choice.querySelector("button");
  let state;

  const show = (now) => {
    state = now;
    for (const words of choice.querySelectorAll("[data-state]")) words.hidden = words.dataset.state !== state;
    button.hidden = state === "blocked" || state === "missing";
    button.textContent = state === "on" ? button.dataset.whenOn : button.dataset.whenOff;
  };

  button.addEventListener("click", async () => {
    if (state === "on") {
      keep(CHOICE, "off");
      return show("off");
    }
    if ((await Notification.requestPermission()) === "granted") {
      keep(CHOICE, "on");
      if (!showOutside("New notices are shown like this.", "notices-on")) {
        keep(CHOICE, "off");
        return show("missing");
      }
    }
    show(readState());
  });
  show(readState());
}
