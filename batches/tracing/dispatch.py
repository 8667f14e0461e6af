"""Send batches: choose the next ones, send one, and act on the vendor's reply.

Each call is recorded before it is made: the batch becomes `submitting` first, so that a process that dies leaves a
record of what it may have spent. No transaction stays open during a call.
"""

import logging
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import F, Sum
from django.db.models.functions import Now
from django.utils import timezone

from accounts.encryption import CannotDecrypt
from batches import lease
from batches.database import read_now, retry_write
from batches.models import Batch, BatchQuerySet, Event, Item, Receiver, SendingBlock, Upload, VendorAccount
from batches.statuses import BatchKind, BatchStatus, Outcome, UploadStatus
from batches.tracing import account_choice, budgets, closing, filing, item_keys, limits, overlaps, packing, vendor_keys
from batches.tracing.account_choice import Accounts, name_for_metrics
from batches.tracing.counts import format_people
from batches.tracing.lifecycle import record, transition_batch
from batches.tracing.limits import SpendingRefused
from batches.tracing.priority import queue_key
from batches.vendor import client, protocol

logger = logging.getLogger(__name__)

NOT_ACCEPTED = "not accepted"
MAX_BACKOFF_SECONDS = 60
"""Maximum wait before the next attempt, to which up to half is added at random."""
STORE_TIMEOUT = 60
"""Seconds for which we retry to store the vendor's reply, because the vendor gives it only once."""


# Choosing

BATCH_NOT_SENT = [BatchStatus.PLANNED, BatchStatus.DISSOLVED, BatchStatus.CANCELLED]
"""Statuses of batches whose people do not count as sent when the next list is chosen."""


def choose_batches(now: datetime) -> list[int]:
    """Return the ids of the batches to send now, in order.

    At most ITEMS_IN_FLIGHT people await an answer at once over one account; a batch is sent if it fits within that
    number, or if nobody is in flight. `queue_key` says which list is next. No more batches are chosen than the number
    of calls that the vendor accepts per second and account, less those made during the last second.
    """
    if SendingBlock.objects.in_force(now).of_everything().exists():
        return []
    due = receivable(Batch.objects.due(now))
    chosen: list[int] = []
    people_sent = dict.fromkeys(due.order_by().values_list("upload_id", flat=True).distinct(), 0)
    if not people_sent:
        return []
    accounts = account_choice.load_used(now)
    if accounts.blocked:
        due = account_choice.leave_out_blocked(due, accounts.blocked)
    sent_batches = Batch.objects.filter(upload__in=people_sent).exclude(status__in=BATCH_NOT_SENT)
    people_sent |= dict(sent_batches.values_list("upload_id").annotate(Sum("size")).order_by())
    waiting = Upload.objects.filter(pk__in=people_sent).values_list("pk", "priority", "front_at", "team")
    places, teams = {}, {}
    for pk, priority, front_at, team_id in waiting:
        places[pk], teams[pk] = (priority, front_at), team_id
    with_given = account_choice.find_lists_with_given(due) if accounts.are_several else set()
    while people_sent and not accounts.are_full:
        upload_id = min(people_sent, key=lambda pk: queue_key(*places[pk], people_sent[pk], pk))
        if accounts.full.issuperset(accounts.list_usable(teams[upload_id])) and upload_id not in with_given:
            del people_sent[upload_id]
            continue
        batch = due.filter(upload=upload_id).exclude(pk__in=chosen).order_by("number").first()
        if batch is None or not take_room(accounts, batch, teams[upload_id]):
            del people_sent[upload_id]
        else:
            chosen.append(batch.pk)
            people_sent[upload_id] += batch.size
    return chosen


def take_room(accounts: Accounts, batch: Batch, team_id: int | None) -> bool:
    """Take the room for a batch in an account that it may be sent over. Return False if there is none.

    Then these accounts are full, so that no other list's batch takes the room that this one waits for.
    """
    is_given = account_choice.has_account(batch)
    if is_given and account_choice.is_retired(batch.account):
        # It is not sent, but dissolved.
        return True
    usable = [batch.account_id] if is_given else accounts.list_usable(team_id)
    with_room = accounts.find_room(usable, batch.size)
    if not with_room:
        accounts.full.update(usable)
        return False
    accounts.count(with_room[0], batch.size)
    return True


def receivable(batches: BatchQuerySet) -> BatchQuerySet:
    """Keep batches whose answers can be received: without a live receiver, only those answered in the call itself."""
    return batches if Receiver.is_any_alive() else batches.filter(kind=BatchKind.SINGLE)


# Sending


def submit_batch(batch_id: int) -> int | None:
    """Send a planned batch and apply the vendor's reply. Return the id of its upload if people are to be replanned.

    The transition to `submitting` is the lock: only one of two workers sends the batch.
    """
    now = read_now()
    is_blocked = SendingBlock.objects.in_force(now).of_everything().exists()
    if is_blocked or not receivable(Batch.objects.filter(pk=batch_id)).exists():
        return None
    # The database may have been restored from a backup since this job was enqueued. The clock finds out; if so, it puts
    # the batch in doubt.
    if lease.is_suspect(lease.CLOCK):
        return None
    try:
        claimed = claim(batch_id, now)
    except budgets.OverBudget as problem:
        wait_for_budget(batch_id, str(problem), now)
        return None
    except SpendingRefused as problem:
        wait_for_tomorrow(batch_id, str(problem), now)
        return None
    except account_choice.NoAccount:
        return None
    except CannotDecrypt as problem:
        # A worker on another host may be able to.
        logger.error("Batch %s is not sent by this host. %s", batch_id, problem)
        return None
    if claimed is None:
        return None
    batch, items = claimed
    if account_choice.is_retired(batch.account):
        return packing.dissolve(batch, "Its vendor account has been retired.")
    if is_too_small(batch, items):
        return packing.dissolve(batch)
    try:
        if batch.kind == BatchKind.BULK:
            return send_items(batch, items)
        send_person(batch, items[0])
    except client.VendorError as error:
        retry_write(partial(apply_error, batch, items, error), STORE_TIMEOUT)
    return None


@transaction.atomic
def claim(batch_id: int, now: datetime) -> tuple[Batch, list[Item]] | None:
    """Claim a planned batch for sending. Return the batch with the people to send, or None if it may not be sent.

    People who are answered or awaited in other lists, or whose answer waits to be filed, are taken out of the batch.
    The others are added to the daily count. The batch is given to a vendor account, and stays with it.

    Raise OverBudget if the team's budget does not allow the batch, SpendingRefused if the daily limit is reached,
    NoAccount if no account can be used now, and CannotDecrypt if this host cannot read the account's key.
    """
    overlaps.lock_sending()
    upload = Upload.objects.select_for_update(no_key=True, of=["self"]).filter(batches=batch_id).first()
    planned = Batch.objects.select_for_update(no_key=True).filter(pk=batch_id, status=BatchStatus.PLANNED)
    batch = planned.first()
    if batch is None or upload is None:
        return None
    batch.upload = upload
    if batch.upload.status != UploadStatus.RUNNING or batch.upload.waits(now):
        return None
    # An earlier call that was thought lost may have been answered since this batch was chosen.
    if batch.attempts and closing.adopt(batch):
        return None
    account = account_choice.choose_account(batch, upload.team_id, now)
    if not account_choice.is_retired(account):
        # Before anything is recorded, because without the key nothing can be sent.
        vendor_keys.read_key(account)
    overlaps.remove_shared(batch)
    packing.release_items(batch, batch.items.filter(reruns=0).with_unmatched_delivery())
    items = list(batch.items.filter(outcome=Outcome.PENDING).defer("cells"))
    may_be_sent = not is_too_small(batch, items) and not account_choice.is_retired(account)
    if may_be_sent:
        budgets.refuse_over_budget(batch.upload, len(items), now)
        limits.add_sent(batch.upload_id, len(items), now)
    changes: dict[str, Any] = {"attempts": F("attempts") + 1, "submitted_at": now, "next_try_at": None}
    if not account_choice.has_account(batch):
        changes["account"] = account
    if not transition_batch(batch_id, BatchStatus.SUBMITTING, **changes):
        return None
    if batch.upload.wait_reason:
        Upload.objects.filter(pk=batch.upload_id).update(wait_reason="")
    batch.refresh_from_db(fields=["status", *changes])
    # As it was when this was decided: it may be retired, or get another key, at any time.
    batch.account = account
    if may_be_sent:
        detail = f"{format_people(len(items))}, attempt {batch.attempts}"
        record(batch.upload_id, "sent", batch_id=batch_id, detail=detail)
    return batch, items


def is_too_small(batch: Batch, items: list[Item]) -> bool:
    """Return whether the batch has fewer people than the vendor accepts in one call."""
    return not items or (batch.kind == BatchKind.BULK and len(items) < protocol.MIN_BATCH_SIZE)


@transaction.atomic
def wait_for_tomorrow(batch_id: int, problem: str, now: datetime) -> None:
    """Send no more batches of this batch's list until the next day (UTC) begins. Record `problem` as the reason."""
    upload_id = Batch.objects.values_list("upload_id", flat=True).get(pk=batch_id)
    midnight = limits.end_of_day(now)
    changes: dict[str, Any] = {"waits_until": midnight, "wait_reason": ""}
    if Upload.objects.filter(pk=upload_id).exclude(waits_until=midnight).update(**changes):
        record(upload_id, "waiting for tomorrow", batch_id=batch_id, detail=problem)


@transaction.atomic
def wait_for_budget(batch_id: int, problem: str, now: datetime) -> None:
    """Send no more batches of this batch's list for a minute. Pages show `problem` until the list is sent again.

    The budget is looked at again each minute, because it may have been raised, a new month may have begun, or people in
    flight may have cost less than they could have.
    """
    upload_id = Batch.objects.values_list("upload_id", flat=True).get(pk=batch_id)
    lists = Upload.objects.filter(pk=upload_id)
    is_first = lists.filter(wait_reason="").update(wait_reason=problem)
    lists.update(waits_until=now + budgets.RETRY, wait_reason=problem)
    if is_first:
        record(upload_id, "waiting for the budget", batch_id=batch_id, detail=problem)


def send_items(batch: Batch, items: list[Item]) -> int | None:
    """Send people over the bulk endpoint. Return the id of their upload if some of them are to be replanned."""
    answer_url = packing.answer_url(batch.token)
    encoded = [
        protocol.encode_item(
            item_keys.make_key(item.pk, batch.key_base), vars(item), answer_url, batch.upload.match_requirements
        )
        for item in items
    ]
    body = protocol.encode_batch(encoded, packing.completion_url(batch.token))
    acknowledgement = client.submit_batch(body, vendor_keys.read_key(batch.account), name_for_metrics(batch.account))
    if acknowledgement.received == 0 and not acknowledgement.request_ids:
        raise client.VendorBusy("The vendor accepted none of the people.")
    named = item_keys.name_items(acknowledgement, batch.key_base)
    return retry_write(partial(acknowledge, batch, items, named), STORE_TIMEOUT)


def send_person(batch: Batch, item: Item) -> None:
    """Send one person over the single endpoint, and file the answer that it replies with."""
    body = protocol.to_json(protocol.encode_person(vars(item), batch.upload.match_requirements))
    reply = client.trace_person(body, vendor_keys.read_key(batch.account), name_for_metrics(batch.account))
    try:
        text = protocol.read_text(reply)
        answer = protocol.decode_answer(text)
    except protocol.Malformed:
        raise client.VendorSilent("The vendor's reply cannot be read.") from None
    retry_write(partial(file_person, batch, item, answer, text), STORE_TIMEOUT)


@transaction.atomic
def file_person(batch: Batch, item: Item, answer: protocol.Answer, text: str) -> None:
    """File the answer of the single endpoint, and acknowledge its batch."""
    filing.file_reply(batch, item, answer, text)
    changes: dict[str, Any] = {"acknowledged_at": Now(), "vendor_id": answer.request_id, "problem": ""}
    transition_batch(batch.pk, BatchStatus.ACKNOWLEDGED, **changes)


@transaction.atomic
def acknowledge(batch: Batch, items: list[Item], acknowledgement: protocol.Acknowledgement) -> int | None:
    """Record what the vendor says it accepted, by ids of items. People whom it did not accept are replanned.

    Return the id of the upload if people are to be replanned.
    """
    refused_ids, problem = compare_reply(items, acknowledgement)
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
    # If a batch was sent in two calls, the reply to the first decides who was accepted: the other can only cost more.
    if not is_first or not refused_ids:
        return None
    moved = packing.release_items(batch, batch.items.filter(pk__in=refused_ids).without_unmatched_delivery())
    limits.subtract_sent(batch, len(refused_ids))
    if not moved:
        return None
    detail = f"{format_people(moved)} not accepted by the vendor"
    record(batch.upload_id, "replanned", batch_id=batch.pk, detail=detail)
    return batch.upload_id


def compare_reply(items: list[Item], acknowledgement: protocol.Acknowledgement) -> tuple[set[int], str]:
    """Return the ids of the items that the vendor did not accept, and a sentence about any discrepancy in its reply."""
    ids = {item.pk for item in items}
    accepted_count, accepted_ids = acknowledgement.received, set(acknowledgement.request_ids)
    refused_ids: set[int] = set()
    # Only if the count and the ids agree: an item that was accepted but not listed must not be paid for again.
    if accepted_ids and accepted_count in {None, len(accepted_ids)}:
        refused_ids = ids - accepted_ids
    if refused_ids:
        return refused_ids, f"The vendor accepted {len(ids) - len(refused_ids)} of {format_people(len(ids))}."
    if accepted_count not in {None, len(ids)}:
        problem = f"The vendor says it accepted {accepted_count} of {format_people(len(ids))}, but not which ones."
        return refused_ids, problem
    return refused_ids, ""


# Errors


@transaction.atomic
def apply_error(batch: Batch, items: list[Item], error: client.VendorError) -> None:
    """Move a batch to the status that follows from a failed call.

    If the vendor certainly accepted none of the people, they are subtracted from the daily count.
    """
    problem = str(error)
    # A delayed sender must not undo what a later one has done.
    transition = partial(transition_batch, batch.pk, only_if={"attempts": batch.attempts}, problem=problem)
    what = NOT_ACCEPTED
    match error:
        case client.VendorRefused(refusal=refusal):
            if apply_refusal(batch, items, refusal, transition):
                limits.subtract_sent(batch, len(items))
            return
        case client.VendorSilent():
            what = "unconfirmed"
            transition(BatchStatus.UNCONFIRMED)
            is_planned_again = False
        case client.VendorUnauthorised():
            block_account(batch.account, problem)
            is_planned_again = transition(BatchStatus.PLANNED)
        case client.VendorBusy(until=until) if until:
            block_account(batch.account, problem, until)
            is_planned_again = transition(BatchStatus.PLANNED)
        case _:
            failures = batch.events.filter(what=NOT_ACCEPTED).count() + 1
            is_planned_again = transition(BatchStatus.PLANNED, next_try_at=next_attempt_at(failures))
    record(batch.upload_id, what, batch_id=batch.pk, detail=problem)
    if is_planned_again:
        limits.subtract_sent(batch, len(items))


def apply_refusal(batch: Batch, items: list[Item], refusal: protocol.Refusal, transition: Callable[..., bool]) -> bool:
    """Mark the item that the vendor names as invalid. If it names none, mark the batch as refused, and halve it.

    `transition` is `transition_batch` for the attempt that was refused. Return False if the batch has changed since it
    was sent.
    """
    # Lock the upload's row first, like everything else that creates batches or counts an upload's items.
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
    """Return the item whose data the vendor refuses.

    Return None if the refusal is about something that we added, or about the batch as a whole.
    """
    if refusal.is_ours:
        return None
    if batch.kind == BatchKind.SINGLE:
        # A refusal that names no field may be about our request. It is about the person if a larger batch with this
        # person was refused before.
        return items[0] if refusal.field or batch.split_from_id else None
    return items[refusal.index] if refusal.index is not None and refusal.index < len(items) else None


def next_attempt_at(failures: int) -> datetime:
    """Return when to try again: after 1, 2, 4… seconds up to MAX_BACKOFF_SECONDS, plus up to half as much at random."""
    seconds = min(2 ** (failures - 1), MAX_BACKOFF_SECONDS)
    return read_now() + timedelta(seconds=seconds * random.uniform(1, 1.5))


def refuse_item(batch: Batch, item: Item, problem: str) -> bool:
    """Mark the item that the vendor named as invalid, and plan the batch with the others to be sent again.

    Return False if the batch has been sent again since.
    """
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
    """Have the first duplicate of a refused item traced in its place, because a refused item gets no answer to share.

    Call this in a transaction that has locked the upload's row.
    """
    waiting = Item.objects.filter(upload=item.upload_id, outcome=Outcome.DUPLICATE, same_as=item).order_by("pk")
    if first := waiting.only("pk").first():
        waiting.exclude(pk=first.pk).update(same_as=first)
        Item.objects.filter(pk=first.pk).update(outcome=Outcome.PENDING, same_as=None)
        Upload.objects.filter(pk=item.upload_id).update(duplicate_count=F("duplicate_count") - 1)


def block_sending(reason: str, until: datetime | None = None) -> None:
    """Block all sending, until `until` or until a user unblocks it. Do nothing if it is blocked for the same reason."""
    create_block(reason, until, account=None, is_for_default_account=False)


def block_account(account: VendorAccount | None, reason: str, until: datetime | None = None) -> None:
    """Block sending over an account like `block_sending`. If it is the default one, and the only one, block all."""
    is_only_one = account is None and not VendorAccount.objects.active().exists()
    create_block(reason, until, account=account, is_for_default_account=account is None and not is_only_one)


def create_block(reason: str, until: datetime | None, **concerning: Any) -> None:
    if not SendingBlock.objects.in_force(timezone.now()).filter(reason=reason, **concerning).exists():
        SendingBlock.objects.create(reason=reason, until=until, **concerning)
