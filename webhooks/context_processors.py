from collections.abc import Callable
from functools import cache

from django.http import HttpRequest

from webhooks.models import UnmatchedDelivery


def unmatched_deliveries(request: HttpRequest) -> dict[str, Callable[[], int]]:
    """Return functions that count the unmatched deliveries that need review, and the answers that belong to no batch.

    The functions query the database only on pages that show these numbers.
    """
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    deliveries = UnmatchedDelivery.objects.visible_to(user)
    return {
        "unmatched_count": cache(deliveries.waiting().count),
        "answers_without_batch_count": cache(deliveries.answers_without_batch().count),
    }
