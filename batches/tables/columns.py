"""Table columns that render quickly: no template is compiled and no context is built per cell.

`help` in the attributes of a column is the anchor of the word that its heading explains (`batches/meanings.py`).
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import django_tables2 as tables
from django.db.models import Model
from django.template.loader import get_template
from django.urls import reverse
from django.utils.dateformat import format as format_date
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django_tables2.columns import BoundColumn

from accounts.rights import Right, can
from batches.models import Item, Suppression
from batches.nouns import noun_for
from batches.people.comparison import name_difference
from batches.people.match_decision import label_decision
from batches.reports.charts import draw_bar
from batches.statuses import Outcome
from batches.tables.marks import draw_chip, draw_icon, draw_state
from batches.tracing.counts import Counts
from batches.vendor.protocol import PERSON_FIELDS

NO_NUMBER = SafeString('<span class="muted">No number</span>')
DATETIME_FORMAT = "M j, g:i A"
DATETIME_WITH_SECONDS = "M j, g:i:s A"


class StatusColumn(tables.Column):
    """A coloured dot with its label."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(empty_values=(), **kwargs)

    def render(self, record: Model, value: Any, bound_column: BoundColumn) -> SafeString:
        # `value` is the label of the choice; the colour depends on the stored value.
        return draw_state(getattr(record, bound_column.name), value)


class ResultColumn(tables.Column):
    """The outcome of a person. A reused answer has that of the list that it comes from, which is annotated."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(empty_values=(), **kwargs)

    def render(self, record: Any) -> SafeString:
        return draw_result(record)


def draw_result(item: Any) -> SafeString:
    """Return the result of a person whose result is annotated, and whether it is free, from another list."""
    result = Outcome(item.result or item.outcome)
    is_free = item.outcome == Outcome.REUSED and result != Outcome.REUSED
    return draw_state(result, f"{result.label}, free" if is_free else result.label)


def render_owner(item: Item) -> SafeString:
    """Return an item's name for a page. A company, trust or the like has a tag with its kind beside the name."""
    tag = format_html(' <span class="tag">{}</span>', item.owner_tag) if item.owner_tag else ""
    return format_html("<bdi>{}</bdi>{}", item.shown_name, tag)


class PartialColumn(tables.Column):
    """A column rendered by a small template, which gets only `record` and `value`."""

    def __init__(self, template_name: str, **kwargs: Any) -> None:
        super().__init__(empty_values=(), **kwargs)
        self.template_name = template_name

    def render(self, record: Model, value: Any) -> str:
        return get_template(self.template_name).render({"record": record, "value": value})


class CellColumn(tables.Column):
    """A cell of a row, as in the file."""

    def __init__(self, position: int, **kwargs: Any) -> None:
        super().__init__(empty_values=(), orderable=False, **kwargs)
        self.position = position

    def render(self, record: Item) -> str:
        return record.cells[self.position] if self.position < len(record.cells) else ""


class BarColumn(tables.Column):
    """The progress bar of a record's `counts`, with the numbers below it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(empty_values=(), orderable=False, **kwargs)

    def render(self, record: Any) -> SafeString | str:
        if not record.counts or not record.counts.total:
            return "—"
        text = " · ".join(format_counts(record.counts))
        return format_html('<div class="bar-cell">{}<small>{}</small></div>', draw_bar(record.counts), text)


def format_counts(counts: Counts) -> Iterator[str]:
    """Yield the numbers that a bar shows. Errors and missing people are left out if there are none."""
    yield f"{counts.percent}%"
    yield f"{counts.matched:,} matched"
    yield f"{counts.no_match:,} no match"
    if counts.error:
        yield f"{counts.error:,} {noun_for(counts.error, 'error')}"
    if counts.missing:
        yield f"{counts.missing:,} missing"


class PhoneColumn(tables.Column):
    """The best number of a person (`record.numbers`). A number that must not be called is not a link.

    If that is because of an entry of the do-not-contact list, readers who may lift the entry can undo it.
    """

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"td": {"class": "a-tel", "data-label": ""}, "help": "column-best-phone"}
        super().__init__(empty_values=(), orderable=False, attrs=attrs, **kwargs)

    def render(self, record: Any, table: tables.Table) -> SafeString | str:
        best = record.numbers.best
        if not best:
            return NO_NUMBER
        number = best.phone.display
        kind = format_html(' <span class="muted small">{}</span>', best.type_label)
        if not best.standing.is_callable:
            undo = draw_undo(best.entry or record.numbers.person_entry, table)
            return format_html('<span class="tel off">{}</span>{}{}', number, kind, undo)
        if not best.address:
            return format_html('<span class="tel">{}</span>{}', number, kind)
        return format_html('<a class="tel above" href="{}">{}</a>{}', best.address, number, kind)


def draw_undo(entry: Suppression | None, table: tables.Table) -> SafeString | str:
    """Return a button of the page's form `act` that lifts a do-not-contact entry, if the reader may do that."""
    if not entry or not can(table.request.user, Right.SUPPRESS):
        return ""
    return format_html(
        ' <button class="btn ghost s above" form="act" formaction="{}">{}Undo<span class="sr">: {}</span></button>',
        reverse("suppression-remove", args=[entry.pk]),
        draw_icon("undo-2"),
        entry.label,
    )


class StandingColumn(tables.Column):
    """Whether the best number of a person may be called."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"td": {"class": "a-check", "data-label": ""}, "help": "column-call"}
        super().__init__(empty_values=(), orderable=False, attrs=attrs, **kwargs)

    def render(self, record: Any) -> SafeString | str:
        best = record.numbers.best
        return draw_chip(best.standing.chip, best.standing.label) if best else ""


class MatchColumn(tables.Column):
    """The verdict about a match, with what differs. For people without one, their outcome."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"td": {"class": "p2 a-out", "data-label": ""}, "th": {"class": "p2"}, "help": "column-match-check"}
        super().__init__(empty_values=(), attrs=attrs, **kwargs)

    def render(self, record: Any) -> SafeString:
        shown = record.shown
        if shown and shown.match and record.decision:
            return draw_state(shown.match, label_decision(record.decision))
        if shown and shown.match:
            difference = name_difference(asked_fields(record), record.numbers.contact)
            return draw_state(shown.match, difference or shown.get_match_display())
        if record.numbers.contact.phones or record.outcome == Outcome.MATCHED:
            return draw_state("pending", "Not checked")
        return draw_result(record)


def asked_fields(item: Item) -> dict[str, str]:
    """Return the values with which a person was traced, by field."""
    return {name: value for name in PERSON_FIELDS if (value := getattr(item, name))}


class DateTimeColumn(tables.Column):
    """A date and time in the user's time zone."""

    def __init__(self, format: str = DATETIME_FORMAT, css: str = "", **kwargs: Any) -> None:
        super().__init__(attrs={"td": {"class": f"nowrap num {css}".strip()}}, **kwargs)
        self.format = format

    def render(self, value: datetime) -> str:
        return format_date(localtime(value), self.format)
