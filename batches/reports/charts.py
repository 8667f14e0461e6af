"""Turn numbers into the shapes of SVG charts. Pure: no database."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from batches.tracing.counts import Counts

MAX_BARS_KEPT = 1_000
"""How many bars are kept as they were drawn."""
MAX_CELLS = 60
"""Maximum number of batches drawn one by one. If there are more, those with the same status are drawn as one."""
BAR = '<svg class="bar {}" viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>'
PART = '<rect class="{}" x="{}" width="{}" height="8"></rect>'
GAP = 0.5
"""Space between two outcomes, as a percentage of the bar."""
OUTCOME_FILLS = {"matched": "f-good", "no_match": "f-none", "error": "f-bad", "missing": "f-warn"}
"""Outcome → the class of its part of a bar."""
PLURALS = {"error": "errors"}


def draw_bar(counts: Counts, css_class: str = "") -> SafeString:
    """Return a bar of outcomes as SVG. `css_class` is an additional class.

    It is drawn without a template, because a page has up to two hundred bars, and not again while its numbers are the
    same. Outcomes without people are included, so that the bar can be animated when they appear.
    """
    return draw_outcomes(css_class, counts.total, counts.matched, counts.no_match, counts.error, counts.missing)


@lru_cache(maxsize=MAX_BARS_KEPT)
def draw_outcomes(css_class: str, total: int, matched: int, no_match: int, error: int, missing: int) -> SafeString:
    """Return a bar of the numbers of people with each outcome."""
    counts = Counts(total=total, matched=matched, no_match=no_match, error=error, missing=missing)
    start, parts = 0.0, []
    for outcome, fill in OUTCOME_FILLS.items():
        width = 100 * getattr(counts, outcome) / counts.total if counts.total else 0
        gap = GAP if width > 2 * GAP and start + width < 100 else 0
        parts.append((fill, f"{start:.2f}", f"{width - gap:.2f}"))
        start += width
    return format_html(BAR, css_class, describe_counts(counts), format_html_join("", PART, parts))


def describe_counts(counts: Counts) -> str:
    """Return the numbers of a bar, as text for screen readers. Outcomes without people are left out."""
    names = {
        "matched": "matched",
        "no_match": "no match",
        "error": "errors",
        "missing": "missing",
        "pending": "waiting",
    }
    numbers = ((getattr(counts, outcome), name) for outcome, name in names.items())
    words = [f"{number:,} {'error' if (number, name) == (1, 'errors') else name}" for number, name in numbers if number]
    return f"{counts.percent}% done: {', '.join(words) or 'nobody to trace'}"


def draw_step(start: int, count: int, whole: int, fill: str) -> SafeString:
    """Return a bar with one filled step: `count` of a whole, after the first `start`. The numbers stand beside it."""
    x, width = (100 * value / whole if whole else 0 for value in (start, count))
    part = format_html(PART, fill, f"{x:.2f}", f"{width:.2f}")
    shape = '<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">{}</svg>'
    return format_html(shape, part)


def draw_share(part: Decimal | float, whole: Decimal | float, label: str, warn_from: float = 0.8) -> SafeString:
    """Return a thin bar that shows a part of a whole. It warns when most of the whole is used."""
    share = min(float(part) / float(whole), 1) if whole else 0
    fill = "f-bad" if share >= 1 else "f-warn" if share >= warn_from else "f-good"
    return format_html(BAR, "thin", label, format_html(PART, fill, 0, f"{100 * share:.1f}"))


@dataclass(frozen=True)
class Cell:
    """One cell of a strip: a batch, or all batches with one status."""

    status: str
    x: float
    width: float
    fill: float = 0
    """Share of people done, from 0 to 1."""

    @property
    def is_partly_done(self) -> bool:
        """Whether the cell is shown partly filled."""
        return 0 < self.fill < 1

    @property
    def top(self) -> str:
        return f"{1 - self.fill:.2f}"

    @property
    def height(self) -> str:
        return f"{self.fill:.2f}"


@dataclass(frozen=True)
class Strip:
    """The batches of a list, in order."""

    cells: list[Cell]
    width: float
    states: list[tuple[str, str, int]]
    """For each status that occurs: the status, its label and the number of batches."""


def build_strip(batches: Sequence[tuple[str, float, int]], labels: Mapping[str, str]) -> Strip:
    """Lay out the cells of a strip, each given as (status, share done from 0 to 1, number of batches).

    `labels` maps statuses to labels, in display order. Cells have a minimum width, so that one refused batch among ten
    thousand is visible.
    """
    counts_by_status: Counter[str] = Counter()
    for status, _, batch_count in batches:
        counts_by_status[status] += batch_count
    min_width, x = sum(counts_by_status.values()) / MAX_CELLS, 0.0
    cells: list[Cell] = []
    for status, done, batch_count in batches:
        width = round(max(batch_count, min_width), 2)
        cells.append(Cell(status, x, width, done))
        x = round(x + width, 2)
    states = [(status, label, counts_by_status[status]) for status, label in labels.items() if counts_by_status[status]]
    return Strip(cells, width=x, states=states)


PLOT_MINUTES = 30
"""Minutes in the plot at most."""
MIN_PLOT_MINUTES = 10
PLOT_HEIGHT = 36
COLUMN_WIDTH = 5
MIN_COLUMN_HEIGHT = 2
"""Height of the column of a minute with few results, so that it can be seen."""


@dataclass(frozen=True)
class Column:
    """One minute of a plot."""

    at: datetime
    results: int
    x: int
    y: int
    height: int


@dataclass(frozen=True)
class Plot:
    """Results per minute. The columns reach back to the first results, at most PLOT_MINUTES."""

    columns: list[Column]

    @property
    def minutes(self) -> int:
        return len(self.columns)

    @property
    def width(self) -> int:
        return COLUMN_WIDTH * len(self.columns)

    @property
    def results(self) -> int:
        return sum(column.results for column in self.columns)


def build_plot(minutes: Sequence[tuple[datetime, int]]) -> Plot:
    """Draw results per minute, given as (start of the minute, results), oldest first."""
    shown = list(minutes[-PLOT_MINUTES:])
    while len(shown) > MIN_PLOT_MINUTES and not shown[0][1]:
        shown.pop(0)
    most = max((results for _, results in shown), default=0)
    columns = []
    for number, (at, results) in enumerate(shown):
        height = max(round(PLOT_HEIGHT * results / most), MIN_COLUMN_HEIGHT) if results else 0
        columns.append(Column(at, results, COLUMN_WIDTH * number, PLOT_HEIGHT - height, height))
    return Plot(columns)
