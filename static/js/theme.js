// Before the first paint: light or dark as the system is set, and the time zone in which this browser reads dates.
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const applyTheme = () => document.documentElement.setAttribute("data-bs-theme", dark.matches ? "dark" : "light");
dark.addEventListener("change", applyTheme);
applyTheme();
const browserZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
document.cookie = `browser-zone=${browserZone}; path=/; max-age=31536000; samesite=lax`;
