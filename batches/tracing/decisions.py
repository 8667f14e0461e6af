"""Carry out decisions of users and of the resend policy: about lost calls, sending blocks, and people to re-run.

Whether something may be paid for twice is decided by a user, or by the policy in the settings, and is recorded.
"""

from collections import Counter
from contextlib import suppress
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts import audit
from accounts.models import AuditKind
from accounts.rights import Right, require
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
from batches.tracing.credits import format_cost
from batches.tracing.lifecycle import lock_batch, record, transition_batch, transition_upload
from batches.tracing.limits import SpendingRefused
from batches.tracing.overlaps import CHUNK_SIZE, find_stale_reused
from batches.vendor import protocol

MAX_GRACE_SECONDS = 30
"""How long after the longest possible call a batch may still be `submitting`. After that, its sender must have died."""


# Lost calls


def mark_lost_calls(now: datetime) -> None:
    """Mark batches whose sender died as unconfirmed: the vendor may have received them."""
    timeout = settings.VENDOR_TIMEOUT
    longest_call = timeout + min(timeout, protocol.MAX_CONNECT_SECONDS)
    grace = min(timeout, MAX_GRACE_SECONDS)
    latest_start = now - timedelta(seconds=longest_call + grace)
    for batch in Batch.objects.filter(status=BatchStatus.SUBMITTING, submitted_at__lt=latest_start):
        mark_lost_call(batch)


@transaction.atomic
def mark_lost_call(batch: Batch) -> None:
    problem = "The sending process ended before the vendor replied."
    same_attempt = {"attempts": batch.attempts}
    if transition_batch(batch.pk, BatchStatus.UNCONFIRMED, only_if=same_attempt, problem=problem):
        record(batch.upload_id, "unconfirmed", batch_id=batch.pk, detail=problem)


def resend_by_policy(now: datetime) -> None:
    """Resend unconfirmed batches after UNCONFIRMED_WAIT if the policy is `resend`.

    Each batch is resent once; after that, a user decides. A batch that would exceed a limit is left for the next sweep.
    Only users decide about batches in doubt.
    """
    if settings.UNCONFIRMED_POLICY == "resend":
        latest_start = now - timedelta(seconds=settings.UNCONFIRMED_WAIT)
        overdue = Batch.objects.filter(status=BatchStatus.UNCONFIRMED, submitted_at__lt=latest_start)
        for batch in overdue.not_resent().filter(doubted_at=None):
            with suppress(SpendingRefused):
                resend(batch)


@transaction.atomic
def resend(batch: Batch, user: User | None = None) -> bool:
    """Plan an unconfirmed or refused batch to be sent again. It may be paid for twice, so the user is recorded.

    The decision applies to the attempt that `batch` was loaded with, so a second decision about that attempt changes
    nothing. Raise SpendingRefused if a limit would be exceeded: people of an unconfirmed batch count once more. Return
    whether the batch is to be sent again.
    """
    require(user, Right.DECIDE)
    upload = Upload.objects.select_for_update(no_key=True).get(pk=batch.upload_id)
    same_attempt = {"status__in": BATCH_NEEDS_DECISION, "attempts": batch.attempts}
    undecided = Batch.objects.select_for_update(no_key=True).filter(pk=batch.pk, **same_attempt).first()
    if undecided is None or not upload.is_started:
        return False
    if undecided.status == BatchStatus.UNCONFIRMED:
        people = undecided.items.filter(outcome=Outcome.PENDING).count()
        limits.refuse_over_limits(upload, people, limits.RESEND)
    if not transition_batch(batch.pk, BatchStatus.PLANNED, only_if=same_attempt, next_try_at=None, problem=""):
        return False
    record(batch.upload_id, Event.RESEND_REQUESTED, batch_id=batch.pk, user=user, detail="" if user else "automatic")
    return True


def unblock(block: SendingBlock, user: User | None, why: str = "") -> None:
    """End a sending block, and all others of the same accounts with the same reason. `why` is what the user says."""
    require(user, Right.DECIDE)
    same_reason = SendingBlock.objects.filter(
        reason=block.reason,
        account=block.account_id,
        is_for_default_account=block.is_for_default_account,
        unblocked_at=None,
    )
    if same_reason.update(unblocked_at=timezone.now(), unblocked_by=user):
        audit.record(AuditKind.SENDING_UNBLOCKED, user, detail=f"Sending block {block.pk}. {why}".strip())


def send_singly(batch: Batch, user: User) -> bool:
    """Put each person of a refused batch into a batch of its own, so that the vendor accepts or refuses each of them.

    Return False if the batch has changed since it was loaded.
    """
    require(user, Right.DECIDE)
    items = batch.items.filter(outcome=Outcome.PENDING).order_by("pk")
    return packing.split_batch(batch, [[pk] for pk in items.values_list("pk", flat=True)], user)


# Re-runs


def rerun(items: ItemQuerySet, user: User) -> Counter[int]:
    """Re-run missing people and errors among `items` by a user's decision. Each may be paid for again.

    Raise SpendingRefused, and change nothing, if the limits do not allow all of them. Batches are changed one at a
    time, so that no answer waits for long. Return the number of people by upload id; the caller has to plan them.
    """
    require(user, Right.DECIDE)
    wanted = items.filter(
        emptied="", outcome__in=OUTCOME_RERUNNABLE, upload__status__in=[*UPLOAD_STARTED, UploadStatus.COMPLETE]
    )
    grouped: dict[tuple[int, int | None], list[int]] = {}
    for upload_id, from_batch_id, item_id in wanted.order_by("pk").values_list("upload_id", "batch_id", "pk"):
        grouped.setdefault((upload_id, from_batch_id), []).append(item_id)
    refuse_rerun(grouped)
    moved: Counter[int] = Counter()
    for (upload_id, batch_id), ids in grouped.items():
        try:
            moved[upload_id] += rerun_batch(upload_id, batch_id, ids, user)
        except SpendingRefused:
            # Another user has used up the limit in the meantime. The people moved so far are re-run nevertheless.
            if not moved.total():
                raise
            break
    return moved


def refresh_stale(upload: Upload, user: User, shown: int) -> int:
    """Re-run people of a started list whose reused answers have stale Do Not Call flags. Each may be charged.

    From then on, the list reuses no stale answers. Raise SpendingRefused, and change nothing, if there are now more of
    them than `shown`, or if the limits do not allow all of them. Return how many are re-run; the caller has to plan
    them.
    """
    require(user, Right.DECIDE)
    if not upload.can_rerun:
        return 0
    ids = list(find_stale_reused([upload.pk]).order_by("pk").values_list("pk", flat=True))
    if len(ids) > shown:
        raise SpendingRefused(f"Not refreshed: there are now {len(ids):,} stale answers. Please decide again.")
    refuse_rerun({(upload.pk, None): ids})
    refreshed = 0
    for start in range(0, len(ids), CHUNK_SIZE):
        try:
            refreshed += release_stale(upload.pk, ids[start : start + CHUNK_SIZE], user)
        except SpendingRefused:
            # Another user has used up the limit in the meantime. The people released so far are traced nevertheless.
            if not refreshed:
                raise
            break
    return refreshed


@transaction.atomic
def release_stale(upload_id: int, ids: list[int], user: User) -> int:
    """Take the reused answer from people, so that they are planned. Return from how many. Raise SpendingRefused."""
    upload = Upload.objects.select_for_update(no_key=True).get(pk=upload_id)
    people = find_stale_reused([upload_id]).filter(pk__in=ids).count()
    if not people or not upload.can_rerun:
        return 0
    limits.refuse_over_limits(upload, people, limits.RERUN)
    if upload.status == UploadStatus.COMPLETE:
        transition_upload(upload_id, UploadStatus.RUNNING, completed_at=None)
    find_stale_reused([upload_id]).filter(pk__in=ids).update(
        outcome=Outcome.PENDING, same_as=None, message="", reruns=F("reruns") + 1
    )
    Upload.objects.filter(pk=upload_id).update(refreshes_stale=True, reused_count=F("reused_count") - people)
    detail = f"{format_people(people)}, at most {format_cost(limits.max_credits(people))}"
    record(upload_id, Event.STALE_REFRESHED, user=user, detail=detail)
    return people


@transaction.atomic
def refuse_rerun(grouped: dict[tuple[int, int | None], list[int]]) -> None:
    """Raise SpendingRefused if the limits do not allow re-running all these people.

    They are given as (upload id, batch id) → item ids.
    """
    wanted: Counter[int] = Counter()
    for (upload_id, _), ids in grouped.items():
        wanted[upload_id] += len(ids)
    if settings.UPLOAD_CREDIT_LIMIT:
        for upload in Upload.objects.filter(pk__in=wanted):
            limits.refuse_over_list_limit(upload, wanted[upload.pk], limits.RERUN)
    if wanted:
        limits.refuse_over_daily_limit(wanted.total(), limits.RERUN)


@transaction.atomic
def rerun_batch(upload_id: int, batch_id: int | None, ids: list[int], user: User) -> int:
    """Take missing people and errors out of their batch to be planned again. Return how many were taken out.

    The rows of the upload, the batch and the items are locked, in this order, so that the upload is not completed and
    the batch not counted at the same time. People whose late answer has just arrived stay in the batch. Raise
    SpendingRefused if others have used up the limit since `refuse_rerun`.
    """
    upload = Upload.objects.select_for_update(no_key=True).get(pk=upload_id)
    batch = lock_batch(batch_id)
    items = Item.objects.filter(pk__in=ids, batch=batch_id, emptied="", outcome__in=OUTCOME_RERUNNABLE).order_by("pk")
    rerun_items = list(items.select_for_update(no_key=True).defer("cells"))
    if not rerun_items or not upload.can_rerun:
        return 0
    if upload.status == UploadStatus.COMPLETE:
        transition_upload(upload_id, UploadStatus.RUNNING, completed_at=None)
    for item in rerun_items:
        if item.outcome == Outcome.ERROR:
            filing.store_replaced_answer(item)
    no_answer = {
        "message": "",
        "request_id": "",
        "answer": "",
        "credits": None,
        "answered_at": None,
        "answered_via": None,
    }
    Item.objects.filter(pk__in=[item.pk for item in rerun_items]).update(
        outcome=Outcome.PENDING, batch=None, reruns=F("reruns") + 1, **no_answer
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
