"""Lists: send one, look at it, and what a person decides about it on screen."""

from django.shortcuts import get_object_or_404
from ninja import Body, File, Form, Query, Router, Status, UploadedFile

from api import creation
from api.errors import Conflict
from api.schemas import (
    LAST_ID,
    NOT_HERE,
    PAGE,
    BatchPage,
    Key,
    Limit,
    Order,
    Place,
    Problem,
    SettingsIn,
    UploadOut,
    UploadPage,
)
from api.serializers import describe_batches, describe_uploads
from batches import jobs
from batches.intake.list_options import GivenSettings, read_complete_settings
from batches.models import Upload
from batches.statuses import UploadStatus
from batches.tracing import pausing, spending

router = Router(tags=["Lists"])
MOVED = {200: UploadOut, 409: Problem} | NOT_HERE


def show(pk):
    """Return an upload as it is now."""
    return describe_uploads([get_object_or_404(Upload.objects.with_creator(), pk=pk)])[0]


def cut(records, limit, key):
    """Of one record more than asked for: the page, and from where the next one goes on, or None."""
    page = list(records[: limit + 1])
    return page[:limit], getattr(page[limit - 1], key) if len(page) > limit else None


@router.get("/uploads", response={200: UploadPage, 401: Problem})
def list_uploads(request, before: Place = LAST_ID, limit: Limit = PAGE, status: Query[list[UploadStatus]] = ()):
    """Return everybody's lists, the newest first."""
    uploads = Upload.objects.with_creator().filter(pk__lt=before)
    if status:
        uploads = uploads.filter(status__in=status)
    page, next_ = cut(uploads.order_by("-pk"), limit, "pk")
    return {"uploads": describe_uploads(page), "next": next_}


@router.post("/uploads", response={201: UploadOut, 200: UploadOut, 401: Problem, 409: Problem, 422: Problem})
def create_upload(
    request,
    order: Form[Order],
    file: File[UploadedFile],
    key: Key = "",
):
    """Send a list as CSV or XLSX. It becomes a draft: look at its `doubts`, then check it, then start it.

    With the same Idempotency-Key it is made once, and the same list is given again (200).
    """
    upload, is_new = creation.order_once(request.user, key, file, order)
    return Status(201 if is_new else 200, show(upload.pk))


@router.get("/uploads/{id:pk}", response={200: UploadOut} | NOT_HERE)
def get_upload(request, pk: int):
    """How far a list is."""
    return show(pk)


@router.get("/uploads/{id:pk}/batches", response={200: BatchPage} | NOT_HERE)
def list_batches(request, pk: int, after: Place = 0, limit: Limit = PAGE):
    """Return a list's batches by their numbers."""
    upload = get_object_or_404(Upload, pk=pk)
    batches = upload.batches.for_lists().filter(number__gt=after).order_by("number")
    page, next_ = cut(batches, limit, "number")
    return {"batches": describe_batches(page), "next": next_}


@router.post("/uploads/{id:pk}/check", response=MOVED | {422: Problem})
def check_upload(request, pk: int, given: Body[SettingsIn | None] = None):
    """Accept the columns of a list that has not been started, with changes if any are given, and read its rows."""
    upload = get_object_or_404(Upload, pk=pk)
    with creation.refusals_as_bad_input():
        settings = read_complete_settings(upload, GivenSettings(**(given or SettingsIn()).settings()))
    if not jobs.check(upload, settings, request.user):
        raise Conflict(f"A list that is {upload.status} cannot be checked.")
    return show(pk)


@router.post("/uploads/{id:pk}/start", response=MOVED)
def start_upload(request, pk: int):
    """Start a list that is ready. If it has status `approval` then, somebody else must approve it on screen."""
    try:
        status = jobs.start(get_object_or_404(Upload, pk=pk), request.user)
    except spending.OverLimit as problem:
        raise Conflict(str(problem)) from None
    if status is None:
        raise Conflict("This list is not ready, has been started already, or nobody in it can be traced.")
    return show(pk)


@router.post("/uploads/{id:pk}/pause", response=MOVED)
def pause_upload(request, pk: int):
    """Send nothing more of a running list for now."""
    return move(request, pk, pausing.pause_upload, "paused")


@router.post("/uploads/{id:pk}/resume", response=MOVED)
def resume_upload(request, pk: int):
    """Go on with a paused list."""
    return move(request, pk, pausing.resume_upload, "resumed")


@router.post("/uploads/{id:pk}/cancel", response=MOVED)
def cancel_upload(request, pk: int):
    """Send nothing more of a list. What is with the vendor already still comes back and is kept."""
    return move(request, pk, pausing.cancel_upload, "cancelled")


def move(request, pk, decide, what):
    upload = get_object_or_404(Upload, pk=pk)
    if not decide(upload, request.user):
        raise Conflict(f"A list that is {upload.status} cannot be {what}.")
    return show(pk)
