"""Columns of tables that are quick to render: no template is compiled and no context made anew for a cell."""

import django_tables2 as tables
from django.template.loader import get_template
from django.utils.dateformat import format as format_date
from django.utils.html import format_html
from django.utils.timezone import localtime

from batches.reports.charts import draw_bar

MINUTE = "M j, H:i"


class StatusColumn(tables.Column):
    """A coloured dot with the word beside it."""

    def __init__(self, **kwargs):
        super().__init__(empty_values=(), **kwargs)

    def render(self, record, value, bound_column):
        # A field's value comes as its word; the colour goes by the value itself.
        kept = getattr(record, bound_column.name)
        dot = '<span class="pill"><span class="dot dot-{}" aria-hidden="true"></span>{}</span>'
        return format_html(dot, kept, value)


class PartColumn(tables.Column):
    """A small template that knows its `record` and `value`, and nothing of the page."""

    def __init__(self, template_name, **kwargs):
        super().__init__(empty_values=(), **kwargs)
        self.template_name = template_name

    def render(self, record, value):
        return get_template(self.template_name).render({"record": record, "value": value})


class BarColumn(tables.Column):
    """The bar of a record's `counts`, with the numbers below it."""

    def __init__(self, **kwargs):
        super().__init__(empty_values=(), orderable=False, **kwargs)

    def render(self, record):
        if not record.counts or not record.counts.total:
            return "—"
        text = " · ".join(describe_counts(record.counts))
        return format_html('<div class="bar-cell">{}<small>{}</small></div>', draw_bar(record.counts), text)


def describe_counts(counts):
    """In words what a bar shows, those of whom there is nobody left out."""
    yield f"{counts.percent}%"
    yield f"{counts.matched:,} matched"
    yield f"{counts.no_match:,} no match"
    if counts.error:
        yield f"{counts.error:,} error{'' if counts.error == 1 else 's'}"
    if counts.missing:
        yield f"{counts.missing:,} missing"


class MomentColumn(tables.Column):
    """A date and time in the reader's zone."""

    def __init__(self, format=MINUTE, **kwargs):
        super().__init__(attrs={"td": {"class": "text-nowrap"}}, **kwargs)
        self.format = format

    def render(self, value):
        return format_date(localtime(value), self.format)
