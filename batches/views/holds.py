from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from batches.models import Hold
from batches.tracing import decisions
from batches.views.shortcuts import go_back


@require_POST
def lift_hold(request, pk):
    if not request.user.is_staff:
        raise PermissionDenied
    decisions.lift(get_object_or_404(Hold, pk=pk), request.user)
    return go_back(request, "dashboard")
