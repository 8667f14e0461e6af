"""Re-runs of missing people and errors: of a list, of a batch, or of selected people."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from batches import jobs
from batches.forms.result_messages import rerun_message
from batches.models import Batch, ItemQuerySet, Upload
from batches.user_request import UserRequest
from batches.views.item_choice import choose_confirmed, is_unchanged
from batches.views.shortcuts import over_limit_as_message, redirect_back


@require_POST
def rerun_items(request: UserRequest) -> HttpResponse:
    if (items := choose_confirmed(request)) is not None:
        rerun(request, items)
    return redirect_back(request, "items")


@require_POST
def rerun_upload(request: UserRequest, pk: int) -> HttpResponse:
    return rerun_outcome(request, get_object_or_404(Upload, pk=pk))


@require_POST
def rerun_batch(request: UserRequest, pk: int) -> HttpResponse:
    return rerun_outcome(request, get_object_or_404(Batch, pk=pk))


def rerun_outcome(request: UserRequest, record: Upload | Batch) -> HttpResponse:
    """Re-run the people of a list or batch with one outcome, unless there are more by now than the button named."""
    outcome, shown = read_button(request)
    items = record.items.filter(outcome=outcome)
    if is_unchanged(request, items, shown):
        rerun(request, items)
    return redirect_back(request, record)


def read_button(request: UserRequest) -> tuple[str, str]:
    """Return the outcome to re-run and the number of people that the button named, sent as `outcome=missing:12`."""
    outcome, _, shown = request.POST.get("outcome", "").partition(":")
    return outcome, shown


def rerun(request: UserRequest, items: ItemQuerySet) -> None:
    with over_limit_as_message(request):
        number = sum(jobs.rerun(items, request.user).values())
        messages.add_message(request, messages.SUCCESS if number else messages.WARNING, rerun_message(number))
