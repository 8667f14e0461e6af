from collections.abc import Callable
from functools import cache

from django.http import HttpRequest

from webhooks.models import UnmatchedDelivery


def unmatched_deliveries(request: HttpRequest) -> dict[str, Callable[[], int]]:
    """Add the number of unmatched deliveries that need review. Pages that do not show it make no query."""
    return {"unmatched_count": cache(UnmatchedDelivery.objects.waiting().count)}
