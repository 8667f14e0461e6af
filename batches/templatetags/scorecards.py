"""The numbers of scorecards, as tiles and as a table."""

from decimal import Decimal
from typing import Any

from django import template

from batches.reports.scorecards import Score
from batches.templatetags.numbers import NOTHING, money, number, percent

register = template.Library()

SCORE_COLUMNS = {
    "Lists": lambda score: number(score.lists),
    "People": lambda score: number(score.total),
    "Matched": lambda score: number(score.matched),
    "Match rate": lambda score: percent(score.match_rate),
    "Errors": lambda score: f"{number(score.error)}{f' ({score.error_share}%)' if score.error_share else ''}",
    "Phones per match": lambda score: or_nothing(score.phones_per_match),
    "Mobiles per match": lambda score: or_nothing(score.mobiles_per_match),
    "Usable mobiles per match": lambda score: or_nothing(score.usable_per_match),
    "Cached": lambda score: percent(score.cached_share),
    "Credits": lambda score: number(score.credits),
    "Credits per match": lambda score: or_nothing(score.credits_per_match),
    "Credits per usable mobile": lambda score: or_nothing(score.credits_per_usable),
}
"""Heading → the text of a score's cell."""
MONEY_COLUMNS = {
    "Cost": lambda score: money(score.cost),
    "Cost per match": lambda score: money(score.cost_per_match) or NOTHING,
    "Cost per usable mobile": lambda score: money(score.cost_per_usable) or NOTHING,
}
"""Columns shown only if a price per credit is set."""


@register.inclusion_tag("scorecards/_table.html")
def score_table(scores: list[Score], heading: str) -> dict[str, Any]:
    """Return a table of scores. `heading` is that of the first column, which holds their names."""
    columns = SCORE_COLUMNS | (MONEY_COLUMNS if scores and scores[0].cost is not None else {})
    rows = [(score, [format_cell(score) for format_cell in columns.values()]) for score in scores]
    return {"heading": heading, "headings": list(columns), "rows": rows}


@register.simple_tag
def score_tiles(score: Score) -> list[tuple[str, str]]:
    """Return the yield of one list per match, as numbers with their labels."""
    return [
        (or_nothing(score.phones_per_match), "phones per match"),
        (or_nothing(score.mobiles_per_match), "mobiles per match"),
        (or_nothing(score.usable_per_match), "usable mobiles per match"),
        (or_nothing(score.credits_per_match), f"credits per match{in_money(score.cost_per_match)}"),
        (or_nothing(score.credits_per_usable), f"credits per usable mobile{in_money(score.cost_per_usable)}"),
        (percent(score.cached_share), "of the matches were cached"),
    ]


def or_nothing(ratio: Decimal | None) -> str:
    return NOTHING if ratio is None else str(ratio)


def in_money(price: Decimal | None) -> str:
    return f" ({money(price)})" if price is not None else ""
