"""Filters that format numbers, amounts and percentages the same way on every page."""

from decimal import Decimal

from django import template
from django.contrib.humanize.templatetags.humanize import intcomma
from django.template.defaultfilters import floatformat

from batches.nouns import noun_for
from batches.tracing.credits import format_cost, format_money

register = template.Library()

DASH = "—"
"""Shown in place of an unknown number."""


@register.filter
def number(value: int | float | Decimal | None) -> str:
    """Return a number with thousands separators and at most one decimal; a dash for None."""
    if value is None or value == "":
        return DASH
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
    return "" if value is None else format_money(Decimal(value))


@register.filter
def cost(credits: Decimal | None) -> str:
    """Return what credits cost, in dollars and cents; as a number of credits if they have no price; a dash for None."""
    return DASH if credits is None else format_cost(Decimal(credits))


@register.filter
def percent(value: int | float | Decimal | None) -> str:
    """Return a percentage; a dash for None."""
    return DASH if value is None else f"{value}%"


@register.filter
def noun(value: int | Decimal, words: str) -> str:
    """Return only the noun of a `count`, for a number that is set apart."""
    return noun_for(value, words)
