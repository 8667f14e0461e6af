"""Record what came of calls, and notes on people, from the page of a person."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from accounts.rights import Right, require
from batches import calls
from batches.models import Item
from batches.statuses import CallResult
from batches.user_request import UserRequest
from batches.views.shortcuts import redirect_back


@require_POST
def record_call(request: UserRequest, pk: int) -> HttpResponse:
    """Record what came of a call to one of the person's numbers."""
    item = get_object_or_404(Item.objects.visible_to(request.user), pk=pk)
    require(request.user, Right.SEE_CONTACTS)
    number, outcome = request.POST.get("number", ""), request.POST.get("outcome", "")
    if outcome not in CallResult:
        messages.error(request, "Nothing was recorded. Choose what came of the call.")
        return redirect_back(request, item)
    call = calls.Call(pk, number, CallResult(outcome), request.POST.get("note", ""))
    try:
        is_new = calls.record(call, request.user)
    except calls.NotTheirNumber as problem:
        messages.error(request, f"Nothing was recorded. {problem}")
    else:
        label = CallResult(outcome).label
        messages.success(request, f"Recorded: {label}." if is_new else f"{label} was recorded already.")
    return redirect_back(request, item)


@require_POST
def undo_call(request: UserRequest, pk: int) -> HttpResponse:
    """Undo an outcome."""
    outcome = get_object_or_404(calls.visible_outcomes(request.user), pk=pk)
    require(request.user, Right.SEE_CONTACTS)
    if calls.undo(pk, request.user):
        messages.success(request, f"Undone: {outcome.get_outcome_display()}.")
    return redirect_back(request, outcome.item)


@require_POST
def add_note(request: UserRequest, pk: int) -> HttpResponse:
    """Add a note to a person."""
    item = get_object_or_404(Item.objects.visible_to(request.user), pk=pk)
    require(request.user, Right.SEE_CONTACTS)
    if calls.add_note(item, request.POST.get("text", ""), request.user):
        messages.success(request, "Added the note.")
    return redirect_back(request, item)
