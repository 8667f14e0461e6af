"""Find the requests not to be contacted that are due soon or overdue."""

from dataclasses import dataclass
from datetime import date

from django.contrib.auth.models import User
from django.db.models import Count, Min, Q

from accounts.rights import Right, can
from batches.models import Suppression
from batches.models.suppression import today


@dataclass(frozen=True)
class DueRequests:
    """How many requests are due soon or overdue."""

    count: int
    overdue: int
    first_due: date


def load_due_requests(user: User) -> DueRequests | None:
    """Return the requests that `user` can see to, or None if there are none. Make one query."""
    if not (can(user, Right.SUPPRESS) and can(user, Right.SEE_CONTACTS)):
        return None
    found = Suppression.objects.due_soon().aggregate(
        count=Count("pk"), overdue=Count("pk", filter=Q(due_at__lt=today())), first_due=Min("due_at")
    )
    return DueRequests(**found) if found["count"] else None
