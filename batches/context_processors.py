from django.conf import settings
from django.utils import timezone

from batches.models import Hold


def site(request):
    """What every page says: whether money is at stake, whether sending is held, what becomes of unconfirmed batches."""
    if not getattr(request, "user", None) or not request.user.is_authenticated:
        return {"is_sandbox": settings.IS_SANDBOX}
    now = timezone.now()
    return {
        "is_sandbox": settings.IS_SANDBOX,
        "holds": Hold.objects.in_force(now),
        "now": now,
        "resends": settings.UNCONFIRMED_POLICY == "resend",
    }
