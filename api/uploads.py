"""Lists: send one, follow its progress, and take the decisions that people take on screen."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.contrib.auth.models import User
from django.db.models import Model, QuerySet
from django.shortcuts import get_object_or_404
from ninja import Body, File, Form, Query, Router, Status, UploadedFile

from api import creation
from api.errors import Conflict
from api.schemas import (
    DEFAULT_PAGE_SIZE,
    MAX_ID,
    NOT_FOUND_RESPONSES,
    BatchPage,
    Cursor,
    Key,
    ListOptions,
    NewList,
    PageSize,
    Problem,
    Revision,
    UploadOut,
    UploadPage,
)
from api.serializers import serialize_batches, serialize_uploads
from batches import jobs
from batches.intake.list_options import GivenSettings, read_complete_settings
from batches.models import Upload
from batches.statuses import UploadStatus
from batches.tracing import pausing, spending
from batches.user_request import UserRequest

router = Router(tags=["Lists"])
DECISION_RESPONSES = {200: UploadOut, 409: Problem} | NOT_FOUND_RESPONSES
Record = TypeVar("Record", bound=Model)


def serialize_current(pk: int) -> dict[str, Any]:
    """Return an upload as it is now."""
    return serialize_uploads([get_object_or_404(Upload.objects.with_creator(), pk=pk)])[0]


def split_page(records: QuerySet[Record], limit: int, key: str) -> tuple[list[Record], int | None]:
    """Return a page of at most `limit` records and the cursor of the next page, or None after the last."""
    page = list(records[: limit + 1])
    return page[:limit], getattr(page[limit - 1], key) if len(page) > limit else None


@router.get("/uploads", response={200: UploadPage, 401: Problem})
def list_uploads(
    request: UserRequest,
    before: Cursor = MAX_ID,
    limit: PageSize = DEFAULT_PAGE_SIZE,
    status: Query[tuple[UploadStatus, ...]] = (),
) -> dict[str, Any]:
    """Return all users' lists, newest first."""
    uploads = Upload.objects.with_creator().filter(pk__lt=before)
    if status:
        uploads = uploads.filter(status__in=status)
    page, next_cursor = split_page(uploads.order_by("-pk"), limit, "pk")
    return {"uploads": serialize_uploads(page), "next": next_cursor}


@router.post("/uploads", response={201: UploadOut, 200: UploadOut, 401: Problem, 409: Problem, 422: Problem})
def create_upload(
    request: UserRequest,
    new_list: Form[NewList],
    file: File[UploadedFile],
    key: Key = "",
) -> Status:
    """Send a list as CSV or XLSX. It becomes a draft: review its `doubts`, check it, then start it.

    Calls with the same Idempotency-Key create it only once; later ones return the same list (200).
    """
    upload, is_new = creation.create_once(request.user, key, file, new_list)
    return Status(201 if is_new else 200, serialize_current(upload.pk))


@router.get("/uploads/{id:pk}", response={200: UploadOut} | NOT_FOUND_RESPONSES)
def get_upload(request: UserRequest, pk: int) -> dict[str, Any]:
    """Return a list with its progress."""
    return serialize_current(pk)


@router.get("/uploads/{id:pk}/batches", response={200: BatchPage} | NOT_FOUND_RESPONSES)
def list_batches(
    request: UserRequest, pk: int, after: Cursor = 0, limit: PageSize = DEFAULT_PAGE_SIZE
) -> dict[str, Any]:
    """Return the batches of a list by number."""
    upload = get_object_or_404(Upload, pk=pk)
    batches = upload.batches.for_tables().filter(number__gt=after).order_by("number")
    page, next_cursor = split_page(batches, limit, "number")
    return {"batches": serialize_batches(page), "next": next_cursor}


@router.post("/uploads/{id:pk}/check", response=DECISION_RESPONSES | {422: Problem})
def check_upload(request: UserRequest, pk: int, given: Body[ListOptions | None] = None) -> dict[str, Any]:
    """Accept the columns of a list that has not been started, with any changes given, and read its rows."""
    upload = get_object_or_404(Upload, pk=pk)
    with creation.refusals_as_bad_input():
        settings = read_complete_settings(upload, GivenSettings(**(given or ListOptions()).settings()))
    if not jobs.check(upload, settings, request.user):
        raise Conflict(f"A list with status {upload.status} cannot be checked.")
    return serialize_current(pk)


@router.post("/uploads/{id:pk}/start", response=DECISION_RESPONSES)
def start_upload(request: UserRequest, pk: int, revision: Revision = None) -> dict[str, Any]:
    """Start a list that is ready. If its status is then `approval`, another person must approve it on screen."""
    try:
        status = jobs.start(get_object_or_404(Upload, pk=pk), request.user, revision)
    except spending.OverLimit as problem:
        raise Conflict(str(problem)) from None
    if status is None:
        raise Conflict("This list is not ready, has already been started, or contains nobody who can be traced.")
    return serialize_current(pk)


@router.post("/uploads/{id:pk}/pause", response=DECISION_RESPONSES)
def pause_upload(request: UserRequest, pk: int) -> dict[str, Any]:
    """Pause a running list: nothing more is sent until it is resumed."""
    return run_decision(request, pk, pausing.pause_upload, "paused")


@router.post("/uploads/{id:pk}/resume", response=DECISION_RESPONSES)
def resume_upload(request: UserRequest, pk: int) -> dict[str, Any]:
    """Resume a paused list."""
    return run_decision(request, pk, pausing.resume_upload, "resumed")


@router.post("/uploads/{id:pk}/cancel", response=DECISION_RESPONSES)
def cancel_upload(request: UserRequest, pk: int) -> dict[str, Any]:
    """Cancel a list: nothing more is sent. Answers that are still on their way are saved."""
    return run_decision(request, pk, pausing.cancel_upload, "cancelled")


def run_decision(
    request: UserRequest, pk: int, decision: Callable[[Upload, User], bool], past_participle: str
) -> dict[str, Any]:
    """Apply a decision to a list and return the list. Raises Conflict if its status does not allow it."""
    upload = get_object_or_404(Upload, pk=pk)
    if not decision(upload, request.user):
        raise Conflict(f"A list with status {upload.status} cannot be {past_participle}.")
    return serialize_current(pk)
