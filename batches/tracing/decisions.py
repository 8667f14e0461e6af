"""Decisions of users and of the resend policy: about lost calls, sending blocks, and people to re-run.

Anything that may be paid for twice is decided by a user, or by the policy in the settings, and is recorded.
"""

from collections import Counter
from contextlib import suppress
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from batches.models import Batch, Event, Item, ItemQuerySet, SendingBlock, Upload
from batches.statuses import (
    BATCH_NEEDS_DECISION,
    OUTCOME_RERUNNABLE,
    UPLOAD_STARTED,
    BatchStatus,
    Outcome,
    UploadStatus,
)
from batches.tracing import filing, limits, packing
from batches.tracing.counts import format_people, freeze_counts
from batches.tracing.lifecycle import lock_batch, record, transition_batch, transition_upload
from batches.tracing.limits import OverLimit
from batches.vendor import protocol

MAX_GRACE_SECONDS = 30
"""A batch that is still `submitting` this long after the longest possible call has lost its sender."""


# Lost calls


def mark_lost_calls(now: datetime) -> None:
    """Mark batches whose sender died as unconfirmed: the vendor may have received them."""
    limit = settings.VENDOR_TIMEOUT
    longest = timedelta(seconds=limit + min(limit, protocol.MAX_CONNECT_SECONDS) + min(limit, MAX_GRACE_SECONDS))
    for batch in Batch.objects.filter(status=BatchStatus.SUBMITTING, submitted_at__lt=now - longest):
        mark_lost_call(batch)


@transaction.atomic
def mark_lost_call(batch: Batch) -> None:
    problem, same_attempt = "The sending process ended before the vendor replied.", {"attempts": batch.attempts}
    if transition_batch(batch.pk, BatchStatus.UNCONFIRMED, only_if=same_attempt, problem=problem):
        record(batch.upload_id, "unconfirmed", batch_id=batch.pk, detail=problem)


def resend_by_policy(now: datetime) -> None:
    """Resend each unconfirmed batch once after UNCONFIRMED_WAIT if the policy is `resend`. Later, users decide.

    A batch that would exceed a limit is left for the next sweep. Only users decide about batches in doubt.
    """
    if settings.UNCONFIRMED_POLICY == "resend":
        waited = now - timedelta(seconds=settings.UNCONFIRMED_WAIT)
        overdue = Batch.objects.filter(status=BatchStatus.UNCONFIRMED, submitted_at__lt=waited)
        for batch in overdue.not_resent().filter(doubted_at=None):
            with suppress(OverLimit):
                send_again(batch)


@transaction.atomic
def send_again(batch: Batch, user: User | None = None) -> bool:
    """Plan an unconfirmed or refused batch to be sent again. It may be paid for twice, so the user is recorded.

    The decision applies to the attempt that `batch` was loaded with, so a second decision about it changes nothing.
    Raise OverLimit if a limit does not allow it: people of an unconfirmed batch count once more. Return whether the
    batch is sent again.
    """
    upload = Upload.objects.select_for_update(no_key=True).get(pk=batch.upload_id)
    same_attempt = {"status__in": BATCH_NEEDS_DECISION, "attempts": batch.attempts}
    undecided = Batch.objects.select_for_update(no_key=True).filter(pk=batch.pk, **same_attempt).first()
    if undecided is None or not upload.is_started:
        return False
    if undecided.status == BatchStatus.UNCONFIRMED:
        people = undecided.items.filter(outcome=Outcome.PENDING).count()
        limits.refuse_over_limits(upload, people, limits.SEND_AGAIN)
    if not transition_batch(batch.pk, BatchStatus.PLANNED, only_if=same_attempt, next_try_at=None, problem=""):
        return False
    record(batch.upload_id, Event.RESEND_REQUESTED, batch_id=batch.pk, user=user, detail="" if user else "automatic")
    return True


def unblock(block: SendingBlock, user: User) -> None:
    """End a sending block, and others with the same reason."""
    same_reason = SendingBlock.objects.filter(reason=block.reason, unblocked_at=None)
    same_reason.update(unblocked_at=timezone.now(), unblocked_by=user)


# Re-runs


def send_singly(batch: Batch, user: User) -> bool:
    """Send the people of a refused batch one by one, so that the vendor accepts or refuses each of them.

    Return whether they are to be sent.
    """
    items = batch.items.filter(outcome=Outcome.PENDING).order_by("pk")
    return packing.split_batch(batch, [[pk] for pk in items.values_list("pk", flat=True)], user)


def rerun(items: ItemQuerySet, user: User) -> Counter[int]:
    """Re-run missing people and errors among `items` by a user's decision. Each may be paid for again.

    Raise OverLimit if a limit does not allow all of them; then nothing changes. Batches are changed one at a time, so
    that no answer waits for long. Return upload id → number of people, who remain to be planned.
    """
    wanted = items.filter(outcome__in=OUTCOME_RERUNNABLE, upload__status__in=[*UPLOAD_STARTED, UploadStatus.COMPLETE])
    grouped: dict[tuple[int, int | None], list[int]] = {}
    for upload_id, from_batch, item_id in wanted.order_by("pk").values_list("upload_id", "batch_id", "pk"):
        grouped.setdefault((upload_id, from_batch), []).append(item_id)
    refuse_rerun(grouped)
    moved: Counter[int] = Counter()
    for (upload_id, batch_id), ids in grouped.items():
        try:
            moved[upload_id] += rerun_batch(upload_id, batch_id, ids, user)
        except OverLimit:
            # Others have used up the limit in the meantime. People moved before stay moved.
            if not moved.total():
                raise
            break
    return moved


@transaction.atomic
def refuse_rerun(grouped: dict[tuple[int, int | None], list[int]]) -> None:
    """Raise OverLimit if the limits do not allow all these people, given as (upload id, batch id) → item ids."""
    wanted: Counter[int] = Counter()
    for (upload_id, _), ids in grouped.items():
        wanted[upload_id] += len(ids)
    if settings.UPLOAD_CREDIT_LIMIT:
        for upload in Upload.objects.filter(pk__in=wanted):
            limits.refuse_over_list(upload, wanted[upload.pk], limits.RERUN)
    if wanted:
        limits.refuse_over_day(wanted.total(), limits.RERUN)


@transaction.atomic
def rerun_batch(upload_id: int, batch_id: int | None, ids: list[int], user: User) -> int:
    """Take missing people and errors out of their batch, and update its counts and its upload. Return how many.

    The rows of the upload, the batch and the items are locked, in this order, so that the upload is not completed and
    the batch not counted at the same time. If a late answer came first, its item stays. Raise OverLimit if others have
    used up the limit since `refuse_rerun`.
    """
    upload = Upload.objects.select_for_update(no_key=True).get(pk=upload_id)
    batch = lock_batch(batch_id)
    items = Item.objects.filter(pk__in=ids, batch=batch_id, outcome__in=OUTCOME_RERUNNABLE).order_by("pk")
    rerun_items = list(items.select_for_update(no_key=True).defer("cells"))
    if not rerun_items or not upload.can_rerun:
        return 0
    if upload.status == UploadStatus.COMPLETE:
        transition_upload(upload_id, UploadStatus.RUNNING, completed_at=None)
    for item in rerun_items:
        if item.outcome == Outcome.ERROR:
            filing.store_replaced_answer(item)
    blank = {"message": "", "request_id": "", "answer": "", "credits": None, "answered_at": None, "answered_via": None}
    Item.objects.filter(pk__in=[item.pk for item in rerun_items]).update(
        outcome=Outcome.PENDING, batch=None, reruns=F("reruns") + 1, **blank
    )
    limits.refuse_over_limits(upload, len(rerun_items), limits.RERUN)
    if batch:
        Batch.objects.filter(pk=batch.pk).update(moved=F("moved") + len(rerun_items))
        if batch.status == BatchStatus.CLOSED:
            freeze_counts(batch.pk)
    record(
        upload_id,
        "re-run",
        batch_id=batch_id,
        user=user,
        detail=f"{format_people(len(rerun_items))}, may be charged again",
    )
    return len(rerun_items)
