"""Table columns that render quickly: no template is compiled and no context is built per cell."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import django_tables2 as tables
from django.db.models import Model
from django.template.loader import get_template
from django.utils.dateformat import format as format_date
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django_tables2.columns import BoundColumn

from batches.models import Item
from batches.nouns import noun_for
from batches.reports.charts import draw_bar
from batches.tracing.counts import Counts

DATETIME_FORMAT = "M j, H:i"


class StatusColumn(tables.Column):
    """A coloured dot with its label."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(empty_values=(), **kwargs)

    def render(self, record: Model, value: Any, bound_column: BoundColumn) -> SafeString:
        # `value` is the label of the choice; the colour depends on the stored value.
        stored = getattr(record, bound_column.name)
        dot = '<span class="pill"><span class="dot dot-{}" aria-hidden="true"></span>{}</span>'
        return format_html(dot, stored, value)


def name_owner(item: Item) -> SafeString:
    """Return an item's name for a page. A company, trust or the like has its kind as a tag beside it."""
    tag = format_html(' <span class="tag tag-kind">{}</span>', item.owner_tag) if item.owner_tag else ""
    return format_html("<bdi>{}</bdi>{}", item.shown_name, tag)


class PartialColumn(tables.Column):
    """A small template that gets only its `record` and `value`."""

    def __init__(self, template_name: str, **kwargs: Any) -> None:
        super().__init__(empty_values=(), **kwargs)
        self.template_name = template_name

    def render(self, record: Model, value: Any) -> str:
        return get_template(self.template_name).render({"record": record, "value": value})


class CellColumn(tables.Column):
    """A cell of a row as it is in the file."""

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


class DateTimeColumn(tables.Column):
    """A date and time in the user's time zone."""

    def __init__(self, format: str = DATETIME_FORMAT, **kwargs: Any) -> None:
        super().__init__(attrs={"td": {"class": "text-nowrap"}}, **kwargs)
        self.format = format

    def render(self, value: datetime) -> str:
        return format_date(localtime(value), self.format)
