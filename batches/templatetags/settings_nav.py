"""The links at the side of Settings."""

from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from batches.tables.marks import draw_icon

register = template.Library()

BEGINNINGS = {
    "account_": "security",
    "mfa_": "security",
    "socialaccount_": "security",
    "team": "team",
    "endpoint": "endpoints",
    "purpose": "purposes",
    "sending": "sending",
    "token": "tokens",
    "vendor-account": "vendor-accounts",
}
"""Beginning of a URL name → the page of Settings that leads there."""


@register.simple_tag(takes_context=True)
def settings_link(context: dict[str, Any], label: str, url_name: str, icon: str) -> SafeString:
    """Return a link to a page of Settings, marked if the current page is that page or belongs to it."""
    match = context["request"].resolver_match
    is_current = bool(match) and find_section(match.url_name or "") == url_name
    mark = SafeString(' aria-current="page"' if is_current else "")
    return format_html('<a href="{}"{}>{}{}</a>', reverse(url_name), mark, draw_icon(icon), label)


def find_section(url_name: str) -> str:
    return next((page for beginning, page in BEGINNINGS.items() if url_name.startswith(beginning)), url_name)


@register.simple_tag(takes_context=True)
def theme_button(context: dict[str, Any], value: str, label: str, icon: str) -> SafeString:
    """Return a button that chooses a theme. In a small control, only its icon is shown."""
    is_chosen = (context.get("theme") or "system") == value
    css = ' class="sr"' if context.get("size") == "s" else ""
    return format_html(
        '<button class="plain" name="theme" value="{}" title="{}" aria-pressed="{}">{}<span{}>{}</span></button>',
        value,
        label,
        "true" if is_chosen else "false",
        draw_icon(icon),
        SafeString(css),
        label,
    )
