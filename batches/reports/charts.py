"""PURE: numbers → the shapes of charts, as SVG draws them."""

from collections import Counter
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join

MOST_CELLS = 60
"""Batches that are drawn one by one; of more, all of one state are drawn as one."""


BAR = (
    '<svg class="bar {}" viewBox="0 0 100 1" preserveAspectRatio="none" role="img" aria-label="{}% done: {} matched, '
    '{} no match, {} errors, {} missing, {} pending">{}</svg>'
)
PART = '<rect class="fill-{}" x="{}" y="0" width="{}" height="1"></rect>'


def draw_bar(counts, look=""):
    """Draw counts as a bar of stacked outcomes, as HTML; `look` is a class of its own.

    Not by a template: a page has up to two hundred of them. Outcomes without anybody are there as well, so that they
    grow.
    """
    start, parts = 0.0, []
    for outcome in ("matched", "no_match", "error", "missing"):
        width = 100 * getattr(counts, outcome) / counts.total if counts.total else 0
        parts.append((outcome, f"{start:.2f}", f"{width:.2f}"))
        start += width
    numbers = (counts.percent, counts.matched, counts.no_match, counts.error, counts.missing, counts.pending)
    return format_html(BAR, look, *numbers, format_html_join("", PART, parts))


@dataclass(frozen=True)
class Cell:
    """A batch of a strip, or all of it in one state: where, how wide, and how far it is."""

    status: str
    x: float
    width: float
    fill: float = 0
    """From 0 to 1."""

    @property
    def is_begun(self):
        """Whether some of it is done and some is not."""
        return 0 < self.fill < 1

    @property
    def top(self):
        return f"{1 - self.fill:.2f}"

    @property
    def height(self):
        return f"{self.fill:.2f}"


@dataclass(frozen=True)
class Strip:
    """The batches of a list, in their order."""

    cells: list
    width: float
    states: list
    """How many are in which state, as (status, its word, how many)."""


def lay_strip(batches, labels):
    """Batches in their order, as (status, share done from 0 to 1, how many) → Strip.

    `labels` are the words for statuses, in the order in which they are told of. Several batches as one are at least as
    wide as one of MOST_CELLS, so that it is seen where one of ten thousand is refused.
    """
    numbers = Counter()
    for status, _, number in batches:
        numbers[status] += number
    least, cells, x = sum(numbers.values()) / MOST_CELLS, [], 0
    for status, done, number in batches:
        width = round(max(number, least), 2)
        cells.append(Cell(status, x, width, done))
        x = round(x + width, 2)
    return Strip(cells, x, [(status, label, numbers[status]) for status, label in labels.items() if numbers[status]])


@dataclass(frozen=True)
class Chart:
    """Stacked columns."""

    most: int
    """The highest of them."""
    top: int
    """What the upper edge stands for."""
    columns: list
    """For each column its parts, as (name, x, y, height), in units of the chart."""

    @property
    def middle(self):
        return self.top // 2


def lay_chart(columns, names):
    """Columns of numbers, each as name → number, stacked in the order of `names` from below."""
    most = max((sum(column.values()) for column in columns), default=0)
    top, drawn = round_up(most), []
    for x, column in enumerate(columns):
        y, parts = top, []
        for name in names:
            y -= column[name]
            if column[name]:
                parts.append((name, x, y, column[name]))
        drawn.append(parts)
    return Chart(most, top, drawn)


def round_up(number):
    """Round up to the next of 10, 20, 50, 100, 200, 500 and so on, so that the scale rarely moves."""
    top = 10
    while top < number:
        top = top * 5 // 2 if str(top)[0] == "2" else top * 2
    return top
