"""Filters that format numbers, amounts and percentages the same way on every page."""

from decimal import Decimal

from django import template
from django.contrib.humanize.templatetags.humanize import intcomma
from django.template.defaultfilters import floatformat

from batches.nouns import noun_for

register = template.Library()

NOTHING = "—"
"""Shown in place of an unknown number."""


@register.filter
def number(value: int | float | Decimal | None) -> str:
    """Return a number with thousands separators and at most one decimal; a dash for None."""
    if value is None or value == "":
        return NOTHING
    return f"{value:,}" if isinstance(value, int) else intcomma(floatformat(value))


@register.filter
def count(value: int | Decimal, noun: str) -> str:
    """Return a number with its noun: `1 row`, `2 rows`.

    `noun` is the singular, or the singular and an irregular plural separated by a comma: `person,people`.
    """
    return f"{number(value)} {noun_for(value, noun)}"


@register.filter
def money(value: Decimal | None) -> str:
    """Return an amount in dollars and cents; empty for None, which means that no price per credit is set."""
    return "" if value is None else f"${intcomma(floatformat(value, 2))}"


@register.filter
def percent(value: int | float | Decimal | None) -> str:
    """Return a percentage; a dash for None."""
    return NOTHING if value is None else f"{value}%"
