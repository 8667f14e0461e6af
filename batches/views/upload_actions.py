"""What a person decides about a list: each a POST, a move, and back to the page."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from batches import jobs
from batches.models import Upload
from batches.statuses import UploadStatus
from batches.tracing import pausing, spending


@require_POST
def start_upload(request, pk):
    return begin(request, pk, jobs.start, "Started. This page follows it by itself.")


@require_POST
def approve_upload(request, pk):
    return begin(request, pk, jobs.approve, "Approved and started.")


def begin(request, pk, decision, said):
    upload = get_object_or_404(Upload, pk=pk)
    try:
        status = decision(upload, request.user)
    except spending.OverLimit as problem:
        messages.error(request, str(problem))
        return redirect(upload)
    if status == UploadStatus.RUNNING:
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
    pausing.pause_upload(upload, request.user)
    return redirect(upload)


@require_POST
def resume_upload(request, pk):
    upload = get_object_or_404(Upload, pk=pk)
    pausing.resume_upload(upload, request.user)
    return redirect(upload)


@require_POST
def cancel_upload(request, pk):
    upload = get_object_or_404(Upload, pk=pk)
    if pausing.cancel_upload(upload, request.user):
        messages.success(request, "Cancelled. What is with the vendor already still comes back and is kept.")
    return redirect(upload)
