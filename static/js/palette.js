// The search over the page. It opens on /, on Ctrl or ⌘ with K, and from the field in the bar. The arrow keys move
// through the suggestions, Enter opens one, and typing always continues in the field.
const palette = document.querySelector("#palette");
const field = palette?.querySelector("input");
const bar = document.querySelector("#search");

export function openPalette(text = "") {
  if (!palette || palette.open) return;
  field.value = text;
  palette.showModal();
  field.focus();
  htmx.trigger(field, "look");
}

const listSuggestions = () => [...palette.querySelectorAll("[data-suggestion]")];

// Whether the suggestions belong to what the field contains now, and not to what it contained a moment ago.
const isCurrent = () => palette.querySelector(".results").dataset.query === field.value.trim();

function move(event) {
  const stops = [field, ...listSuggestions()];
  const step = event.key === "ArrowDown" ? 1 : -1;
  const next = (stops.indexOf(document.activeElement) + step + stops.length) % stops.length;
  event.preventDefault();
  stops[next].focus();
}

if (palette) {
  palette.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") return move(event);
    // In a search field, the browser's own Escape clears the text first.
    if (event.key === "Escape") {
      event.preventDefault();
      return palette.close();
    }
    const isPress = event.key === " " && document.activeElement.matches("button");
    const isTyped = event.key.length === 1 && !isPress && !event.ctrlKey && !event.metaKey && !event.altKey;
    // The field receives the key, because it has the focus before the browser handles it.
    if (isTyped || event.key === "Backspace") field.focus();
  });
  palette.querySelector("form").addEventListener("submit", (event) => {
    const [first] = listSuggestions();
    if (!first || !isCurrent()) return;
    event.preventDefault();
    first.click();
  });
  palette.addEventListener("click", (event) => {
    if (event.target === palette || event.target.closest("[data-close]")) palette.close();
  });
  // A page that the browser shows again, after “Back”, has its dialog still open.
  window.addEventListener("pageshow", () => palette.close());
}

// Not on focus: a user who moves through the bar with the Tab key has not asked for the search.
bar?.addEventListener("click", () => openPalette(bar.value));
bar?.addEventListener("input", () => {
  openPalette(bar.value);
  bar.value = "";
});
