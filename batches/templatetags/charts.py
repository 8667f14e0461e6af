"""Bars, plots and their labels. Pages have many bars, so each is formatted without a template."""

from django import template
from django.utils import timezone
from django.utils.dateformat import format as format_date

from batches.nouns import noun_for
from batches.reports.charts import Column, Plot, draw_bar, draw_step
from batches.templatetags.numbers import count, number

register = template.Library()
register.simple_tag(draw_bar, name="bar")
register.simple_tag(draw_step, name="step_bar")


@register.filter
def plot_label(plot: Plot) -> str:
    """Return what a plot of results shows, with the number of each minute, as text for screen readers."""
    minutes = f"{plot.minutes} {noun_for(plot.minutes, 'minute')}"
    if not plot.results:
        return f"No results in the last {minutes}"
    numbers = ", ".join(number(column.results) for column in plot.columns)
    return f"Results per minute over the last {minutes}, the current one last: {numbers}"


@register.filter
def column_title(column: Column) -> str:
    """Return what a column of a plot shows while the pointer is on it."""
    at = format_date(timezone.localtime(column.at), "g:i A")
    return f"{at}: {count(column.results, 'result')}"
