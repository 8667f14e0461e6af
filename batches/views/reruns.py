"""Re-run missing people and errors: of a list, of a batch, or among selected people."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from accounts.rights import Right, require
from batches import jobs
from batches.forms.result_messages import refresh_message, rerun_message
from batches.keys import read_key
from batches.models import Batch, ItemQuerySet, Upload
from batches.user_request import UserRequest
from batches.views.item_choice import choose_confirmed, is_unchanged
from batches.views.shortcuts import redirect_back, refusal_as_message


@require_POST
def rerun_items(request: UserRequest) -> HttpResponse:
    require(request.user, Right.DECIDE)
    if (items := choose_confirmed(request)) is not None:
        rerun(request, items)
    return redirect_back(request, "items")


@require_POST
def rerun_upload(request: UserRequest, pk: int) -> HttpResponse:
    return rerun_outcome(request, get_object_or_404(Upload.objects.visible_to(request.user), pk=pk))


@require_POST
def rerun_batch(request: UserRequest, pk: int) -> HttpResponse:
    return rerun_outcome(request, get_object_or_404(Batch.objects.visible_to(request.user), pk=pk))


@require_POST
def refresh_stale(request: UserRequest, pk: int) -> HttpResponse:
    """Re-run the people of a started list whose reused answers are stale, unless there are now more than shown."""
    upload = get_object_or_404(Upload.objects.visible_to(request.user), pk=pk)
    with refusal_as_message(request):
        refreshed = jobs.refresh_stale(upload, request.user, read_key(request.POST.get("stale", "")) or 0)
        level = messages.SUCCESS if refreshed else messages.WARNING
        messages.add_message(request, level, refresh_message(refreshed))
    return redirect_back(request, upload)


def rerun_outcome(request: UserRequest, record: Upload | Batch) -> HttpResponse:
    """Re-run the people of a list or batch who have one outcome, unless there are now more than the button named."""
    require(request.user, Right.DECIDE)
    outcome, shown = read_button(request)
    items = record.items.filter(outcome=outcome)
    if is_unchanged(request, items, shown):
        rerun(request, items)
    return redirect_back(request, record)


def read_button(request: UserRequest) -> tuple[str, str]:
    """Return the outcome to re-run and the number of people that the button named. It sends `outcome=missing:12`."""
    outcome, _, shown = request.POST.get("outcome", "").partition(":")
    return outcome, shown


def rerun(request: UserRequest, items: ItemQuerySet) -> None:
    with refusal_as_message(request):
        rerun_count = sum(jobs.rerun(items, request.user).values())
        messages.add_message(request, messages.SUCCESS if rerun_count else messages.WARNING, rerun_message(rerun_count))
