"""Decisions about a list: start, approve, withdraw, pause, resume, cancel."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from batches import jobs
from batches.keys import read_key
from batches.models import Upload
from batches.statuses import UploadStatus
from batches.tracing import pausing, spending
from batches.user_request import UserRequest
from batches.views.shortcuts import over_limit_as_message


@require_POST
def start_upload(request: UserRequest, pk: int) -> HttpResponse:
    """Start a list as its page showed it. A script that has seen no page starts it as it is."""
    upload = get_object_or_404(Upload, pk=pk)
    with over_limit_as_message(request):
        status = jobs.start(upload, request.user, read_revision(request))
        show_start(request, status, "Started. This page updates automatically.")
    return redirect(upload)


@require_POST
def approve_upload(request: UserRequest, pk: int) -> HttpResponse:
    upload = get_object_or_404(Upload, pk=pk)
    with over_limit_as_message(request):
        status = jobs.approve(upload, request.user, read_revision(request))
        show_start(request, status, "Approved and started.")
    return redirect(upload)


def show_start(request: UserRequest, status: UploadStatus | None, started: str) -> None:
    """Show what became of a start, by the status that the list has after it."""
    if status == UploadStatus.RUNNING:
        messages.success(request, started)
    elif status == UploadStatus.APPROVAL:
        messages.success(request, "Approval requested. The list starts once someone else approves it.")
    else:
        messages.warning(request, "Not started: the list has already been started, or nobody in it can be traced.")


def read_revision(request: UserRequest) -> int | None:
    """Return the revision that the page showed; None if there is none in the form, 0 if it is not a number."""
    given = request.POST.get("revision")
    return None if given is None else read_key(given) or 0


@require_POST
def withdraw_upload(request: UserRequest, pk: int) -> HttpResponse:
    upload = get_object_or_404(Upload, pk=pk)
    with over_limit_as_message(request):
        if spending.withdraw(upload, request.user):
            messages.success(request, "Approval request withdrawn. You can edit the list and start it again.")
    return redirect(upload)


@require_POST
def pause_upload(request: UserRequest, pk: int) -> HttpResponse:
    upload = get_object_or_404(Upload, pk=pk)
    pausing.pause_upload(upload, request.user)
    return redirect(upload)


@require_POST
def resume_upload(request: UserRequest, pk: int) -> HttpResponse:
    upload = get_object_or_404(Upload, pk=pk)
    pausing.resume_upload(upload, request.user)
    return redirect(upload)


@require_POST
def cancel_upload(request: UserRequest, pk: int) -> HttpResponse:
    upload = get_object_or_404(Upload, pk=pk)
    if pausing.cancel_upload(upload, request.user):
        messages.success(request, "Cancelled. Late answers will still be saved.")
    return redirect(upload)
