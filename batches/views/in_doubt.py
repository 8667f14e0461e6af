"""Decisions about batches in doubt: those of one list, or all of them."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST

from batches import jobs
from batches.models import Batch, BatchQuerySet, Upload
from batches.nouns import noun_for
from batches.reports import doubt
from batches.tracing import decisions
from batches.user_request import UserRequest
from batches.views.item_choice import is_unchanged
from batches.views.shortcuts import over_limit_as_message, redirect_back

MAX_BATCHES_SHOWN = 25
"""Maximum number of batches that the page shows with their own buttons. The others appear once these are decided."""
MAX_BATCHES_AT_ONCE = 200
"""Maximum number of batches that one click decides about. They may hold 1,000 people each, and the user is waiting."""


def in_doubt(request: UserRequest) -> HttpResponse:
    lists = doubt.lists_in_doubt()
    batches = Batch.objects.in_doubt().annotate_resent().for_tables().order_by("upload", "number")[:MAX_BATCHES_SHOWN]
    context = {
        "lists": lists,
        "total": doubt.total_in_doubt(lists),
        "troubled": batches,
        "together": MAX_BATCHES_AT_ONCE,
    }
    return render(request, "batches/in_doubt.html", context)


@require_POST
def send_all_again(request: UserRequest, pk: int | None = None) -> HttpResponse:
    if (batches := select_batches(request, pk)) is not None:
        sent = 0
        with over_limit_as_message(request):
            for batch in batches:
                sent += bool(decisions.send_again(batch, request.user))
        if sent:
            messages.success(request, f"Sending {count_batches(sent)} again.{remaining_message(pk, len(batches))}")
        else:
            messages.warning(request, "No batch was sent again. This page shows the batches that are still in doubt.")
    return redirect_back(request, "in-doubt")


@require_POST
def close_all(request: UserRequest, pk: int | None = None) -> HttpResponse:
    if (batches := select_batches(request, pk)) is not None:
        closed = sum(bool(jobs.close(batch, request.user)) for batch in batches)
        done = f"Closed {count_batches(closed)}. People without an answer are marked missing"
        done += f"; late answers will still be saved.{remaining_message(pk, len(batches))}"
        messages.success(request, done)
    return redirect_back(request, "in-doubt")


def find_batches(pk: int | None) -> BatchQuerySet:
    """Return the batches in doubt, of one list if `pk` is given."""
    batches = Batch.objects.in_doubt().for_tables().order_by("pk")
    return batches.filter(upload=get_object_or_404(Upload, pk=pk)) if pk else batches


def select_batches(request: UserRequest, pk: int | None) -> list[Batch] | None:
    """Return the batches to decide about. Return None, with a warning, if there are now more than the page showed."""
    batches = find_batches(pk)
    if not is_unchanged(request, batches, request.POST.get("shown", "")):
        return None
    return list(batches[:MAX_BATCHES_AT_ONCE])


def remaining_message(pk: int | None, selected: int) -> str:
    """Return how many batches remain if one click could not decide about all of them."""
    remaining = find_batches(pk).count() if selected == MAX_BATCHES_AT_ONCE else 0
    return f" {count_batches(remaining)} remaining: press the button again." if remaining else ""


def count_batches(number: int) -> str:
    return f"{number:,} {noun_for(number, 'batch,batches')}"
