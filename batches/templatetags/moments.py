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
def date_and_time(moment: datetime | None, seconds: str = "") -> str:
    """Return `Nov 26, 2:03 PM`, with the year if it is not the current one. Return "" without a time."""
    if moment is None:
        return ""
    local = timezone.localtime(moment)
    year = "" if local.year == timezone.localdate().year else ", Y"
    return format_date(local, f"M j{year}, g:i{seconds} A")


@register.filter
def date_and_seconds(moment: datetime | None) -> str:
    """Return the same with seconds, such as `Nov 26, 2:03:05 PM`, for events that follow one another quickly."""
    return date_and_time(moment, ":s")


@register.filter
def full_date_and_time(moment: datetime | None) -> str:
    """Return a date and time that say everything, such as `Nov 26, 2026, 2:03:05 PM UTC`."""
    return format_date(timezone.localtime(moment), "M j, Y, g:i:s A T") if moment else ""


@register.filter
def time_and_zone(moment: datetime) -> str:
    """Return a time such as `2:03:05 PM UTC`."""
    return format_date(timezone.localtime(moment), "g:i:s A T")


@register.filter
def day_and_time(moment: datetime) -> str:
    """Return a date and time such as `Nov 26 at 2:03 PM UTC`."""
    local = timezone.localtime(moment)
    return f"{format_date(local, 'M j')} at {format_date(local, 'g:i A T')}"


@register.filter
def time_or_day(moment: datetime) -> str:
    """Return a time such as `2:03 PM` if it is today, and `Nov 26, 2:03 PM` otherwise."""
    local = timezone.localtime(moment)
    is_today = local.date() == timezone.localdate()
    return format_date(local, "g:i A" if is_today else "M j, g:i A")


@register.filter
def clock_time(moment: datetime) -> str:
    """Return a time of the day such as `9:42 PM`."""
    return format_date(timezone.localtime(moment), "g:i A")


@register.filter
def recent_day(moment: datetime) -> str:
    """Return `Today, 9:12 PM`, `Mon, 2:05 PM` within a week, or else `Nov 12`."""
    local = timezone.localtime(moment)
    days = (timezone.localdate() - local.date()).days
    if days == 0:
        return f"Today, {clock_time(moment)}"
    return f"{format_date(local, 'D')}, {clock_time(moment)}" if 0 < days < 7 else day(moment)


@register.filter
def clock_or_day(moment: datetime) -> str:
    """Return a time such as `9:42 PM` if it is today, and `Mon, 9:42 PM` otherwise."""
    local = timezone.localtime(moment)
    is_today = local.date() == timezone.localdate()
    return clock_time(moment) if is_today else f"{format_date(local, 'D')}, {clock_time(moment)}"
