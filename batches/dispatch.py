"""What goes out: plan an upload's batches, choose the next, send one, settle its fate.

Each call is written ahead: the batch is `submitting` in the database before the request leaves, so that a
process that dies leaves a trace of money that may have been spent. No transaction is held across a call.
"""

import random
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Sum
from django.urls import reverse
from django.utils import timezone

from batches import results
from batches.lifecycle import move_batch, move_upload, record
from batches.models import Batch, BatchKind, BatchStatus, Event, Hold, Item, Outcome, Upload, UploadStatus, make_token
from batches.planning import SizedItem, plan
from batches.vendor import client, protocol

SUBMIT_LIMIT = timedelta(seconds=client.CONNECT_TIMEOUT + client.READ_TIMEOUT + 30)
"""After this, a batch that is still being sent belongs to a worker that died."""
PLANNABLE = [UploadStatus.RUNNING, UploadStatus.PAUSED]
SENT_AGAIN = "to be sent again"
BACKOFF_MAX = 60
"""Longest wait before the next try, in seconds."""


# Planning


def callback_urls(token):
    """Where the vendor calls back for a batch: for each item, and once at its end."""
    return tuple(settings.PUBLIC_URL + reverse(name, args=[token]) for name in ("item-result", "batch-complete"))


def plan_upload(upload_id):
    """Put every unplanned item of a started upload into a batch. Gives how many batches were made.

    May run twice at once: an item is taken by a conditional UPDATE, and a batch that did not get all of its
    items is rolled back.
    """
    upload = Upload.objects.get(pk=upload_id)
    if upload.status not in PLANNABLE:
        return 0
    made = 0
    for group in plan_items(upload):
        if not make_batch(upload, group):
            break
        made += 1
    return made


def plan_items(upload):
    """The batches that the upload's unplanned items would make."""
    return plan(size_items(upload), envelope=protocol.envelope_size(callback_urls(make_token())[1]))


def count_batches(upload):
    return sum(1 for _ in plan_items(upload))


def size_items(upload):
    """The upload's unplanned items with their encoded sizes; every token is as long as any other."""
    url = callback_urls(make_token())[0]
    # Not by way of upload.items, which would fetch each item's upload_id once more.
    items = Item.objects.filter(upload=upload.pk).unplanned().only(*protocol.FIELDS).order_by("pk")
    last = 0
    # In slices, not by a cursor: SQLite lets nobody write who still reads from an older state.
    while part := list(items.filter(pk__gt=last)[:1000]):
        last = part[-1].pk
        for item in part:
            yield SizedItem(item.pk, len(protocol.encode_item(item.pk, vars(item), url, upload.match)))


def make_batch(upload, group):
    with transaction.atomic():
        if Upload.objects.select_for_update().get(pk=upload.pk).status not in PLANNABLE:
            return False
        batch = Batch.objects.create(
            upload=upload,
            number=upload.batches.count() + 1,
            size=len(group.ids),
            kind=BatchKind.SINGLE if group.is_single else BatchKind.BULK,
        )
        taken = upload.items.unplanned().filter(pk__in=group.ids).update(batch=batch)
        if taken != len(group.ids):
            transaction.set_rollback(True)
            return False
        record(upload.pk, "planned", batch_id=batch.pk, detail=f"{taken} items")
    return True


# Choosing


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
    sent = Batch.objects.filter(upload__in=had).exclude(status__in=[BatchStatus.PLANNED, BatchStatus.CANCELLED])
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
    """Send one planned batch and settle its fate. Gives the id of its upload if items are to be planned again.

    The move to `submitting` is the lock: of two workers, one sends.
    """
    claimed = move_batch(
        batch_id, BatchStatus.SUBMITTING, attempts=F("attempts") + 1, submitted_at=timezone.now(), next_try_at=None
    )
    if not claimed:
        return None
    batch = Batch.objects.select_related("upload").get(pk=batch_id)
    items = list(batch.items.filter(outcome=Outcome.PENDING).defer("cells"))
    if batch.upload.status != UploadStatus.RUNNING:
        move_batch(batch_id, BatchStatus.PLANNED)
        return None
    if not items or (batch.kind == BatchKind.BULK and len(items) < protocol.BATCH_MIN):
        return dissolve(batch)
    record(batch.upload_id, "sent", batch_id=batch_id, detail=f"{len(items)} items, try {batch.attempts}")
    try:
        return send_person(batch, items[0]) if batch.kind == BatchKind.SINGLE else send_items(batch, items)
    except client.VendorError as error:
        return settle(batch, items, error)


def send_items(batch, items):
    item_url, complete_url = callback_urls(batch.token)
    encoded = [protocol.encode_item(item.pk, vars(item), item_url, batch.upload.match) for item in items]
    acknowledgement = client.submit_batch(protocol.encode_batch(encoded, complete_url))
    return acknowledge(batch, items, acknowledgement)


def send_person(batch, item):
    reply = client.trace_person(protocol.to_json(protocol.encode_person(vars(item), batch.upload.match)))
    try:
        text = protocol.read_text(reply)
        answer = protocol.decode_answer(text)
    except protocol.Malformed:
        raise client.VendorSilent("The vendor's answer cannot be read.") from None
    with transaction.atomic():
        Item.objects.filter(pk=item.pk, outcome=Outcome.PENDING).update(**results.as_columns(answer, text))
        taken = {"acknowledged_at": timezone.now(), "vendor_id": answer.request_id, "problem": ""}
        move_batch(batch.pk, BatchStatus.ACKNOWLEDGED, **taken)


def acknowledge(batch, items, acknowledgement):
    """Keep what the vendor says it took; items that it did not take are planned again."""
    ids = {item.pk for item in items}
    received, named = acknowledgement.received, acknowledgement.request_ids
    # Only where count and names agree: an item that was taken and not named must not be bought again.
    refused = ids - set(named) if named and received in {None, len(named)} else set()
    problem = ""
    if refused:
        problem = f"The vendor received {len(ids) - len(refused)} of {len(ids)} items."
    elif received not in {None, len(ids)}:
        problem = f"The vendor says that it received {received} of {len(ids)} items, and not which."
    move_batch(
        batch.pk,
        BatchStatus.ACKNOWLEDGED,
        acknowledged_at=timezone.now(),
        vendor_id=acknowledgement.batch_id[:64],
        receive_count=received,
        request_ids=acknowledgement.request_ids,
        problem=problem,
    )
    moved = batch.items.filter(pk__in=refused, outcome=Outcome.PENDING).update(batch=None) if refused else 0
    Batch.objects.filter(pk=batch.pk).update(moved=F("moved") + moved)
    detail = f"vendor's batch {acknowledgement.batch_id}. {problem}".strip()
    record(batch.upload_id, "acknowledged", batch_id=batch.pk, detail=detail)
    return batch.upload_id if moved else None


def dissolve(batch):
    """Take apart a batch that has become too small to be lawful; its items are planned anew."""
    with transaction.atomic():
        if not move_batch(batch.pk, BatchStatus.CANCELLED, problem="Too few items left."):
            return None
        moved = batch.items.filter(outcome=Outcome.PENDING).update(batch=None)
        Batch.objects.filter(pk=batch.pk).update(moved=F("moved") + moved)
        record(batch.upload_id, "dissolved", batch_id=batch.pk, detail=f"{moved} items planned again")
    return batch.upload_id


def settle(batch, items, error):
    """What follows from a call that brought nothing, by who may do what about it."""
    problem = str(error)
    record(batch.upload_id, "not taken", batch_id=batch.pk, detail=problem)
    # A sender that was held up for long must not undo what a later one did.
    move = partial(move_batch, batch.pk, only_if={"attempts": batch.attempts}, problem=problem)
    match error:
        case client.VendorSilent():
            move(BatchStatus.UNCONFIRMED)
        case client.VendorRefused(refusal=refusal):
            item = find_refused(batch, items, refusal)
            refuse_item(batch, item, problem) if item else move(BatchStatus.REFUSED)
        case client.VendorUnauthorised():
            hold(problem)
            move(BatchStatus.PLANNED)
        case client.VendorBusy(until=until) if until:
            hold(problem, until)
            move(BatchStatus.PLANNED)
        case _:
            move(BatchStatus.PLANNED, next_try_at=next_try(batch.attempts))


def find_refused(batch, items, refusal):
    """The item whose own words the vendor refuses; None where it is something that we added, or the whole."""
    if not refusal.field:
        return None
    if batch.kind == BatchKind.SINGLE:
        return items[0]
    return items[refusal.index] if refusal.index is not None and refusal.index < len(items) else None


def next_try(attempts):
    """When to try again: doubling from one second, at most a minute, with up to half as much again by chance."""
    return timezone.now() + timedelta(seconds=min(2 ** (attempts - 1), BACKOFF_MAX) * random.uniform(1, 1.5))


def refuse_item(batch, item, problem):
    """Mark the item that the vendor named as invalid; the others go out again at once."""
    with transaction.atomic():
        refused = Item.objects.filter(pk=item.pk, outcome=Outcome.PENDING)
        if refused.update(outcome=Outcome.INVALID, batch=None, message=f"The vendor refuses it: {problem}"):
            Upload.objects.filter(pk=batch.upload_id).update(invalid_count=F("invalid_count") + 1)
            Batch.objects.filter(pk=batch.pk).update(size=F("size") - 1)
        move_batch(batch.pk, BatchStatus.PLANNED, only_if={"attempts": batch.attempts}, problem=problem)


def hold(reason, until=None):
    """Stop all sending, once for each reason."""
    if not Hold.objects.in_force(timezone.now()).filter(reason=reason).exists():
        Hold.objects.create(reason=reason, until=until)


# What time and people decide


def find_lost_calls(now):
    """Batches whose sender died are unconfirmed: the vendor may have taken them."""
    for batch in Batch.objects.filter(status=BatchStatus.SUBMITTING, submitted_at__lt=now - SUBMIT_LIMIT):
        if move_batch(batch.pk, BatchStatus.UNCONFIRMED, problem="The sending process ended before the answer."):
            record(batch.upload_id, "unconfirmed", batch_id=batch.pk)


def resend_by_policy(now):
    """Send unconfirmed batches again after UNCONFIRMED_WAIT, where the policy is `resend`: once, then people decide."""
    if settings.UNCONFIRMED_POLICY == "resend":
        waited = now - timedelta(seconds=settings.UNCONFIRMED_WAIT)
        overdue = Batch.objects.filter(status=BatchStatus.UNCONFIRMED, submitted_at__lt=waited)
        by_policy = Event.objects.filter(batch=OuterRef("pk"), what=SENT_AGAIN, user=None)
        for batch in overdue.filter(~Exists(by_policy)):
            send_again(batch)


def send_again(batch, user=None):
    """Plan an unconfirmed or refused batch once more. It may be paid twice, so who decided is kept. True if it is."""
    running = Upload.objects.filter(pk=batch.upload_id, status__in=PLANNABLE)
    if not running.exists() or not move_batch(batch.pk, BatchStatus.PLANNED, next_try_at=None, problem=""):
        return False
    record(batch.upload_id, SENT_AGAIN, batch_id=batch.pk, user=user, detail="" if user else "by policy")
    return True


def cancel_upload(upload, user):
    """Send nothing more of an upload. What is at the vendor still comes back and is kept."""
    if not move_upload(upload.pk, UploadStatus.CANCELLED, completed_at=timezone.now()):
        return False
    cancel_unsent(upload.batches)
    record(upload.pk, "cancelled", user=user)
    return True


def cancel_leftovers(_):
    """Cancel what came back to be sent after its upload had been cancelled."""
    cancel_unsent(Batch.objects.filter(upload__status=UploadStatus.CANCELLED))


def cancel_unsent(batches):
    for batch in batches.filter(status__in=[BatchStatus.PLANNED, BatchStatus.REFUSED]):
        move_batch(batch.pk, BatchStatus.CANCELLED)


def list_unplanned():
    """Ids of the running uploads with items that no batch has."""
    running = Upload.objects.filter(status=UploadStatus.RUNNING)
    return [upload.pk for upload in running if upload.items.unplanned().exists()]
