"""Record whether the person who was found is the one who was asked for, from the page of a person."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from accounts.rights import Right, require
from batches.models import Item, MatchDecision
from batches.results import deciding
from batches.statuses import MatchDecided
from batches.user_request import UserRequest
from batches.views.shortcuts import redirect_back


@require_POST
def decide_match(request: UserRequest, pk: int) -> HttpResponse:
    """Record what the user says about the match."""
    item = get_object_or_404(Item.objects.visible_to(request.user), pk=pk)
    require(request.user, Right.SEE_CONTACTS)
    verdict = request.POST.get("verdict", "")
    if verdict not in MatchDecided:
        messages.error(request, "Nothing was recorded. Choose “Same person” or “Someone else”.")
        return redirect_back(request, item)
    decided = MatchDecided(verdict)
    try:
        is_new = deciding.decide(pk, decided, request.user)
    except deciding.NothingFound as problem:
        messages.error(request, str(problem))
    else:
        text = f"Recorded in all lists: {decided.label}." if is_new else f"{decided.label} was recorded already."
        messages.success(request, text)
    return redirect_back(request, item)


@require_POST
def undo_match(request: UserRequest, pk: int) -> HttpResponse:
    """Undo what a user has said about a match."""
    decision = get_object_or_404(MatchDecision.objects.visible_to(request.user).select_related("item"), pk=pk)
    require(request.user, Right.SEE_CONTACTS)
    if deciding.undo(pk, request.user):
        messages.success(request, f"Undone: {decision.get_verdict_display()}.")
    return redirect_back(request, decision.item)
