"""Send batches: choose the next ones, send one, and apply what follows from the vendor's reply.

Each call is written ahead: the batch is `submitting` in the database before the request leaves, so that a process
that dies leaves a trace of money that may have been spent. No transaction stays open during a call.
"""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Sum
from django.db.models.functions import Now
from django.utils import timezone

from batches import lease
from batches.database import read_now, retry_write
from batches.models import Batch, BatchQuerySet, Event, Item, Receiver, SendingBlock, Upload
from batches.statuses import BatchKind, BatchStatus, Outcome, UploadStatus
from batches.tracing import closing, filing, limits, overlaps, packing
from batches.tracing.counts import format_people
from batches.tracing.lifecycle import record, transition_batch
from batches.tracing.limits import OverLimit
from batches.vendor import client, protocol

NOT_ACCEPTED = "not accepted"
MAX_BACKOFF_SECONDS = 60
"""Maximum wait before the next attempt."""
STORE_TIMEOUT = 60
"""Seconds for which the vendor's reply is kept while the database is unavailable: the vendor gives it only once."""


# Choosing

BATCH_NOT_SENT = [BatchStatus.PLANNED, BatchStatus.DISSOLVED, BatchStatus.CANCELLED]


def choose_batches(now: datetime) -> list[int]:
    """Return the ids of the batches to send now, in order. Call it once a second.

    At most ITEMS_IN_FLIGHT people await an answer at once; a batch is sent if it fits below that, or if nothing is in
    flight. The next batch is of the list that has been sent the fewest people, urgent lists first. No more batches are
    chosen than the vendor accepts calls per second.
    """
    if SendingBlock.objects.in_force(now).exists():
        return []
    due = receivable(Batch.objects.due(now))
    chosen: list[int] = []
    in_flight = Item.objects.in_flight(now).count()
    had = dict.fromkeys(due.order_by().values_list("upload_id", flat=True).distinct(), 0)
    sent = Batch.objects.filter(upload__in=had).exclude(status__in=BATCH_NOT_SENT)
    had |= dict(sent.values_list("upload_id").annotate(Sum("size")).order_by())
    priorities = dict(Upload.objects.filter(pk__in=had).values_list("pk", "priority"))
    while had and len(chosen) < protocol.SINGLE_CALLS_PER_SECOND:
        upload_id = min(had, key=lambda pk: (priorities[pk], had[pk], pk))
        batch = due.filter(upload=upload_id).exclude(pk__in=chosen).order_by("number").first()
        if batch is None:
            del had[upload_id]
        elif in_flight and in_flight + batch.size > settings.ITEMS_IN_FLIGHT:
            break
        else:
            chosen.append(batch.pk)
            had[upload_id] += batch.size
            in_flight += batch.size
    return chosen


def receivable(batches: BatchQuerySet) -> BatchQuerySet:
    """Keep batches whose answers can be received: while no receiver is alive, only those answered in the call."""
    return batches if Receiver.is_any_alive() else batches.filter(kind=BatchKind.SINGLE)


# Sending


def submit_batch(batch_id: int) -> int | None:
    """Send a planned batch and apply the vendor's reply. Return the id of its upload if people are to be replanned.

    The transition to `submitting` is the lock: of two workers, one sends.
    """
    now = read_now()
    if SendingBlock.objects.in_force(now).exists() or not receivable(Batch.objects.filter(pk=batch_id)).exists():
        return None
    # The database is older than this job: the clock will put the batch in doubt.
    if lease.is_abandoned(lease.CLOCK):
        return None
    try:
        claimed = claim(batch_id, now)
    except OverLimit as problem:
        wait_for_tomorrow(batch_id, str(problem), now)
        return None
    if claimed is None:
        return None
    batch, items = claimed
    if is_too_small(batch, items):
        return packing.dissolve(batch)
    record(batch.upload_id, "sent", batch_id=batch_id, detail=f"{format_people(len(items))}, attempt {batch.attempts}")
    try:
        if batch.kind == BatchKind.BULK:
            return send_items(batch, items)
        send_person(batch, items[0])
    except client.VendorError as error:
        retry_write(partial(apply_error, batch, items, error), STORE_TIMEOUT)
    return None


@transaction.atomic
def claim(batch_id: int, now: datetime) -> tuple[Batch, list[Item]] | None:
    """Claim a planned batch for sending.

    People who are answered or awaited in other lists, or whose answer waits to be filed, are taken out of it.
    Return it with the people to send, who count towards today. Return None if it may not be sent. Raise OverLimit if
    the daily limit is reached.
    """
    overlaps.lock_sending()
    Upload.objects.select_for_update(no_key=True, of=["self"]).filter(batches=batch_id).first()
    planned = Batch.objects.select_for_update(no_key=True).filter(pk=batch_id, status=BatchStatus.PLANNED)
    batch = planned.first()
    if batch is None or batch.upload.status != UploadStatus.RUNNING or batch.upload.waits(now):
        return None
    # An earlier call that was thought lost may have been answered since this batch was chosen.
    if batch.attempts and closing.adopt(batch):
        return None
    overlaps.remove_answered(batch)
    packing.release_items(batch, batch.items.filter(reruns=0).with_unmatched_delivery())
    items = list(batch.items.filter(outcome=Outcome.PENDING).defer("cells"))
    if not is_too_small(batch, items):
        limits.count_sent(batch.upload_id, len(items), now)
    changes: dict[str, Any] = {"attempts": F("attempts") + 1, "submitted_at": now, "next_try_at": None}
    if not transition_batch(batch_id, BatchStatus.SUBMITTING, **changes):
        return None
    batch.refresh_from_db(fields=["status", *changes])
    return batch, items


def is_too_small(batch: Batch, items: list[Item]) -> bool:
    """Return whether the batch has fewer people than the vendor accepts in one call."""
    return not items or (batch.kind == BatchKind.BULK and len(items) < protocol.MIN_BATCH_SIZE)


@transaction.atomic
def wait_for_tomorrow(batch_id: int, problem: str, now: datetime) -> None:
    """Send no more batches of this batch's list until the next day (UTC) begins. The list's page says so."""
    upload_id, midnight = Batch.objects.values_list("upload_id", flat=True).get(pk=batch_id), limits.end_of_day(now)
    if Upload.objects.filter(pk=upload_id).exclude(waits_until=midnight).update(waits_until=midnight):
        record(upload_id, "waiting for tomorrow", batch_id=batch_id, detail=problem)


def send_items(batch: Batch, items: list[Item]) -> int | None:
    item_url, complete_url = packing.callback_urls(batch.token)
    encoded = [protocol.encode_item(item.pk, vars(item), item_url, batch.upload.match_requirements) for item in items]
    acknowledgement = client.submit_batch(protocol.encode_batch(encoded, complete_url))
    if acknowledgement.received == 0 and not acknowledgement.request_ids:
        raise client.VendorBusy("The vendor accepted none of the people.")
    return retry_write(partial(acknowledge, batch, items, acknowledgement), STORE_TIMEOUT)


def send_person(batch: Batch, item: Item) -> None:
    reply = client.trace_person(protocol.to_json(protocol.encode_person(vars(item), batch.upload.match_requirements)))
    try:
        text = protocol.read_text(reply)
        answer = protocol.decode_answer(text)
    except protocol.Malformed:
        raise client.VendorSilent("The vendor's reply cannot be read.") from None
    retry_write(partial(file_person, batch, item, answer, text), STORE_TIMEOUT)


@transaction.atomic
def file_person(batch: Batch, item: Item, answer: protocol.Answer, text: str) -> None:
    filing.file_reply(batch, item, answer, text)
    changes: dict[str, Any] = {"acknowledged_at": Now(), "vendor_id": answer.request_id, "problem": ""}
    transition_batch(batch.pk, BatchStatus.ACKNOWLEDGED, **changes)


@transaction.atomic
def acknowledge(batch: Batch, items: list[Item], acknowledgement: protocol.Acknowledgement) -> int | None:
    """Record what the vendor says it accepted. People whom it did not accept are replanned.

    Return the id of the upload if there are any.
    """
    refused, problem = compare_reply(items, acknowledgement)
    is_first = transition_batch(
        batch.pk,
        BatchStatus.ACKNOWLEDGED,
        acknowledged_at=Now(),
        vendor_id=acknowledgement.batch_id[:64],
        receive_count=acknowledgement.received,
        request_ids=acknowledgement.request_ids,
        problem=problem,
    )
    what = "acknowledged" if is_first else "acknowledged twice"
    detail = f"vendor's batch {acknowledgement.batch_id}. {problem}".removesuffix(". ")
    record(batch.upload_id, what, batch_id=batch.pk, detail=detail)
    # Of two calls for the same batch, the first decides who was accepted, because using the other can only cost more.
    not_taken = batch.items.filter(pk__in=refused).without_unmatched_delivery()
    moved = packing.release_items(batch, not_taken) if refused and is_first else 0
    if refused and is_first:
        limits.uncount_sent(batch, len(refused))
    if moved:
        record(
            batch.upload_id, "replanned", batch_id=batch.pk, detail=f"{format_people(moved)} not accepted by the vendor"
        )
    return batch.upload_id if moved else None


def compare_reply(items: list[Item], acknowledgement: protocol.Acknowledgement) -> tuple[set[int], str]:
    """Return the ids of the items that the vendor did not accept, and a sentence about any discrepancy in its reply."""
    ids = {item.pk for item in items}
    received, named = acknowledgement.received, acknowledgement.request_ids
    # Only if count and ids agree: an item that was accepted but not listed must not be paid for again.
    refused = ids - set(named) if named and received in {None, len(named)} else set[int]()
    if refused:
        return refused, f"The vendor accepted {len(ids) - len(refused)} of {format_people(len(ids))}."
    if received not in {None, len(ids)}:
        return refused, f"The vendor says it accepted {received} of {format_people(len(ids))}, but not which ones."
    return refused, ""


# Errors


@transaction.atomic
def apply_error(batch: Batch, items: list[Item], error: client.VendorError) -> None:
    """Apply what follows from a failed call.

    People whom the vendor certainly did not accept no longer count towards today.
    """
    problem = str(error)
    # A sender that was delayed must not undo what a later one did.
    transition = partial(transition_batch, batch.pk, only_if={"attempts": batch.attempts}, problem=problem)
    what = NOT_ACCEPTED
    match error:
        case client.VendorRefused(refusal=refusal):
            if apply_refusal(batch, items, refusal, transition):
                limits.uncount_sent(batch, len(items))
            return
        case client.VendorSilent():
            what = "unconfirmed"
            transition(BatchStatus.UNCONFIRMED)
            is_back = False
        case client.VendorUnauthorised():
            block_sending(problem)
            is_back = transition(BatchStatus.PLANNED)
        case client.VendorBusy(until=until) if until:
            block_sending(problem, until)
            is_back = transition(BatchStatus.PLANNED)
        case _:
            failures = batch.events.filter(what=NOT_ACCEPTED).count() + 1
            is_back = transition(BatchStatus.PLANNED, next_try_at=next_attempt_at(failures))
    record(batch.upload_id, what, batch_id=batch.pk, detail=problem)
    if is_back:
        limits.uncount_sent(batch, len(items))


def apply_refusal(batch: Batch, items: list[Item], refusal: protocol.Refusal, transition: Callable[..., bool]) -> bool:
    """Reject the item that the vendor names. If it names none, refuse the batch and bisect it until the item is found.

    Return False if the batch has changed since it was sent.
    """
    # The upload's row comes first, as in everything that makes batches or counts an upload's items.
    Upload.objects.select_for_update(no_key=True).get(pk=batch.upload_id)
    item = find_refused(batch, items, refusal)
    if item:
        record(batch.upload_id, "person refused", batch_id=batch.pk, detail=refusal.message)
        return refuse_item(batch, item, refusal.message)
    record(batch.upload_id, Event.REFUSED, batch_id=batch.pk, detail=refusal.message)
    if not transition(BatchStatus.REFUSED):
        return False
    if not refusal.is_ours and batch.kind == BatchKind.BULK:
        packing.bisect(batch)
    return True


def find_refused(batch: Batch, items: list[Item], refusal: protocol.Refusal) -> Item | None:
    """Find the item whose data the vendor refuses.

    Return None if the refusal is about something that we added, or about the batch as a whole.
    """
    if refusal.is_ours:
        return None
    if batch.kind == BatchKind.SINGLE:
        # A refusal without a field's name is about the person only if the batch before was refused because of someone.
        return items[0] if refusal.field or batch.split_from_id else None
    return items[refusal.index] if refusal.index is not None and refusal.index < len(items) else None


def next_attempt_at(failures: int) -> datetime:
    """Return when to try again: after 1, 2, 4… seconds up to MAX_BACKOFF_SECONDS, plus up to half of that at random."""
    return read_now() + timedelta(seconds=min(2 ** (failures - 1), MAX_BACKOFF_SECONDS) * random.uniform(1, 1.5))


def refuse_item(batch: Batch, item: Item, problem: str) -> bool:
    """Mark the item that the vendor named as invalid, and replan the others. Return False if they were sent since."""
    if not transition_batch(batch.pk, BatchStatus.PLANNED, only_if={"attempts": batch.attempts}, problem=problem):
        return False
    refused = Item.objects.filter(pk=item.pk, outcome=Outcome.PENDING)
    message = f"Refused by the vendor: {problem}"
    if refused.update(outcome=Outcome.INVALID, batch=None, message=message, findings=""):
        Upload.objects.filter(pk=batch.upload_id).update(invalid_count=F("invalid_count") + 1)
        Batch.objects.filter(pk=batch.pk).update(size=F("size") - 1)
        promote_duplicate(item)
    return True


def promote_duplicate(item: Item) -> None:
    """Send the first duplicate of a rejected item in its place, since a rejected item gets no answer to share.

    Call it in a transaction that has locked the upload's row.
    """
    waiting = Item.objects.filter(upload=item.upload_id, outcome=Outcome.DUPLICATE, same_as=item).order_by("pk")
    if first := waiting.only("pk").first():
        waiting.exclude(pk=first.pk).update(same_as=first)
        Item.objects.filter(pk=first.pk).update(outcome=Outcome.PENDING, same_as=None)
        Upload.objects.filter(pk=item.upload_id).update(duplicate_count=F("duplicate_count") - 1)


def block_sending(reason: str, until: datetime | None = None) -> None:
    """Block all sending, until then or until staff unblock it. Does nothing if it is blocked for the same reason."""
    if not SendingBlock.objects.in_force(timezone.now()).filter(reason=reason).exists():
        SendingBlock.objects.create(reason=reason, until=until)
