"""Lists: an overview, and the review, progress and history of each."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from batches.forms.uploads import CorrectionForm
from batches.intake import edits
from batches.intake.corrections import count_people
from batches.keys import read_key
from batches.models import IS_IN_DOUBT, Upload
from batches.reports.progress import list_progress
from batches.statuses import UploadStatus
from batches.tables.filters import UploadFilter
from batches.tables.tables import BatchTable, EventTable, UploadTable
from batches.tracing import spending
from batches.tracing.counts import count_batches, count_uploads
from batches.tracing.credits import cost_warning
from batches.user_request import UserRequest
from batches.views import review
from batches.views.live import shared_live_part
from batches.views.shortcuts import paginate, render_list

REVIEW_STATUSES = {UploadStatus.READY, UploadStatus.APPROVAL, UploadStatus.FAILED, UploadStatus.CHECKING}


@shared_live_part(table=UploadTable)
def upload_list(request: UserRequest) -> HttpResponse:
    filterset = UploadFilter(request.GET, Upload.objects.with_creator())
    return render_list(request, "uploads/list.html", filterset, UploadTable, count_uploads)


def upload_page(request: UserRequest, pk: int) -> HttpResponse:
    """Show a list: its mapping while it is a draft, its review before the start, its progress after it."""
    upload = get_object_or_404(Upload.objects.with_creator(), pk=pk)
    if upload.status == UploadStatus.DRAFT:
        return redirect("upload-columns", pk)
    context: dict[str, Any] = {"upload": upload}
    if upload.invalid_count:
        context["correction_form"] = CorrectionForm()
        context["max_correction_credits"] = spending.max_credits(count_people(upload, upload.invalid_count))
    context["correction"] = upload.corrections.first()
    if upload.status in REVIEW_STATUSES:
        return show_review(request, upload, context)
    return show_progress(request, upload, context)


@shared_live_part
def show_progress(request: UserRequest, upload: Upload, context: dict[str, Any]) -> HttpResponse:
    """Show the progress, batches and history of a list that has been started."""
    if upload.is_started:
        context["progress"] = list_progress(upload, timezone.now())
        context["counts"] = context["progress"].counts
        context["waiting"] = upload.items.waiting().count()
    else:
        context["counts"] = count_uploads([upload])[upload.pk]
    batches = upload.batches.for_tables().order_by("number")
    context["table"] = paginate(request, BatchTable(batches, exclude=["upload"]), count_batches)
    context["events"] = EventTable(upload.events.with_names().order_by("-at", "-id")[:12])
    context["in_doubt_count"] = upload.batches.in_doubt().count()
    context["troubled"] = (
        upload.batches.needing_decision().exclude(IS_IN_DOUBT).annotate_resent().for_tables().order_by("number")[:10]
    )
    return render(request, "uploads/_progress.html" if request.htmx else "uploads/page.html", context)


def upload_history(request: UserRequest, pk: int) -> HttpResponse:
    """Show every event of a list in order, or of one of its batches with ?batch=NUMBER."""
    upload = get_object_or_404(Upload, pk=pk)
    events = upload.events.with_names()
    if number := read_key(request.GET.get("batch", "")):
        events = events.filter(batch__number=number)
    table = paginate(request, EventTable(events), per_page=100)
    return render(request, "uploads/history.html", {"upload": upload, "table": table})


def show_review(request: UserRequest, upload: Upload, context: dict[str, Any]) -> HttpResponse:
    """Show the review of a list: the problems of its rows, what will happen to them, and what that costs."""
    if upload.status == UploadStatus.CHECKING:
        context["reading"] = review.reading_progress(upload)
    else:
        context |= {"review": review.summarise(upload, request.user), "difference": cost_warning()}
        context["undoable"] = edits.find_undoable(upload)
    return render(request, "uploads/_review.html" if request.htmx else "uploads/review.html", context)
