"""Values that every page needs."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from accounts.rights import Right, can
from batches.models import SendingBlock


def page_basics(request: HttpRequest) -> dict[str, Any]:
    """Return whether this is the sandbox; if a user is logged in, also their rights, blocks on sending and the time."""
    if not getattr(request, "user", None) or not request.user.is_authenticated:
        return {"is_sandbox": settings.IS_SANDBOX}
    now = timezone.now()
    return {
        "is_sandbox": settings.IS_SANDBOX,
        "may": {right.name.lower(): can(request.user, right) for right in Right},
        "sending_blocks": SendingBlock.objects.in_force(now),
        "now": now,
    }
