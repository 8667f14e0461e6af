"""What a person decides: each a POST, a move, and back to the page."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from batches import dispatch, intake, jobs
from batches.lifecycle import move_upload, record
from batches.models import Batch, Hold, Upload, UploadStatus


@require_POST
def start_upload(request, pk):
    upload = get_object_or_404(Upload, pk=pk)
    if intake.start(upload, request.user):
        jobs.enqueue("planning", jobs.plan_upload, pk)
        messages.success(request, "Started. This page follows it by itself.")
    else:
        messages.warning(request, "This list has been started already, or nobody in it can be traced.")
    return redirect(upload)


@require_POST
def pause_upload(request, pk):
    return move(request, pk, UploadStatus.PAUSED, "paused")


@require_POST
def resume_upload(request, pk):
    return move(request, pk, UploadStatus.RUNNING, "resumed")


def move(request, pk, status, what):
    upload = get_object_or_404(Upload, pk=pk)
    if move_upload(pk, status):
        record(pk, what, user=request.user)
    return redirect(upload)


@require_POST
def cancel_upload(request, pk):
    upload = get_object_or_404(Upload, pk=pk)
    if dispatch.cancel_upload(upload, request.user):
        messages.success(request, "Cancelled. What is with the vendor already still comes back and is kept.")
    return redirect(upload)


@require_POST
def send_batch_again(request, pk):
    batch = get_object_or_404(Batch, pk=pk)
    if not dispatch.send_again(batch, request.user):
        messages.warning(request, "Nothing was sent: the list does not run any more, or it has been decided already.")
    return redirect(batch)


@require_POST
def give_batch_up(request, pk):
    """Close an unconfirmed or refused batch: what has no answer is missing."""
    batch = get_object_or_404(Batch.objects.needing_a_person(), pk=pk)
    jobs.close_batch(pk, request.user)
    return redirect(batch)


@require_POST
def lift_hold(request, pk):
    if not request.user.is_staff:
        raise PermissionDenied
    Hold.objects.filter(pk=pk, lifted_at=None).update(lifted_at=timezone.now(), lifted_by=request.user)
    return redirect("dashboard")
