"""Lines of the dashboard: totals, and finished lists."""

from typing import Any

from django import template
from django.utils import timezone
from django.utils.dateformat import format as format_date

from batches.models import Upload
from batches.reports.overview import Total
from batches.templatetags.numbers import count, money, number
from batches.tracing.counts import Counts

register = template.Library()


@register.inclusion_tag("components/tile.html")
def total_tile(title: str, total: Total) -> dict[str, Any]:
    """Return a tile with the people traced in a period, their match rate and their cost."""
    price = f" ({money(total.money)})" if total.money is not None else ""
    parts = ["person traced" if total.answered == 1 else "people traced", *match_rate_parts(total)]
    parts.append(f"{count(total.credits, 'credit')}{price}")
    return {"title": title, "value": number(total.answered), "label": " · ".join(parts)}


@register.simple_tag
def finished_line(upload: Upload, counts: Counts) -> str:
    """Return the result and cost of a finished list, and when it finished."""
    parts = [count(counts.total, "person,people"), *match_rate_parts(counts), count(counts.credits, "credit")]
    if upload.completed_at:
        parts.append(format_date(timezone.localtime(upload.completed_at), "M j, H:i"))
    return ", ".join(parts)


def match_rate_parts(counts: Counts) -> list[str]:
    """Return the match rate as a part of a line, or nothing before the first answer."""
    return [] if counts.match_rate is None else [f"{counts.match_rate}% matched"]
