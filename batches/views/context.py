from django.conf import settings
from django.utils import timezone

from batches.models import Hold


def site(request):
    """What every page says: whether money is at stake, and whether sending is held."""
    if not getattr(request, "user", None) or not request.user.is_authenticated:
        return {"is_sandbox": settings.IS_SANDBOX}
    return {"is_sandbox": settings.IS_SANDBOX, "holds": Hold.objects.in_force(timezone.now())}
