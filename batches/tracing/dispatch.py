"""What goes out: choose the next batches, send one, settle its fate.

Each call is written ahead: the batch is `submitting` in the database before the request leaves, so that a
process that dies leaves a trace of money that may have been spent. No transaction is held across a call.
"""

import random
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import F, Sum
from django.utils import timezone

from batches.database import store
from batches.models import Batch, Event, Hold, Item, Upload
from batches.statuses import BatchKind, BatchStatus, Outcome, UploadStatus
from batches.tracing import closing, filing, packing
from batches.tracing.lifecycle import move_batch, record
from batches.vendor import client, protocol

NOT_TAKEN = "not taken"
BACKOFF_MAX = 60
"""Longest wait before the next try, in seconds."""
STORE_WAIT = 60
"""How long the vendor's reply is held on to while the database is away, in seconds: it is given only once."""


# Choosing

UNSENT = [BatchStatus.PLANNED, BatchStatus.DISSOLVED, BatchStatus.CANCELLED]


def choose_batches(now):
    """Ids of the batches to send now, in order.

    At most ITEMS_IN_FLIGHT people await an answer at once; a batch goes when it fits under that, or when
    nothing is in flight. Next is the upload that has had least, urgent ones before all. No more than the
    vendor's calls a second, as this is asked once a second.
    """
    if Hold.objects.in_force(now).exists():
        return []
    due, chosen = Batch.objects.due(now), []
    in_flight = Item.objects.in_flight(now).count()
    had = dict.fromkeys(due.order_by().values_list("upload_id", flat=True).distinct(), 0)
    sent = Batch.objects.filter(upload__in=had).exclude(status__in=UNSENT)
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


# Sending


def submit_batch(batch_id):
    """Send one planned batch and settle its fate. Return the id of its upload if items are to be planned again.

    The move to `submitting` is the lock: of two workers, one sends.
    """
    now = timezone.now()
    if Hold.objects.in_force(now).exists():
        return None
    tried = {"attempts": F("attempts") + 1, "submitted_at": now, "next_try_at": None}
    if not move_batch(batch_id, BatchStatus.SUBMITTING, **tried):
        return None
    batch = Batch.objects.select_related("upload").get(pk=batch_id)
    items = list(batch.items.filter(outcome=Outcome.PENDING).defer("cells"))
    if batch.upload.status != UploadStatus.RUNNING:
        move_batch(batch_id, BatchStatus.PLANNED, only_if={"attempts": batch.attempts})
        return None
    # An earlier call that we thought lost may have been answered since this one was chosen.
    if batch.attempts > 1 and closing.adopt(batch):
        return None
    if not items or (batch.kind == BatchKind.BULK and len(items) < protocol.BATCH_MIN):
        return packing.dissolve(batch)
    record(batch.upload_id, "sent", batch_id=batch_id, detail=f"{len(items)} items, try {batch.attempts}")
    try:
        return send_person(batch, items[0]) if batch.kind == BatchKind.SINGLE else send_items(batch, items)
    except client.VendorError as error:
        return store(partial(settle, batch, items, error), STORE_WAIT)


def send_items(batch, items):
    item_url, complete_url = packing.callback_urls(batch.token)
    encoded = [protocol.encode_item(item.pk, vars(item), item_url, batch.upload.match) for item in items]
    acknowledgement = client.submit_batch(protocol.encode_batch(encoded, complete_url))
    if acknowledgement.received == 0 and not acknowledgement.request_ids:
        raise client.VendorBusy("The vendor received none of the items.")
    return store(partial(acknowledge, batch, items, acknowledgement), STORE_WAIT)


def send_person(batch, item):
    reply = client.trace_person(protocol.to_json(protocol.encode_person(vars(item), batch.upload.match)))
    try:
        text = protocol.read_text(reply)
        answer = protocol.decode_answer(text)
    except protocol.Malformed:
        raise client.VendorSilent("The vendor's answer cannot be read.") from None
    store(partial(file_person, batch, item, answer, text), STORE_WAIT)


@transaction.atomic
def file_person(batch, item, answer, text):
    filing.file_reply(batch, item, answer, text)
    taken = {"acknowledged_at": timezone.now(), "vendor_id": answer.request_id, "problem": ""}
    move_batch(batch.pk, BatchStatus.ACKNOWLEDGED, **taken)


@transaction.atomic
def acknowledge(batch, items, acknowledgement):
    """Keep what the vendor says it took; items that it did not take are planned again."""
    refused, problem = compare(items, acknowledgement)
    is_first = move_batch(
        batch.pk,
        BatchStatus.ACKNOWLEDGED,
        acknowledged_at=timezone.now(),
        vendor_id=acknowledgement.batch_id[:64],
        receive_count=acknowledgement.received,
        request_ids=acknowledgement.request_ids,
        problem=problem,
    )
    what = "acknowledged" if is_first else "acknowledged once more"
    detail = f"vendor's batch {acknowledgement.batch_id}. {problem}".removesuffix(". ")
    record(batch.upload_id, what, batch_id=batch.pk, detail=detail)
    # Of two calls for the same batch, the first decides who was taken: the other one can only cost more.
    moved = packing.release_items(batch, batch.items.filter(pk__in=refused)) if refused and is_first else 0
    if moved:
        record(batch.upload_id, "planned again", batch_id=batch.pk, detail=f"{moved} items that were not taken")
    return batch.upload_id if moved else None


def compare(items, acknowledgement):
    """Ids of the items that the vendor did not take, and what is odd about its reply, in a sentence."""
    ids = {item.pk for item in items}
    received, named = acknowledgement.received, acknowledgement.request_ids
    # Only where count and names agree: an item that was taken and not named must not be bought again.
    refused = ids - set(named) if named and received in {None, len(named)} else set()
    if refused:
        return refused, f"The vendor received {len(ids) - len(refused)} of {len(ids)} items."
    if received not in {None, len(ids)}:
        return refused, f"The vendor says that it received {received} of {len(ids)} items, and not which."
    return refused, ""


# Settling


@transaction.atomic
def settle(batch, items, error):
    """Apply what follows from a call that brought nothing, by who may do what about it."""
    problem = str(error)
    # A sender that was held up for long must not undo what a later one did.
    move = partial(move_batch, batch.pk, only_if={"attempts": batch.attempts}, problem=problem)
    what = NOT_TAKEN
    match error:
        case client.VendorRefused(refusal=refusal):
            settle_refusal(batch, items, refusal, move)
            return
        case client.VendorSilent():
            what = "unconfirmed"
            move(BatchStatus.UNCONFIRMED)
        case client.VendorUnauthorised():
            hold(problem)
            move(BatchStatus.PLANNED)
        case client.VendorBusy(until=until) if until:
            hold(problem, until)
            move(BatchStatus.PLANNED)
        case _:
            move(BatchStatus.PLANNED, next_try_at=next_try(batch.events.filter(what=NOT_TAKEN).count() + 1))
    record(batch.upload_id, what, batch_id=batch.pk, detail=problem)


def settle_refusal(batch, items, refusal, move):
    """Refused is the item that was named; where none was, the batch, until it is split far enough to tell.

    The upload's row is locked first, as it is for whatever makes batches or counts an upload's items.
    """
    Upload.objects.select_for_update(no_key=True).get(pk=batch.upload_id)
    item = find_refused(batch, items, refusal)
    if item:
        record(batch.upload_id, "an item refused", batch_id=batch.pk, detail=refusal.message)
        refuse_item(batch, item, refusal.message)
        return
    record(batch.upload_id, Event.REFUSED, batch_id=batch.pk, detail=refusal.message)
    if move(BatchStatus.REFUSED) and not refusal.is_ours and batch.kind == BatchKind.BULK:
        packing.bisect(batch)


def find_refused(batch, items, refusal):
    """Find the item whose own words the vendor refuses; None if it is something that we added, or the whole."""
    if refusal.is_ours:
        return None
    if batch.kind == BatchKind.SINGLE:
        # Alone in its call; without a field's name only believed where its batch was refused for somebody.
        return items[0] if refusal.field or batch.split_from_id else None
    return items[refusal.index] if refusal.index is not None and refusal.index < len(items) else None


def next_try(failures):
    """When to try again: doubling from one second, at most a minute, with up to half as much again by chance."""
    return timezone.now() + timedelta(seconds=min(2 ** (failures - 1), BACKOFF_MAX) * random.uniform(1, 1.5))


def refuse_item(batch, item, problem):
    """Mark the item that the vendor named as invalid; the others go out again at once."""
    if not move_batch(batch.pk, BatchStatus.PLANNED, only_if={"attempts": batch.attempts}, problem=problem):
        return
    refused = Item.objects.filter(pk=item.pk, outcome=Outcome.PENDING)
    if refused.update(outcome=Outcome.INVALID, batch=None, message=f"The vendor refuses it: {problem}"):
        Upload.objects.filter(pk=batch.upload_id).update(invalid_count=F("invalid_count") + 1)
        Batch.objects.filter(pk=batch.pk).update(size=F("size") - 1)
        promote_duplicate(item)


def promote_duplicate(item):
    """Somebody who was refused answers for nobody: the first of the rows that waited for their answer is sent itself.

    In a transaction that has locked the upload's row.
    """
    waiting = Item.objects.filter(upload=item.upload_id, outcome=Outcome.DUPLICATE, same_as=item).order_by("pk")
    if first := waiting.only("pk").first():
        waiting.exclude(pk=first.pk).update(same_as=first)
        Item.objects.filter(pk=first.pk).update(outcome=Outcome.PENDING, same_as=None)
        Upload.objects.filter(pk=item.upload_id).update(duplicate_count=F("duplicate_count") - 1)


def hold(reason, until=None):
    """Stop all sending, once for each reason."""
    if not Hold.objects.in_force(timezone.now()).filter(reason=reason).exists():
        Hold.objects.create(reason=reason, until=until)
