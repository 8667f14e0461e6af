"""What a person decides: each a POST, a move, and back to the page."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from batches import closing, decisions, jobs, paging, spending, suppression
from batches.filters import ItemFilter
from batches.models import Batch, Hold, Item, Upload
from batches.statuses import UploadStatus
from batches.views.columns import as_cookie, name_cookie
from batches.views.listing import go_back, read_ids, read_number

A_YEAR = 365 * 24 * 3600


@require_POST
def start_upload(request, pk):
    return begin(request, pk, spending.start, "Started. This page follows it by itself.")


@require_POST
def approve_upload(request, pk):
    return begin(request, pk, spending.approve, "Approved and started.")


def begin(request, pk, decision, said):
    upload = get_object_or_404(Upload, pk=pk)
    try:
        status = decision(upload, request.user)
    except spending.OverLimit as problem:
        messages.error(request, str(problem))
        return redirect(upload)
    if status == UploadStatus.RUNNING:
        jobs.enqueue("planning", jobs.plan_upload, pk)
        messages.success(request, said)
    elif status == UploadStatus.APPROVAL:
        messages.success(request, "Somebody else must approve this list before it is started.")
    else:
        messages.warning(request, "This list has been started already, or nobody in it can be traced.")
    return redirect(upload)


@require_POST
def withdraw_upload(request, pk):
    upload = get_object_or_404(Upload, pk=pk)
    if spending.withdraw(upload, request.user):
        messages.success(request, "Taken back: it can be changed and started again.")
    return redirect(upload)


@require_POST
def pause_upload(request, pk):
    upload = get_object_or_404(Upload, pk=pk)
    decisions.pause_upload(upload, request.user)
    return redirect(upload)


@require_POST
def resume_upload(request, pk):
    upload = get_object_or_404(Upload, pk=pk)
    decisions.resume_upload(upload, request.user)
    return redirect(upload)


@require_POST
def cancel_upload(request, pk):
    upload = get_object_or_404(Upload, pk=pk)
    if decisions.cancel_upload(upload, request.user):
        messages.success(request, "Cancelled. What is with the vendor already still comes back and is kept.")
    return redirect(upload)


@require_POST
def send_batch_again(request, pk):
    return decide(request, pk, decisions.send_again, "Batch {} is sent again.")


@require_POST
def send_batch_singly(request, pk):
    said = "The people of batch {} are sent one by one: whoever is refused is named then."
    return decide(request, pk, decisions.send_singly, said)


@require_POST
def give_batch_up(request, pk):
    said = "Batch {} is given up: who has no answer is missing. A late one still files."
    return decide(request, pk, closing.give_up, said)


def decide(request, pk, decision, said):
    """Let a person decide about the try that the page showed: a second click decides nothing."""
    batch = get_object_or_404(Batch, pk=pk)
    is_shown = request.POST.get("attempts", str(batch.attempts)) == str(batch.attempts)
    if is_shown and decision(batch, request.user):
        messages.success(request, said.format(batch))
    else:
        messages.warning(
            request, "Nothing was done: the batch has gone on or was decided about already, or its list does not run."
        )
    return go_back(request, batch)


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


def is_as_shown(request, items, shown, counted_to=None):
    """Whether there are no more people by now than a question named, who were counted so far; if there are, say so."""
    shown = read_number(shown)
    if items.order_by()[:counted_to].count() <= shown:
        return True
    said = f"Nothing was done: there are {items.count():,} now, not {shown:,}. Look again and decide."
    messages.warning(request, said)
    return False


def rerun(request, items, otherwise):
    moved = decisions.rerun(items, request.user)
    for upload_id in moved:
        jobs.enqueue("planning", jobs.plan_upload, upload_id)
    messages.success(request, describe_rerun(sum(moved.values())))
    return go_back(request, otherwise)


@require_POST
def suppress_items(request):
    """Put people on the suppression list."""
    if (items := choose_asked(request)) is not None:
        added = suppression.suppress_items(items, request.user)
        messages.success(request, suppression.describe(added))
    return go_back(request, "items")


@require_POST
def export_items(request):
    """On to the choice of a file with the people of one list that were chosen."""
    upload = Upload.objects.filter(pk__in=read_ids([request.POST.get("upload", "")])).first()
    if upload is None or choose_people(request) is None:
        return go_back(request, "items")
    ticked = read_ids(request.POST.getlist("item")) if request.POST.get("which") != "all" else []
    filters = {name: request.POST.getlist(name) for name in request.POST if name in ItemFilter.base_filters}
    wanted = {"item": ticked} if ticked else filters
    return redirect(f"{reverse('upload-export-choose', args=[upload.pk])}?{urlencode(wanted, doseq=True)}")


def choose_people(request):
    """The items that are ticked, or all that the filters choose of a list or a batch; None where nobody is."""
    which, ticked = request.POST.get("which"), read_ids(request.POST.getlist("item"))
    if ticked and which != "all":
        return Item.objects.filter(pk__in=ticked)
    filterset = ItemFilter(request.POST, Item.objects.all())
    is_of_one = filterset.is_valid() and any(filterset.form.cleaned_data[name] for name in ("upload", "batch"))
    if is_of_one and which == "all":
        return filterset.qs
    messages.warning(request, "Nobody was chosen: tick people, or choose all that the filters show.")
    return None


def choose_asked(request):
    """The same for what is asked about first, with their number; None also where they are more by now."""
    items = choose_people(request)
    if items is None or request.POST.get("which") != "all":
        return items
    return items if is_as_shown(request, items, request.POST.get("shown", ""), paging.CAP + 1) else None


def describe_rerun(count):
    if not count:
        return "Nobody is asked for once more: only missing people and errors of lists that are not cancelled can be."
    return f"{count} {'person is' if count == 1 else 'people are'} asked for once more."


@require_POST
def remember_columns(request, name):
    """Keep in the browser which columns of a table are to be shown, and how many rows, and show the page again."""
    response = go_back(request, "dashboard")
    value = as_cookie(request.POST.get("rows"), request.POST.getlist("column"))
    options = {"samesite": "Lax", "httponly": True, "secure": request.is_secure()}
    response.set_cookie(name_cookie(name), value, max_age=A_YEAR, **options)
    return response


@require_POST
def lift_hold(request, pk):
    if not request.user.is_staff:
        raise PermissionDenied
    decisions.lift(get_object_or_404(Hold, pk=pk), request.user)
    return go_back(request, "dashboard")
