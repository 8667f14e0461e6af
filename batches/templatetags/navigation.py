"""The links of the navigation bar."""

from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

SECTIONS = {
    "scorecard": "reports",
    "reconciliation": "reports",
    "spend": "reports",
    "scrub": "reports",
    "audit": "reports",
    "retention": "settings",
    "forget": "settings",
    "erasure": "settings",
    "find": "items",
    "upload": "uploads",
    "batch": "uploads",
    "in-doubt": "uploads",
    "item": "items",
    "shared": "items",
    "layout": "layouts",
    "suppress": "suppressions",
    "unmatched": "unmatched-deliveries",
    "team": "team",
}
"""Part of a URL name → the section of the pages with such names. The first match wins."""
EXPORT_SECTIONS = ("exports", "layouts")


@register.simple_tag(takes_context=True)
def nav_link(context: dict[str, Any], label: str, section: str) -> SafeString:
    """Return a link to a section, marked if the current page belongs to it."""
    match = context["request"].resolver_match
    current = find_section(match.url_name or "") if match else ""
    mark = ' aria-current="page"' if current == section else ""
    return format_html('<a href="{}"{}>{}</a>', reverse(section), SafeString(mark), label)


def find_section(url_name: str) -> str:
    """Return the section that a page belongs to, as the URL name of the section's first page."""
    section = next((section for part, section in SECTIONS.items() if part in url_name), url_name)
    return "exports" if section in EXPORT_SECTIONS else section
