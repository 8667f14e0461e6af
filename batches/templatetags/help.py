"""Question marks that lead to what a word means."""

from functools import cache

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from batches.meanings import Meaning, list_sections, make_anchor
from batches.tables.marks import draw_icon

register = template.Library()


@cache
def load_meanings() -> dict[str, Meaning]:
    return {meaning.anchor: meaning for _, meanings in list_sections() for meaning in meanings}


@register.simple_tag
def help_about(value: str, prefix: str = "") -> SafeString:
    """Return a question mark beside an outcome, verdict or status, by its stored value."""
    return help(make_anchor(f"{prefix} {value}"))


@register.simple_tag
@cache
def help(anchor: str) -> SafeString:
    """Return a question mark that leads to what a word means, such as `no-match`. Raise KeyError for other words.

    Pointing at it shows the meaning, so that most readers need not leave the page.
    """
    meaning = load_meanings()[anchor]
    return format_html(
        '<a class="help above" href="{}#{}" title="{}" aria-label="What “{}” means">{}</a>',
        reverse("help-words"),
        anchor,
        meaning.text,
        meaning.word,
        draw_icon("circle-help"),
    )
