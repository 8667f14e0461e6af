"""Lists: all of them, and one by its review, its progress or its history."""

from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from batches.forms.uploads import ContinuationForm
from batches.keys import read_key
from batches.models import Upload
from batches.reports.progress import look_at_one
from batches.statuses import Outcome, UploadStatus
from batches.tables.filters import UploadFilter
from batches.tables.tables import BatchTable, EventTable, ItemTable, UploadTable
from batches.tracing import spending
from batches.tracing.counts import count_batches, count_uploads
from batches.views.live import shared
from batches.views.shortcuts import paginate, show_list

REVIEWED = {UploadStatus.READY, UploadStatus.APPROVAL, UploadStatus.FAILED, UploadStatus.CHECKING}


@shared(table=UploadTable)
def upload_list(request):
    filterset = UploadFilter(request.GET, Upload.objects.with_creator())
    return show_list(request, "uploads/list.html", filterset, UploadTable, count_uploads)


def upload_page(request, pk):
    upload = get_object_or_404(Upload.objects.with_creator(), pk=pk)
    if upload.status == UploadStatus.DRAFT:
        return redirect("upload-columns", pk)
    context = {"upload": upload}
    if upload.invalid_count:
        context["mending"] = ContinuationForm()
        context["mend_most"] = spending.most_credits(upload.invalid_count * (2 if upload.co_owners else 1))
    context["continuation"] = upload.continuations.first()
    if upload.status in REVIEWED:
        return show_review(request, upload, context)
    return show_progress(request, upload, context)


@shared
def show_progress(request, upload, context):
    """Show a list that was started: how far it is, its batches and its history."""
    if upload.is_started:
        context["progress"] = look_at_one(upload, timezone.now())
        context["counts"] = context["progress"].counts
    else:
        context["counts"] = count_uploads([upload])[upload.pk]
    batches = upload.batches.for_lists().order_by("number")
    context["table"] = paginate(request, BatchTable(batches, exclude=["upload"]), count_batches)
    context["events"] = EventTable(upload.events.with_names().order_by("-at", "-id")[:12])
    context["troubled"] = upload.batches.needing_a_person().with_resent().for_lists().order_by("number")[:10]
    return render(request, "uploads/_progress.html" if request.htmx else "uploads/page.html", context)


def upload_history(request, pk):
    """All that happened to an upload and its batches, or to one of them, in order."""
    upload = get_object_or_404(Upload, pk=pk)
    events = upload.events.with_names()
    if number := read_key(request.GET.get("batch", "")):
        events = events.filter(batch__number=number)
    table = paginate(request, EventTable(events), per_page=100)
    return render(request, "uploads/history.html", {"upload": upload, "table": table})


def show_review(request, upload, context):
    """Before the start: what becomes of the rows, what that is expected to cost, and the most that it can."""
    invalid = upload.items.filter(outcome=Outcome.INVALID).for_lists()
    table = ItemTable(invalid, exclude=["upload", "outcome", "answered_at"], sequence=["row_number", "found", "..."])
    context["table"] = paginate(request, table, per_page=10)
    past = spending.look_at_past()
    most, expected = spending.most_credits(upload.item_count), spending.expect_credits(upload, past)
    context |= {"lines": spending.plan_spend(upload), "most": most, "expected": expected, "past": past}
    context |= {"most_money": spending.to_money(most), "needs_approval": spending.is_over_approval(most)}
    context["expected_money"] = spending.to_money(expected) if expected is not None else None
    return render(request, "uploads/_review.html" if request.htmx else "uploads/review.html", context)
