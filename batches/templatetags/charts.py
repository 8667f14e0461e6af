"""What pages have very many of, drawn without a template for each."""

from functools import cache

from django import template
from django.utils.html import format_html, format_html_join

from batches.reports.charts import draw_bar

register = template.Library()
register.simple_tag(draw_bar, name="bar")


@register.simple_tag
def cells(row):
    """Draw a table's row."""
    return format_html_join("", "<td{}>{}</td>", ((name_class(column.column), cell) for column, cell in row.items()))


def name_class(column):
    return as_attribute(column.attrs.get("td", {}).get("class", ""))


@cache
def as_attribute(name):
    return format_html(' class="{}"', name) if name else ""
