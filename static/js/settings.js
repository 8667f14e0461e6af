// On phones, the links of Settings are one long line: brings the current one into view.
document.querySelector(".side-nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
