"""Marks that show a state: icons, dots and chips. A word always stands beside them."""

from functools import cache

from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

DOT_LOOKS = {
    "matched": "good",
    "complete": "good",
    "closed": "good",
    "done": "good",
    "filed": "good",
    "same": "good",
    "sent": "good",
    "running": "live",
    "checking": "live",
    "submitting": "live",
    "acknowledged": "live",
    "error": "bad",
    "invalid": "bad",
    "failed": "bad",
    "refused": "bad",
    "other": "bad",
    "nobody": "bad",
    "blocked": "bad",
    "security": "bad",
    "books": "bad",
    "budget": "warn",
    "budget_used": "bad",
    "missing": "warn",
    "perhaps": "warn",
    "unconfirmed": "warn",
    "paused": "warn",
    "draft": "warn",
    "ready": "warn",
    "approval": "warn",
    "declined": "warn",
    "waiting": "warn",
    "pending": "wait",
    "planned": "wait",
    "no_match": "",
    "duplicate": "",
    "suppressed": "",
    "company": "",
    "cancelled": "",
    "dissolved": "",
    "aside": "",
    "reused": "",
}
"""Status, outcome, verdict or kind of notice → the look of its dot in `static/css/components.css`. Empty is grey."""

CHIP_LOOKS = {
    "checking": ("", "loader"),
    "draft": ("warn", "columns-3"),
    "ready": ("warn", "list-checks"),
    "approval": ("warn", "stamp"),
    "waiting": ("", "clock"),
    "running": ("", ""),
    "paused": ("", "pause"),
    "complete": ("", "check"),
    "cancelled": ("", "circle-x"),
    "declined": ("warn", "circle-x"),
    "failed": ("bad", "circle-x"),
    "urgent": ("", "chevrons-up"),
    "call": ("good", "circle-check"),
    "check": ("warn", "circle-help"),
    "disconnected": ("", "phone-off"),
    "wrong_number": ("", "phone-off"),
    "do_not_call": ("bad", "ban"),
    "same": ("good", "user-check"),
    "perhaps": ("warn", "circle-help"),
    "other": ("bad", "user-x"),
}
"""Status, priority, standing of a number or verdict → the look and icon of its chip. Without an icon, it has a dot."""
SOLID_ICONS = {"pause", "play"}


@cache
def draw_icon(name: str, css: str = "") -> SafeString:
    """Return an icon of the sprite. Screen readers skip it, so a word or a label must say the same."""
    classes = " ".join(filter(None, ["i", "solid" if name in SOLID_ICONS else "", css]))
    address = f"{static('icons.svg')}#i-{name}"
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}"/></svg>', classes, address)


@cache
def draw_dot(value: str) -> SafeString:
    """Return a dot in the colour of a status or outcome. Unknown values are grey."""
    classes = " ".join(filter(None, ["dot", DOT_LOOKS.get(value, "")]))
    return format_html('<span class="{}" aria-hidden="true"></span>', classes)


def draw_state(value: str, label: str) -> SafeString:
    """Return a status or outcome as a dot and a word, for tables."""
    return format_html('<span class="with-icon nowrap">{}{}</span>', draw_dot(value), label)


def draw_chip(value: str, label: str) -> SafeString:
    """Return a status, priority or standing as a chip, for titles and the names of rows."""
    look, icon = CHIP_LOOKS.get(value, ("", ""))
    classes = " ".join(filter(None, ["chip", look]))
    return format_html('<span class="{}">{}{}</span>', classes, draw_icon(icon) if icon else draw_dot(value), label)
