"""What time and people decide: about calls that were lost, holds, and people to ask for once more.

Whatever can cost twice is decided by a person, or by the policy that a person has set, and is written down.
"""

from collections import Counter
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from batches.models import Batch, Event, Hold, Item, Upload
from batches.statuses import RERUNNABLE, STARTED, BatchStatus, Outcome, UploadStatus
from batches.tracing import filing, packing
from batches.tracing.counts import freeze
from batches.tracing.lifecycle import move_batch, move_upload, record
from batches.vendor import client

SPARE_MAX = 30
"""Seconds beyond the longest call, after which a batch that is still being sent belongs to a worker that died."""


# Calls that were lost


def find_lost_calls(now):
    """Batches whose sender died are unconfirmed: the vendor may have taken them."""
    limit = settings.VENDOR_TIMEOUT
    longest = timedelta(seconds=limit + min(limit, client.CONNECT_MAX) + min(limit, SPARE_MAX))
    for batch in Batch.objects.filter(status=BatchStatus.SUBMITTING, submitted_at__lt=now - longest):
        lose_call(batch)


@transaction.atomic
def lose_call(batch):
    problem, same_try = "The sending process ended before the answer.", {"attempts": batch.attempts}
    if move_batch(batch.pk, BatchStatus.UNCONFIRMED, only_if=same_try, problem=problem):
        record(batch.upload_id, "unconfirmed", batch_id=batch.pk, detail=problem)


def resend_by_policy(now):
    """Send unconfirmed batches again after UNCONFIRMED_WAIT, where the policy is `resend`: once, then people decide."""
    if settings.UNCONFIRMED_POLICY == "resend":
        waited = now - timedelta(seconds=settings.UNCONFIRMED_WAIT)
        overdue = Batch.objects.filter(status=BatchStatus.UNCONFIRMED, submitted_at__lt=waited)
        for batch in overdue.with_resent().filter(was_resent=False):
            send_again(batch)


@transaction.atomic
def send_again(batch, user=None):
    """Plan an unconfirmed or refused batch once more. It may be paid twice, so who decided is kept. True if it is.

    Decided is about the try that `batch` was read with: a second decision about the same try changes nothing.
    """
    running = Upload.objects.filter(pk=batch.upload_id, status__in=STARTED)
    same_try = {"attempts": batch.attempts}
    if not running.exists() or not move_batch(
        batch.pk, BatchStatus.PLANNED, only_if=same_try, next_try_at=None, problem=""
    ):
        return False
    record(batch.upload_id, Event.SENT_AGAIN, batch_id=batch.pk, user=user, detail="" if user else "by policy")
    return True


def lift(hold, user):
    """End a hold, and those in force for the same reason."""
    alike = Hold.objects.filter(reason=hold.reason, lifted_at=None)
    alike.update(lifted_at=timezone.now(), lifted_by=user)


# People to ask for once more


def send_singly(batch, user):
    """Send the people of a refused batch one by one: each is taken or refused by name. True if they are to be sent."""
    items = batch.items.filter(outcome=Outcome.PENDING).order_by("pk")
    return packing.split(batch, [[pk] for pk in items.values_list("pk", flat=True)], user)


def rerun(items, user):
    """Let a person have items asked for once more: missing ones and errors, others stay as they are.

    Each of them may be paid for again. Return how many of each upload, as id → number; they are to be planned. A batch
    at a time, so that no answer waits for long.
    """
    wanted = items.filter(outcome__in=RERUNNABLE, upload__status__in=[*STARTED, UploadStatus.COMPLETE])
    grouped = {}
    for upload_id, batch_id, item_id in wanted.order_by("pk").values_list("upload_id", "batch_id", "pk"):
        grouped.setdefault((upload_id, batch_id), []).append(item_id)
    moved = Counter()
    for (upload_id, batch_id), ids in grouped.items():
        moved[upload_id] += rerun_batch(upload_id, batch_id, ids, user)
    return moved


@transaction.atomic
def rerun_batch(upload_id, batch_id, ids, user):
    """Take items that are missing or errors out of their batch, with its counts and its upload following.

    The rows of upload, batch and items are locked, in this order: the upload is not completed meanwhile, nor the
    batch counted. A late answer that was faster has changed its item, which then stays.
    """
    upload = Upload.objects.select_for_update(no_key=True).get(pk=upload_id)
    batch = Batch.objects.select_for_update(no_key=True).filter(pk=batch_id).first()
    items = Item.objects.filter(pk__in=ids, batch=batch_id, outcome__in=RERUNNABLE).order_by("pk")
    again = list(items.select_for_update(no_key=True).defer("cells"))
    if not again or not upload.can_rerun:
        return 0
    if upload.status == UploadStatus.COMPLETE:
        move_upload(upload_id, UploadStatus.RUNNING, completed_at=None)
    for item in again:
        if item.outcome == Outcome.ERROR:
            filing.keep_answer(item)
    blank = {"message": "", "request_id": "", "answer": "", "credits": None, "answered_at": None, "answered_via": None}
    Item.objects.filter(pk__in=[item.pk for item in again]).update(
        outcome=Outcome.PENDING, batch=None, reruns=F("reruns") + 1, **blank
    )
    if batch:
        Batch.objects.filter(pk=batch_id).update(moved=F("moved") + len(again))
        if batch.status == BatchStatus.CLOSED:
            freeze(batch_id)
    record(upload_id, "re-run", batch_id=batch_id, user=user, detail=f"{len(again)} items, may be paid twice")
    return len(again)
