"""Adopt batches that were thought lost, close batches, and complete uploads.

For the lock that each step takes, see docs/locking.md.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, F, Max, Min, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Now

from accounts.rights import Right, require
from batches.models import IS_IN_DOUBT, NEEDS_DIGEST, NEEDS_RETENTION, Batch, Item, ItemQuerySet, Upload, UploadQuerySet
from batches.statuses import (
    BATCH_NEEDS_DECISION,
    BATCH_OPEN,
    UPLOAD_STARTED,
    BatchStatus,
    Outcome,
    UploadStatus,
)
from batches.tracing import limits
from batches.tracing.counts import format_people, freeze_counts
from batches.tracing.lifecycle import record, transition_batch, transition_upload
from batches.tracing.receipts import recount_elsewhere
from batches.vendor import protocol


def adopt_answered(_now: datetime) -> None:
    """Acknowledge batches that were thought lost if an answer or a completion call has arrived for them."""
    was_thought_lost = Q(status=BatchStatus.UNCONFIRMED) | Q(status=BatchStatus.PLANNED, attempts__gt=0)
    thought_lost = Batch.objects.filter(was_thought_lost)
    # Usually there are none, and the question whether anything has come for them takes several times as long.
    if thought_lost.exists():
        for batch in thought_lost.with_sign_of_life():
            adopt(batch)


@transaction.atomic
def adopt(batch: Batch) -> bool:
    """Acknowledge a batch if anything came to its callback address, or none of its people are pending.

    If another attempt has been made since `batch` was loaded, nothing changes. Return whether the batch was
    acknowledged.
    """
    if not Batch.objects.filter(pk=batch.pk).with_sign_of_life().exists():
        return False
    vendor_id = find_vendor_id(batch, batch.items.filter(answered_via=batch)) or batch.vendor_id
    changes = {"vendor_id": vendor_id, "acknowledged_at": Now(), "problem": "", "next_try_at": None}
    same_attempt = {"attempts": batch.attempts}
    if not transition_batch(batch.pk, BatchStatus.ACKNOWLEDGED, only_if=same_attempt, **changes):
        return False
    detail = f"vendor's batch {vendor_id}" if vendor_id else ""
    record(batch.upload_id, "adopted", batch_id=batch.pk, detail=detail)
    return True


def find_vendor_id(batch: Batch, answered: ItemQuerySet) -> str:
    """Return the vendor's id of a batch as one of its answers or, if there is none, its completion call states it.

    Return "" if it is not stated there.
    """
    text = answered.exclude(answer="").values_list("answer", flat=True).first() or batch.completion
    return protocol.decode_answer(text).batch_id if text else ""


def record_first_results(_now: datetime) -> None:
    """Record when the first result of each batch at the vendor arrived."""
    unrecorded = Batch.objects.at_vendor().filter(~IS_IN_DOUBT, first_result_at=None)
    for batch in unrecorded.annotate(first_answer=Min("items__answered_at")).filter(first_answer__isnull=False):
        record_first_result(batch, batch.first_answer)


def record_first_result(batch: Batch, at: datetime) -> None:
    if Batch.objects.filter(pk=batch.pk, first_result_at=None).update(first_result_at=at):
        record(batch.upload_id, "first result", batch_id=batch.pk, at=at)


def list_closable(now: datetime) -> list[int]:
    """Return the ids of batches that need not wait for answers any longer.

    Either everyone in them has an answer, or nothing has arrived for SILENCE_LIMIT, or, after the completion call,
    nothing has arrived for COMPLETION_GRACE. The grace period starts again with each answer, because the completion
    call may come long before the last one.
    """
    items = Item.objects.filter(batch=OuterRef("pk")).order_by()
    last_answer = items.values("batch").annotate(last=Max("answered_at")).values("last")
    acknowledged = Batch.objects.filter(status=BatchStatus.ACKNOWLEDGED).annotate(
        last_heard=Coalesce(Subquery(last_answer), "acknowledged_at")
    )
    grace_began = now - timedelta(seconds=settings.COMPLETION_GRACE)
    silence_began = now - timedelta(seconds=settings.SILENCE_LIMIT)
    is_everyone_answered = ~Exists(items.filter(outcome=Outcome.PENDING))
    is_grace_over = Q(completed_at__lte=grace_began, last_heard__lte=grace_began)
    is_silent = Q(last_heard__lte=silence_began, acknowledged_at__lte=silence_began)
    return list(acknowledged.filter(is_everyone_answered | is_grace_over | is_silent).values_list("pk", flat=True))


def is_anything_in_progress() -> bool:
    """Return whether a list has been started and is not finished, or the vendor may have a batch."""
    started = Upload.objects.filter(status__in=UPLOAD_STARTED).order_by().values("pk")
    return started.union(Batch.objects.at_vendor().order_by().values("pk"), all=True).exists()


def is_any_batch_answered() -> bool:
    """Return whether a batch that is with the vendor could be closed because everyone in it has an answer."""
    pending = Item.objects.filter(batch=OuterRef("pk"), outcome=Outcome.PENDING)
    return Batch.objects.filter(~Exists(pending), status=BatchStatus.ACKNOWLEDGED).exists()


@transaction.atomic
def close_batch(batch_id: int) -> int | None:
    """Close a batch. Release people without an answer to be replanned if no decision is needed for that.

    Otherwise they become missing. If the batch was in doubt, they all do: their answers may be among the data that the
    database has lost. Return the id of the upload if people are to be replanned.
    """
    Upload.objects.select_for_update(no_key=True, of=["self"]).get(batches=batch_id)
    batch = lock_batch_with_upload(batch_id)
    still_acknowledged = {"status": BatchStatus.ACKNOWLEDGED}
    if not transition_batch(batch_id, BatchStatus.CLOSED, only_if=still_acknowledged, closed_at=Now()):
        return None
    may_replan = batch.upload.status != UploadStatus.CANCELLED and not batch.doubted_at
    moved = release_unanswered(batch) if may_replan else 0
    finalize_batch(batch, moved)
    return batch.upload_id if moved else None


def release_unanswered(batch: Batch) -> int:
    """Take people without an answer out of their batch, so that they are replanned and paid for again.

    People who were replanned MISSING_RETRIES times stay, and so do people with an unmatched delivery. If too many
    others have no answer, or tracing them again would exceed the list's limit, everyone stays and a user decides. Call
    this in a transaction that has locked the rows of the upload and the batch. Return the number of people taken out.
    """
    unanswered = batch.items.filter(
        outcome=Outcome.PENDING, retries__lt=settings.MISSING_RETRIES
    ).without_unmatched_delivery()
    count = unanswered.count()
    if not may_retry(count, batch.size, settings.MISSING_SHARE):
        Batch.objects.filter(pk=batch.pk).update(lost_many=True)
        detail = f"{count} of {format_people(batch.size)} got no answer: decide whether to re-run them"
        record(batch.upload_id, "many missing", batch_id=batch.pk, detail=detail)
        return 0
    if count and not limits.has_room(batch.upload, count):
        detail = f"{format_people(count)}: the list's credit limit would be exceeded"
        record(batch.upload_id, "not replanned", batch_id=batch.pk, detail=detail)
        return 0
    return unanswered.update(batch=None, retries=F("retries") + 1)


def may_retry(count: int, size: int, share: int) -> bool:
    """Return whether `count` of a batch's `size` people may be replanned without a user's decision.

    `share` is the largest percentage allowed. One person is always allowed, unless `share` is 0.
    """
    max_count = max(size * share // 100, 1) if share else 0
    return count <= max_count


@transaction.atomic
def close_manually(batch: Batch, user: User) -> bool:
    """Close an unconfirmed or refused batch by a user's decision. People without an answer are missing.

    The decision applies to the attempt that `batch` was loaded with. Return False if the batch has changed since, or
    was adopted.
    """
    require(user, Right.DECIDE)
    same_attempt = {"status__in": BATCH_NEEDS_DECISION, "attempts": batch.attempts}
    batch = lock_batch_with_upload(batch.pk)
    if not transition_batch(batch.pk, BatchStatus.CLOSED, only_if=same_attempt, closed_at=Now()):
        return False
    finalize_batch(batch, moved=0, user=user)
    return True


def lock_batch_with_upload(batch_id: int) -> Batch:
    """Lock a batch's row. Return the batch with its upload, whose row is not locked."""
    return Batch.objects.select_for_update(of=["self"], no_key=True).select_related("upload").get(pk=batch_id)


def finalize_batch(batch: Batch, moved: int, user: User | None = None) -> None:
    """Mark pending people as missing and freeze the counts, in the transaction that closes the batch.

    An answer that arrives at the same time is either counted here or, because its item has changed, filed as late.
    """
    missing = batch.items.filter(outcome=Outcome.PENDING).update(outcome=Outcome.MISSING)
    Batch.objects.filter(pk=batch.pk).update(moved=F("moved") + moved)
    freeze_counts(batch.pk)
    record_closing(batch, missing, moved, user)


def record_closing(batch: Batch, missing: int, moved: int, user: User | None) -> None:
    """Record in the history when the first and last answers came, and that the batch was closed."""
    answered = batch.items.aggregate(first=Min("answered_at"), last=Max("answered_at"))
    if answered["last"]:
        record_first_result(batch, answered["first"])
        record(batch.upload_id, "last result", batch_id=batch.pk, at=answered["last"])
    detail = f"{missing} missing" if missing else "everyone has an answer"
    record(batch.upload_id, "closed by hand" if user else "closed", batch_id=batch.pk, user=user, detail=detail)
    if moved:
        record(batch.upload_id, "replanned", batch_id=batch.pk, detail=f"{format_people(moved)} without an answer")


def complete_uploads(now: datetime) -> None:
    """Complete the running uploads that no longer have pending people or open batches."""
    for upload_id in list(completable_uploads().values_list("pk", flat=True)):
        complete_upload(upload_id, now)


def completable_uploads() -> UploadQuerySet:
    pending = Item.objects.filter(upload=OuterRef("pk"), outcome=Outcome.PENDING)
    open_batches = Batch.objects.filter(upload=OuterRef("pk"), status__in=BATCH_OPEN)
    return Upload.objects.filter(~Exists(pending), ~Exists(open_batches), status=UploadStatus.RUNNING)


@transaction.atomic
def complete_upload(upload_id: int, now: datetime) -> None:
    """Complete an upload unless a re-run, which locks the same row, has just made some of its people pending again."""
    Upload.objects.select_for_update(no_key=True).filter(pk=upload_id).first()
    if completable_uploads().filter(pk=upload_id).exists() and transition_upload(
        upload_id, UploadStatus.COMPLETE, completed_at=now, **NEEDS_DIGEST, **NEEDS_RETENTION
    ):
        recount_elsewhere(Item.objects.answered_unplanned().filter(upload=upload_id))
        record(upload_id, "complete")
