"""Values that every page needs."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from batches.models import SendingBlock


def site(request: HttpRequest) -> dict[str, Any]:
    """Return whether this is the sandbox and, for a signed-in user, why sending is blocked and the time."""
    if not getattr(request, "user", None) or not request.user.is_authenticated:
        return {"is_sandbox": settings.IS_SANDBOX}
    now = timezone.now()
    return {
        "is_sandbox": settings.IS_SANDBOX,
        "sending_blocks": SendingBlock.objects.in_force(now),
        "now": now,
    }
