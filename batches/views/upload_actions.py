"""Decide about a list: start, approve, decline, withdraw, pause, resume, cancel, hurry or archive it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from accounts.rights import Right, require
from batches import jobs
from batches.intake import list_details, stale_answers
from batches.intake.trace_settings import TraceSettings
from batches.keys import read_key
from batches.models import Upload
from batches.statuses import Priority, UploadStatus
from batches.tracing import pausing, priority, purposes, spending
from batches.tracing.counts import format_people
from batches.user_request import UserRequest
from batches.views.shortcuts import redirect_back, refusal_as_message


@require_POST
def read_again(request: UserRequest, pk: int) -> HttpResponse:
    """Read the file of a list again with the same columns, for example once a missing file is back."""
    upload = get_object_or_404(Upload.objects.visible_to(request.user), pk=pk)
    require(request.user, Right.UPLOAD)
    if upload.status == UploadStatus.FAILED:
        jobs.check(upload, TraceSettings.from_upload(upload), request.user)
    return redirect(upload)


@require_POST
def start_upload(request: UserRequest, pk: int) -> HttpResponse:
    """Start a list if it still has the revision that its page showed. Scripts may omit the revision."""
    upload = get_object_or_404(Upload.objects.visible_to(request.user), pk=pk)
    try:
        stated = purposes.state(request.POST.get("purpose", ""), request.POST.get("purpose_note", ""), request.user)
    except purposes.NoPurpose as problem:
        messages.error(request, f"Not started. {problem}")
        return redirect(upload)
    with refusal_as_message(request):
        status = jobs.start(upload, request.user, read_revision(request), stated)
        show_start(request, status, "Started. This page updates automatically.")
    return redirect(upload)


@require_POST
def choose_stale(request: UserRequest, pk: int) -> HttpResponse:
    """Refresh or reuse the stale answers of a list before its start, if it still has the revision that was shown."""
    upload = get_object_or_404(Upload.objects.visible_to(request.user), pk=pk)
    with refusal_as_message(request):
        if request.POST.get("stale") == "refresh":
            people = stale_answers.refresh(upload, request.user, read_revision(request))
            messages.success(request, f"{format_people(people)} will be traced again. The cost below includes them.")
        else:
            people = stale_answers.use(upload, request.user, read_revision(request))
            messages.success(request, f"Earlier answers are used for {format_people(people)}, at no cost.")
    return redirect(upload)


@require_POST
def approve_upload(request: UserRequest, pk: int) -> HttpResponse:
    upload = get_object_or_404(Upload.objects.visible_to(request.user), pk=pk)
    with refusal_as_message(request):
        status = jobs.approve(upload, request.user, read_revision(request))
        show_start(request, status, "Approved and started.")
    return redirect_back(request, upload)


def show_start(request: UserRequest, status: UploadStatus | None, message: str) -> None:
    """Show the message if the list is now running. Otherwise, say why it is not, judging by its status."""
    if status == UploadStatus.RUNNING:
        messages.success(request, message)
    elif status == UploadStatus.APPROVAL:
        messages.success(request, "Approval requested. The list starts once someone else approves it.")
    else:
        messages.warning(request, "Not started: the list has already been started, or nobody in it can be traced.")


def read_revision(request: UserRequest) -> int | None:
    """Return the revision that the page showed: None if the form has none, and 0 if it is not a number."""
    given = request.POST.get("revision")
    return None if given is None else read_key(given) or 0


@require_POST
def decline_upload(request: UserRequest, pk: int) -> HttpResponse:
    upload = get_object_or_404(Upload.objects.visible_to(request.user), pk=pk)
    with refusal_as_message(request):
        if jobs.decline(upload, request.user, request.POST.get("reason", "")):
            messages.success(request, "Declined. The person who asked is told why.")
    return redirect(upload)


@require_POST
def withdraw_upload(request: UserRequest, pk: int) -> HttpResponse:
    upload = get_object_or_404(Upload.objects.visible_to(request.user), pk=pk)
    with refusal_as_message(request):
        if spending.withdraw(upload, request.user):
            messages.success(request, "Approval request withdrawn. You can edit the list and start it again.")
    return redirect(upload)


@require_POST
def pause_upload(request: UserRequest, pk: int) -> HttpResponse:
    upload = get_object_or_404(Upload.objects.visible_to(request.user), pk=pk)
    pausing.pause_upload(upload, request.user)
    return redirect_back(request, upload)


@require_POST
def resume_upload(request: UserRequest, pk: int) -> HttpResponse:
    upload = get_object_or_404(Upload.objects.visible_to(request.user), pk=pk)
    pausing.resume_upload(upload, request.user)
    return redirect_back(request, upload)


@require_POST
def cancel_upload(request: UserRequest, pk: int) -> HttpResponse:
    upload = get_object_or_404(Upload.objects.visible_to(request.user), pk=pk)
    if pausing.cancel_upload(upload, request.user):
        messages.success(request, "Cancelled. Late answers will still be saved.")
    return redirect_back(request, upload)


@require_POST
def change_priority(request: UserRequest, pk: int) -> HttpResponse:
    """Give a list the priority with the posted number."""
    upload = get_object_or_404(Upload.objects.visible_to(request.user), pk=pk)
    chosen = next((each for each in Priority if str(each.value) == request.POST.get("priority")), upload.priority)
    if priority.change_priority(upload, request.user, Priority(chosen)):
        messages.success(request, f"“{upload}” now has {Priority(chosen).label.lower()} priority.")
    return redirect_back(request, upload)


@require_POST
def move_to_front(request: UserRequest, pk: int) -> HttpResponse:
    upload = get_object_or_404(Upload.objects.visible_to(request.user), pk=pk)
    if priority.move_to_front(upload, request.user):
        messages.success(request, f"“{upload}” is sent before all other lists.")
    return redirect_back(request, upload)


@require_POST
def archive_upload(request: UserRequest, pk: int) -> HttpResponse:
    upload = get_object_or_404(Upload.objects.visible_to(request.user), pk=pk)
    if list_details.archive(upload, request.user):
        messages.success(request, "Archived. Find it again with the filter “Archived”.")
    elif not upload.is_archived:
        messages.warning(request, "Not archived: something is still happening to the list. Cancel it, or wait.")
    return redirect(upload)


@require_POST
def unarchive_upload(request: UserRequest, pk: int) -> HttpResponse:
    upload = get_object_or_404(Upload.objects.visible_to(request.user), pk=pk)
    if list_details.unarchive(upload, request.user):
        messages.success(request, "Taken out of the archive.")
    return redirect(upload)
