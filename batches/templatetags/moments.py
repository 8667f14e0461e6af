"""Filters that format dates and times for a sentence, in the user's time zone."""

from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.dateformat import format as format_date

register = template.Library()


@register.filter
def day(moment: datetime) -> str:
    """Return a date such as `Nov 26`, with the year if it is not the current one."""
    local = timezone.localtime(moment)
    return format_date(local, "M j" if local.year == timezone.localdate().year else "M j, Y")


@register.filter
def day_and_time(moment: datetime) -> str:
    """Return a date and time such as `Nov 26 at 14:03 UTC`."""
    local = timezone.localtime(moment)
    return f"{format_date(local, 'M j')} at {format_date(local, 'H:i T')}"


@register.filter
def time_or_day(moment: datetime) -> str:
    """Return a time such as `14:03` if it is today, and `Nov 26, 14:03` otherwise."""
    local = timezone.localtime(moment)
    is_today = local.date() == timezone.localdate()
    return format_date(local, "H:i" if is_today else "M j, H:i")
