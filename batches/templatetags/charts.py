"""Charts and table rows. Pages have many of them, so each is formatted without a template."""

from functools import cache

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django_tables2 import Column
from django_tables2.rows import BoundRow

from batches.reports.charts import Chart, draw_bar
from batches.templatetags.numbers import number

register = template.Library()
register.simple_tag(draw_bar, name="bar")


@register.simple_tag
def cells(row: BoundRow) -> SafeString:
    """Return the cells of a table's row."""
    return format_html_join(
        "", "<td{}>{}</td>", ((class_attribute(column.column), cell) for column, cell in row.items())
    )


def class_attribute(column: Column) -> SafeString | str:
    return as_attribute(column.attrs.get("td", {}).get("class", ""))


@cache
def as_attribute(name: str) -> SafeString | str:
    return format_html(' class="{}"', name) if name else ""


@register.filter
def chart_label(chart: Chart) -> str:
    """Return a chart of results as text, for screen readers."""
    most = f"Results per minute over the last hour, at most {number(chart.most)}."
    return f"{most} The table below shows the last ten minutes."
