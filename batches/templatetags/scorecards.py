"""The numbers of scorecards as a table, and the bars of its cards."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

from django import template

from batches.reports.scorecards import Score
from batches.templatetags.numbers import DASH, cost, number, percent

register = template.Library()

MAX_BARS = 8
"""Maximum number of groups in a card. The table has all of them."""


class ScoreColumn(NamedTuple):
    """A column of the table."""

    heading: str
    label: str
    """What a number means without the heading above, for cards on phones."""
    format_cell: Callable[[Score], str]
    css: str = "n"


SCORE_COLUMNS: dict[str, list[ScoreColumn]] = {
    "People": [
        ScoreColumn("Traced", "People", lambda score: number(score.total)),
        ScoreColumn("Matched", "Matched", lambda score: number(score.matched), "n p2 off-narrow"),
        ScoreColumn("Rate", "Match rate", lambda score: percent(score.match_rate)),
        ScoreColumn("Errors", "Errors", lambda score: percent(score.error_share), "n p3 off-narrow"),
        ScoreColumn("Reached", "Right person reached", lambda score: number(score.right_parties), "n p2 off-narrow"),
    ],
    "Found per match": [
        ScoreColumn("Phones", "Phones per match", lambda score: or_dash(score.phones_per_match), "n p2 off-narrow"),
        ScoreColumn("Mobiles", "Mobiles per match", lambda score: or_dash(score.mobiles_per_match), "n p3 off-narrow"),
        ScoreColumn("Usable mobiles", "Usable mobiles per match", lambda score: or_dash(score.usable_per_match)),
    ],
    "Cost": [
        ScoreColumn("Total", "Cost", lambda score: cost(score.credits)),
        ScoreColumn("Per match", "Cost per match", lambda score: cost(score.credits_per_match), "n p2 off-narrow"),
        ScoreColumn("Per usable mobile", "Cost per usable mobile", lambda score: cost(score.credits_per_usable)),
        ScoreColumn("Per reached", "Cost per person reached", lambda score: cost(score.credits_per_right_party)),
        ScoreColumn("Free", "Matches answered free", lambda score: percent(score.cached_share), "n p3 off-narrow"),
    ],
}
"""What is counted → the columns with these numbers."""


class ScoreBar(NamedTuple):
    """A group's value in a card."""

    label: str
    value: str
    width: str
    """Percentage of the longest bar."""


@register.inclusion_tag("scorecards/_table.html")
def score_table(scores: list[Score], heading: str) -> dict[str, Any]:
    """Return a table of scores. `heading` is the heading of the first column, which contains their labels."""
    columns = [column for group in SCORE_COLUMNS.values() for column in group]
    rows = [(score, [(column, column.format_cell(score)) for column in columns]) for score in scores]
    return {"heading": heading, "groups": SCORE_COLUMNS.items(), "columns": columns, "rows": rows}


@register.simple_tag
def usable_bars(scores: list[Score]) -> list[ScoreBar]:
    """Return the usable mobiles per match of each group."""
    return draw_bars([(score.label, score.usable_per_match, or_dash(score.usable_per_match)) for score in scores])


@register.simple_tag
def cost_bars(scores: list[Score]) -> list[ScoreBar]:
    """Return what a usable mobile costs in each group."""
    return draw_bars([(score.label, score.credits_per_usable, cost(score.credits_per_usable)) for score in scores])


def draw_bars(values: list[tuple[str, Decimal | None, str]]) -> list[ScoreBar]:
    """Return bars for values, given as (label, value, text)."""
    longest = max((value or 0 for _, value, _ in values), default=0) or 1
    return [ScoreBar(label, text, f"{100 * (value or 0) / longest:.1f}") for label, value, text in values[:MAX_BARS]]


@register.filter
def share_of(part: int, whole: int) -> str:
    """Return a part as a percentage of the whole, for the width of a bar."""
    return f"{100 * part / whole:.1f}" if whole else "0"


def or_dash(ratio: Decimal | None) -> str:
    return DASH if ratio is None else f"{ratio:,}"
