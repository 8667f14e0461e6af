"""Unblock all sending."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from batches.models import SendingBlock
from batches.tracing import decisions
from batches.user_request import UserRequest
from batches.views.shortcuts import redirect_back


@require_POST
def unblock_sending(request: UserRequest, pk: int) -> HttpResponse:
    decisions.unblock(get_object_or_404(SendingBlock, pk=pk), request.user)
    return redirect_back(request, "dashboard")
