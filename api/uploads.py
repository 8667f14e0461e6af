"""Send a list, follow its progress, and make the decisions that people make on screen."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, TypeVar

from django.contrib.auth.models import User
from django.db.models import Model, QuerySet
from django.shortcuts import get_object_or_404
from ninja import Body, File, Form, Query, Router, Status, UploadedFile

from accounts.rights import Right
from api import creation
from api.auth import needs
from api.changes import change_list
from api.errors import Conflict
from api.models import Scope
from api.schemas import (
    DEFAULT_PAGE_SIZE,
    MAX_COUNT,
    NOT_FOUND_RESPONSES,
    REFUSALS,
    BatchPage,
    Cursor,
    IdempotencyKeyHeader,
    ListChanges,
    ListOptions,
    NewList,
    PageSize,
    Problem,
    Revision,
    StaleChoice,
    UploadOut,
    UploadPage,
)
from api.serializers import serialize_batches, serialize_uploads
from batches import jobs
from batches.intake import stale_answers
from batches.intake.list_options import GivenSettings, read_complete_settings
from batches.keys import MAX_KEY
from batches.models import Upload
from batches.statuses import UploadStatus
from batches.tracing import pausing, purposes, spending
from batches.user_request import UserRequest

router = Router(tags=["Lists"])
READ = needs(Scope.READ, Right.SEE_LISTS)
UPLOAD = needs(Scope.UPLOAD, Right.UPLOAD)
START = needs(Scope.START, Right.START)
RERUN = needs(Scope.START, Right.DECIDE)
DECISION_RESPONSES = {200: UploadOut, 409: Problem} | NOT_FOUND_RESPONSES
Record = TypeVar("Record", bound=Model)


def serialize_current(request: UserRequest, pk: int) -> dict[str, Any]:
    """Return an upload as it is in the database now."""
    visible = Upload.objects.visible_to(request.user).with_creator()
    return serialize_uploads([get_object_or_404(visible, pk=pk)])[0]


def split_page(records: QuerySet[Record], limit: int, cursor_field: str) -> tuple[list[Record], int | None]:
    """Return a page of at most `limit` records, and the cursor of the next page (None if there is none).

    The cursor is the value of `cursor_field` in the page's last record.
    """
    found = list(records[: limit + 1])
    page, has_more = found[:limit], len(found) > limit
    return page, getattr(page[-1], cursor_field) if has_more else None


@router.get("/uploads", summary="See lists", response={200: UploadPage} | REFUSALS, **READ)
def list_uploads(
    request: UserRequest,
    before: Cursor = MAX_KEY,
    limit: PageSize = DEFAULT_PAGE_SIZE,
    status: Query[tuple[UploadStatus, ...]] = (),
    tag: Query[tuple[str, ...]] = (),
    archived: bool | None = None,
) -> dict[str, Any]:
    """Return the lists that the token's user may see, newest first.

    With several tags, return the lists that have one of them. `archived` limits the lists to those that are archived,
    or to those that are not.
    """
    uploads = Upload.objects.visible_to(request.user).with_creator().filter(pk__lt=before)
    if status:
        uploads = uploads.filter(status__in=status)
    if tag:
        uploads = uploads.filter(pk__in=Upload.objects.filter(tags__name__in=tag).values("pk"))
    if archived is not None:
        uploads = uploads.archived() if archived else uploads.unarchived()
    page, next_cursor = split_page(uploads.order_by("-pk"), limit, "pk")
    return {"uploads": serialize_uploads(page), "next": next_cursor}


@router.post(
    "/uploads",
    summary="Send a list",
    response={201: UploadOut, 200: UploadOut, 400: Problem, 409: Problem} | REFUSALS,
    **UPLOAD,
)
def create_upload(
    request: UserRequest,
    new_list: Form[NewList],
    file: File[UploadedFile],
    key: IdempotencyKeyHeader = "",
) -> Status:
    """Send a list as CSV or XLSX. It becomes a draft: review its `doubts`, check it, then start it.

    Calls with the same Idempotency-Key create the list only once; later calls return the same list (200).
    """
    upload, is_new = creation.create_once(request.user, key, file, new_list)
    return Status(201 if is_new else 200, serialize_current(request, upload.pk))


@router.get("/uploads/{id:pk}", summary="See one list", response={200: UploadOut} | NOT_FOUND_RESPONSES, **READ)
def get_upload(request: UserRequest, pk: int) -> dict[str, Any]:
    """Return a list with its progress."""
    return serialize_current(request, pk)


@router.patch(
    "/uploads/{id:pk}",
    summary="Change a list",
    response={400: Problem, 409: Problem} | {200: UploadOut} | NOT_FOUND_RESPONSES,
    **UPLOAD,
)
def change_upload(request: UserRequest, pk: int, changes: Body[ListChanges]) -> dict[str, Any]:
    """Change the name, source, note, tags, owner or priority of a list, or archive it.

    Members can change their own lists, and leads those of their team. Everyone who may start lists can change the
    priority.
    """
    upload = get_object_or_404(Upload.objects.visible_to(request.user).with_creator(), pk=pk)
    change_list(upload, request.user, changes)
    return serialize_current(request, pk)


@router.get(
    "/uploads/{id:pk}/batches",
    summary="See the batches of a list",
    response={200: BatchPage} | NOT_FOUND_RESPONSES,
    **READ,
)
def list_batches(
    request: UserRequest, pk: int, after: Cursor = 0, limit: PageSize = DEFAULT_PAGE_SIZE
) -> dict[str, Any]:
    """Return the batches of a list, ordered by number."""
    upload = get_object_or_404(Upload.objects.visible_to(request.user), pk=pk)
    batches = upload.batches.for_tables().filter(number__gt=after).order_by("number")
    page, next_cursor = split_page(batches, limit, "number")
    return {"batches": serialize_batches(page), "next": next_cursor}


@router.post(
    "/uploads/{id:pk}/check", summary="Check columns and rows", response={400: Problem} | DECISION_RESPONSES, **UPLOAD
)
def check_upload(request: UserRequest, pk: int, given: Body[ListOptions | None] = None) -> dict[str, Any]:
    """Accept the columns of a list that has not been started, with any changes that you send, and read its rows."""
    upload = get_object_or_404(Upload.objects.visible_to(request.user), pk=pk)
    with creation.refusals_as_bad_input():
        settings = read_complete_settings(upload, GivenSettings(**(given or ListOptions()).settings()))
    if not jobs.check(upload, settings, request.user):
        raise Conflict(f"A list with status {upload.status} cannot be checked.")
    return serialize_current(request, pk)


@router.post(
    "/uploads/{id:pk}/stale",
    summary="Choose what becomes of stale answers",
    response=DECISION_RESPONSES,
    **UPLOAD,
)
def choose_stale(
    request: UserRequest, pk: int, choice: StaleChoice = StaleChoice.USE, revision: Revision = None
) -> dict[str, Any]:
    """Choose for a list that is ready: trace people with a stale earlier answer again, or use the answers as they are.

    `stale` of the list says how many there are, and `most_credits` what the list can cost with the choice.
    """
    upload = get_object_or_404(Upload.objects.visible_to(request.user), pk=pk)
    choose = stale_answers.refresh if choice == StaleChoice.REFRESH else stale_answers.use
    with refusals_as_conflict():
        choose(upload, request.user, revision)
    return serialize_current(request, pk)


@router.post("/uploads/{id:pk}/refresh", summary="Refresh stale answers", response=DECISION_RESPONSES, **RERUN)
def refresh_upload(
    request: UserRequest, pk: int, people: Annotated[int, Query(ge=0, le=MAX_COUNT)] = 0
) -> dict[str, Any]:
    """Trace people of a started list again whose reused answers are stale. Each may be charged.

    `people` is `stale` of the list as you saw it. If there are now more, nothing is done. A complete list runs again.
    """
    upload = get_object_or_404(Upload.objects.visible_to(request.user), pk=pk)
    with refusals_as_conflict():
        if not jobs.refresh_stale(upload, request.user, people):
            raise Conflict(f"Nothing was refreshed: no reused answer is stale, or the list is {upload.status}.")
    return serialize_current(request, pk)


@contextmanager
def refusals_as_conflict() -> Iterator[None]:
    """Turn SpendingRefused into Conflict."""
    try:
        yield
    except spending.SpendingRefused as problem:
        raise Conflict(str(problem)) from None


@router.post("/uploads/{id:pk}/start", summary="Start a list", response=DECISION_RESPONSES, **START)
def start_upload(
    request: UserRequest, pk: int, revision: Revision = None, purpose: str = "", purpose_note: str = ""
) -> dict[str, Any]:
    """Start a list that is ready. If its status is then `approval`, another person must approve it on screen.

    `purpose` is the key of what the list is used for. Without it, the purpose that you stated last counts.
    """
    upload = get_object_or_404(Upload.objects.visible_to(request.user), pk=pk)
    try:
        status = jobs.start(upload, request.user, revision, purposes.state(purpose, purpose_note, request.user))
    except (spending.SpendingRefused, purposes.NoPurpose) as problem:
        raise Conflict(str(problem)) from None
    if status is None:
        raise Conflict("This list is not ready, has already been started, or contains nobody who can be traced.")
    return serialize_current(request, pk)


@router.post("/uploads/{id:pk}/pause", summary="Pause a list", response=DECISION_RESPONSES, **START)
def pause_upload(request: UserRequest, pk: int) -> dict[str, Any]:
    """Pause a running list: nothing more is sent until it is resumed."""
    return run_decision(request, pk, pausing.pause_upload, "paused")


@router.post("/uploads/{id:pk}/resume", summary="Resume a list", response=DECISION_RESPONSES, **START)
def resume_upload(request: UserRequest, pk: int) -> dict[str, Any]:
    """Resume a paused list."""
    return run_decision(request, pk, pausing.resume_upload, "resumed")


@router.post("/uploads/{id:pk}/cancel", summary="Cancel a list", response=DECISION_RESPONSES, **START)
def cancel_upload(request: UserRequest, pk: int) -> dict[str, Any]:
    """Cancel a list for good: nothing more is sent. Answers that still arrive are saved."""
    return run_decision(request, pk, pausing.cancel_upload, "cancelled")


def run_decision(
    request: UserRequest, pk: int, decision: Callable[[Upload, User], bool], past_participle: str
) -> dict[str, Any]:
    """Apply a decision to a list and return the list. Raise Conflict if its status does not allow it."""
    upload = get_object_or_404(Upload.objects.visible_to(request.user), pk=pk)
    if not decision(upload, request.user):
        raise Conflict(f"A list with status {upload.status} cannot be {past_participle}.")
    return serialize_current(request, pk)
