"""Turn numbers into the shapes of SVG charts. Pure: no database."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from batches.tracing.counts import Counts

MAX_CELLS = 60
"""Maximum number of batches drawn one by one. If there are more, all with one status are drawn as one."""


BAR = (
    '<svg class="bar {}" viewBox="0 0 100 1" preserveAspectRatio="none" role="img" aria-label="{}% done: {} matched, '
    '{} no match, {} errors, {} missing, {} pending">{}</svg>'
)
PART = '<rect class="fill-{}" x="{}" y="0" width="{}" height="1"></rect>'


def draw_bar(counts: Counts, css_class: str = "") -> SafeString:
    """Return counts as the HTML of a bar of stacked outcomes. `css_class` is an additional one.

    Made without a template because a page has up to two hundred of them. Outcomes without people are included, so that
    the bar can be animated when they appear.
    """
    start, parts = 0.0, []
    for outcome in ("matched", "no_match", "error", "missing"):
        width = 100 * getattr(counts, outcome) / counts.total if counts.total else 0
        parts.append((outcome, f"{start:.2f}", f"{width:.2f}"))
        start += width
    numbers = (counts.percent, counts.matched, counts.no_match, counts.error, counts.missing, counts.pending)
    return format_html(BAR, css_class, *numbers, format_html_join("", PART, parts))


@dataclass(frozen=True)
class Cell:
    """One cell of a strip: a batch, or all batches with one status."""

    status: str
    x: float
    width: float
    fill: float = 0
    """Share of people done, from 0 to 1."""

    @property
    def is_begun(self) -> bool:
        """Whether it is partly done."""
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
    """(status, label, number of batches) each."""


def build_strip(batches: Sequence[tuple[str, float, int]], labels: Mapping[str, str]) -> Strip:
    """Lay out batches, given in order as (status, share done from 0 to 1, number of batches).

    `labels` maps statuses to labels, in display order. Cells for several batches have a minimum width, so that one
    refused batch among ten thousand is visible.
    """
    numbers: Counter[str] = Counter()
    for status, _, number in batches:
        numbers[status] += number
    least, x = sum(numbers.values()) / MAX_CELLS, 0.0
    cells: list[Cell] = []
    for status, done, number in batches:
        width = round(max(number, least), 2)
        cells.append(Cell(status, x, width, done))
        x = round(x + width, 2)
    return Strip(cells, x, [(status, label, numbers[status]) for status, label in labels.items() if numbers[status]])


@dataclass(frozen=True)
class Chart:
    """Stacked columns."""

    most: int
    """The highest column."""
    top: int
    """The value at the upper edge."""
    columns: list[list[tuple[str, int, int, int]]]
    """The parts of each column as (name, x, y, height), in units of the chart."""

    @property
    def middle(self) -> int:
        return self.top // 2


def build_chart(columns: Sequence[Mapping[str, int]], names: Sequence[str]) -> Chart:
    """Stack columns, each given as name → number, from bottom to top in the order of `names`."""
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


def round_up(number: int) -> int:
    """Round up to 10, 20, 50, 100, 200, 500 and so on, so that the scale rarely changes."""
    top = 10
    while top < number:
        top = top * 5 // 2 if str(top)[0] == "2" else top * 2
    return top
