"""Decide about batches in doubt: those of one list, or all of them."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST

from accounts.rights import Right, require
from batches import jobs
from batches.models import Batch, BatchQuerySet, Upload
from batches.nouns import noun_for
from batches.reports import doubt
from batches.tracing import decisions
from batches.user_request import UserRequest
from batches.views.item_choice import is_unchanged
from batches.views.shortcuts import redirect_back, refusal_as_message

MAX_BATCHES_SHOWN = 25
"""Maximum number of batches that the page shows with their own buttons. Others appear once these are decided."""
MAX_BATCHES_AT_ONCE = 200
"""Maximum number of batches that one click decides about. Each may hold 1,000 people, and the user is waiting."""


def in_doubt(request: UserRequest) -> HttpResponse:
    lists = doubt.lists_in_doubt(request.user)
    batches = (
        Batch.objects.visible_to(request.user)
        .in_doubt()
        .annotate_resent()
        .for_tables()
        .order_by("upload", "number")[:MAX_BATCHES_SHOWN]
    )
    context = {
        "lists": lists,
        "total": doubt.total_in_doubt(lists),
        "undecided_batches": batches,
        "max_at_once": MAX_BATCHES_AT_ONCE,
    }
    return render(request, "batches/in_doubt.html", context)


@require_POST
def send_all_again(request: UserRequest, pk: int | None = None) -> HttpResponse:
    if (batches := select_batches(request, pk)) is not None:
        sent = 0
        with refusal_as_message(request):
            for batch in batches:
                sent += bool(decisions.resend(batch, request.user))
        if sent:
            messages.success(
                request, f"Sending {format_batches(sent)} again.{remaining_message(request, pk, len(batches))}"
            )
        else:
            messages.warning(request, "No batch was sent again. This page shows the batches that are still in doubt.")
    return redirect_back(request, "in-doubt")


@require_POST
def close_all(request: UserRequest, pk: int | None = None) -> HttpResponse:
    if (batches := select_batches(request, pk)) is not None:
        closed = sum(bool(jobs.close(batch, request.user)) for batch in batches)
        messages.success(
            request,
            f"Closed {format_batches(closed)}. People without an answer are marked missing; late answers will still be "
            f"saved.{remaining_message(request, pk, len(batches))}",
        )
    return redirect_back(request, "in-doubt")


def find_batches(request: UserRequest, pk: int | None) -> BatchQuerySet:
    """Return the batches in doubt: those of one list if `pk` is given, otherwise all of them."""
    batches = Batch.objects.visible_to(request.user).in_doubt().for_tables().order_by("pk")
    return batches.filter(upload=get_object_or_404(Upload.objects.visible_to(request.user), pk=pk)) if pk else batches


def select_batches(request: UserRequest, pk: int | None) -> list[Batch] | None:
    """Return the batches to decide about. If there are now more than the page showed, warn and return None."""
    batches = find_batches(request, pk)
    require(request.user, Right.DECIDE)
    if not is_unchanged(request, batches, request.POST.get("shown", "")):
        return None
    return list(batches[:MAX_BATCHES_AT_ONCE])


def remaining_message(request: UserRequest, pk: int | None, selected_count: int) -> str:
    """Return how many batches remain because one click cannot decide about all of them, or "" if none remain."""
    remaining = find_batches(request, pk).count() if selected_count == MAX_BATCHES_AT_ONCE else 0
    return f" {format_batches(remaining)} remaining: press the button again." if remaining else ""


def format_batches(count: int) -> str:
    return f"{count:,} {noun_for(count, 'batch,batches')}"
