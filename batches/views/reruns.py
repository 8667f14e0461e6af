"""Missing people and errors are asked for once more: those of a list, of a batch, or who was ticked."""

from django.contrib import messages
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from batches import jobs
from batches.models import Batch, Upload
from batches.views.item_choice import choose_asked, is_as_shown
from batches.views.shortcuts import go_back


@require_POST
def rerun_items(request):
    """Have missing people and errors asked for once more."""
    items = choose_asked(request)
    return go_back(request, "items") if items is None else rerun(request, items, "items")


@require_POST
def rerun_upload(request, pk):
    """Have a list's missing people, or its errors, asked for once more."""
    return rerun_asked(request, get_object_or_404(Upload, pk=pk))


@require_POST
def rerun_batch(request, pk):
    return rerun_asked(request, get_object_or_404(Batch, pk=pk))


def rerun_asked(request, record):
    """Re-run those of a list or a batch whom the button named, as outcome:number, unless there are more by now."""
    outcome, _, shown = request.POST.get("outcome", "").partition(":")
    items = record.items.filter(outcome=outcome)
    return rerun(request, items, record) if is_as_shown(request, items, shown) else go_back(request, record)


def rerun(request, items, otherwise):
    moved = jobs.rerun(items, request.user)
    messages.success(request, describe_rerun(sum(moved.values())))
    return go_back(request, otherwise)


def describe_rerun(count):
    if not count:
        return "Nobody is asked for once more: only missing people and errors of lists that are not cancelled can be."
    return f"{count} {'person is' if count == 1 else 'people are'} asked for once more."
