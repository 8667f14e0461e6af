from django.conf import settings
from django.utils import timezone

from batches.models import Hold


def site(request):
    """Return what every page shows: whether money is at stake, sending is held, and unconfirmed batches are resent."""
    if not getattr(request, "user", None) or not request.user.is_authenticated:
        return {"is_sandbox": settings.IS_SANDBOX}
    now = timezone.now()
    return {
        "is_sandbox": settings.IS_SANDBOX,
        "holds": Hold.objects.in_force(now),
        "now": now,
        "resends": settings.UNCONFIRMED_POLICY == "resend",
    }
