"""File deliveries: new ones from the receivers, and retries of unmatched ones."""

import logging
import time
from collections.abc import Callable, Container, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any

from django.contrib.auth.models import User
from django.db import Error as StorageError
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from batches.database import drop_connection, ensure_connection, name_error, read_now, retry_write
from batches.delivery_attempts import RetryPolicy
from batches.models import Item
from batches.retention import Retained
from batches.statuses import Emptied
from batches.tracing.filing import Filing, file_answer, file_manually, file_pending, record_completion
from batches.tracing.item_keys import find_item_id_by_token
from batches.tracing.vendor_keys import find_required_accounts
from batches.vendor import protocol
from webhooks.models import DeliveryKind, UnmatchedDelivery, UnmatchedDeliveryQuerySet

logger = logging.getLogger(__name__)

STORE_WAIT = 5
"""Seconds that a delivery waits while the database is unavailable. After that we answer 503, and the delivery is lost.
"""
LOCK_WAIT = 2
"""Seconds to wait for a locked row. All later deliveries wait too."""
DECODERS: dict[str, Callable[[str], Any]] = {
    DeliveryKind.ITEM: protocol.decode_answer,
    DeliveryKind.COMPLETION: protocol.decode_completion,
}
Filer = Callable[[str, Any, str], Filing]
"""A function that files a delivery, given its token, its decoded body, and the body as a string."""
FILERS: dict[str, Filer] = {DeliveryKind.ITEM: file_answer, DeliveryKind.COMPLETION: record_completion}


class Fate(StrEnum):
    """What became of a delivery. Unless it is refused, it is stored."""

    FILED = "filed"
    DUPLICATE = "duplicate"
    UNMATCHED = "unmatched"
    REFUSED = "refused"


FATES = {Filing.FILED: Fate.FILED, Filing.DUPLICATE: Fate.DUPLICATE}
"""Result of filing → fate. With any other result, the delivery is unmatched."""
MALFORMED = "The body is not a JSON object in UTF-8."
NOT_STORED = "It could not be stored"
"""How the reason begins if the fault is ours and may be temporary. The delivery is then retried automatically."""
RETRY_POLICY = RetryPolicy(
    count_field="attempts",
    due_field="next_try_at",
    retry_delays=(
        *(timedelta(minutes=minutes) for minutes in (1, 1, 1, 2, 5, 10, 30)),
        *(timedelta(hours=hours) for hours in (1, 3, 6, 12)),
    ),
    # A retry takes far less: it waits for one row and runs a few statements.
    claim_timeout=timedelta(minutes=1),
)
RETRY_BATCH_SIZE = 1000
"""Maximum number of deliveries that one job retries, which takes a few seconds."""


@dataclass(frozen=True, eq=False)
class Delivery:
    """One call of the vendor. Two calls with the same body are two deliveries."""

    kind: str
    token: str
    body: bytes
    senders: frozenset[int | None] = frozenset([None])
    """The vendor accounts that its key belongs to. None is the default account."""
    arrived_at: float = field(default_factory=time.monotonic)
    """In seconds of `time.monotonic`."""


def file_deliveries(deliveries: Sequence[Delivery]) -> list[Fate | None]:
    """File deliveries, or store them whole as unmatched. Return the fate of each.

    The fate is None if a delivery could not be stored within STORE_WAIT of its arrival.
    """
    fates = dict.fromkeys(file_together(deliveries), Fate.FILED)
    fates |= dict.fromkeys(store_malformed(deliveries, fates), Fate.UNMATCHED)
    return [fates[delivery] if delivery in fates else file_delivery(delivery) for delivery in deliveries]


def file_together(deliveries: Sequence[Delivery]) -> set[Delivery]:
    """File every answer whose item is pending, in one transaction. Return the deliveries that were filed.

    Deliveries that cannot be filed this way are left to `file_delivery`; no error is raised for them.
    """
    answers = {}
    for delivery in find_own(deliveries):
        # A malformed or unforeseen body must not keep the other answers from being filed.
        with suppress(Exception):
            text = protocol.read_text(delivery.body)
            answer = protocol.decode_answer(text) if delivery.kind == DeliveryKind.ITEM else None
            if answer and answer.key is not None:
                answers[delivery] = (delivery.token, answer, text)
    if not answers:
        return set()
    try:
        ensure_connection(LOCK_WAIT)
        are_filed = file_pending(list(answers.values()))
    except Exception as error:
        # Log the class only: the message of a database error can contain the row.
        logger.warning("Could not file deliveries together: %s", name_error(error))
        return set()
    return {delivery for delivery, is_filed in zip(answers, are_filed, strict=True) if is_filed}


def find_own(deliveries: Sequence[Delivery]) -> list[Delivery]:
    """Keep the deliveries that carry a key of their batch's account. If that cannot be found out now, keep none."""
    try:
        ensure_connection(LOCK_WAIT)
        required = find_required_accounts(delivery.token for delivery in deliveries)
    except Exception as error:
        logger.warning("Could not find the accounts of deliveries: %s", name_error(error))
        return []
    return [delivery for delivery in deliveries if is_own(delivery, required)]


def is_own(delivery: Delivery, required: Mapping[str, int | None]) -> bool:
    """Return whether a delivery carries a key of its batch's account, or of any account if its batch's is not known."""
    return delivery.token not in required or required[delivery.token] in delivery.senders


def store_malformed(deliveries: Sequence[Delivery], fates: Container[Delivery]) -> set[Delivery]:
    """Store every delivery that cannot be read, in one transaction. Return the deliveries that were stored.

    Those that have a fate already are left out.

    With one transaction for each of them, a caller that sends broken bodies could slow down all answers. No error is
    raised.
    """
    malformed = [delivery for delivery in deliveries if delivery not in fates and is_malformed(delivery)]
    malformed = find_own(malformed) if malformed else []
    if not malformed:
        return set()
    try:
        ensure_connection(LOCK_WAIT)
        UnmatchedDelivery.objects.bulk_create([make_unmatched(delivery, MALFORMED) for delivery in malformed])
    except Exception as error:
        # Log the class only: the message of a database error can contain the body.
        logger.warning("Could not store malformed deliveries together: %s", name_error(error))
        return set()
    return set(malformed)


def is_malformed(delivery: Delivery) -> bool:
    """Return whether a body is malformed for its kind of delivery. An unforeseen error does not make it so."""
    try:
        DECODERS[delivery.kind](protocol.read_text(delivery.body))
    except protocol.Malformed:
        return True
    except Exception:
        return False
    return False


def file_delivery(delivery: Delivery) -> Fate | None:
    """File one delivery, or store it whole as unmatched. Return None if it could not be stored within STORE_WAIT."""
    try:
        seconds_left = max(delivery.arrived_at + STORE_WAIT - time.monotonic(), 0)
        return retry_write(partial(file_or_store, delivery), seconds_left)
    except Exception as error:
        # Log the class only: the message of an error can contain the row.
        logger.error("Could not store a delivery: %s", name_error(error))
        # Give the next delivery a new connection.
        drop_connection()
        return None


def file_or_store(delivery: Delivery) -> Fate:
    """File one delivery, or store it whole as unmatched. Raise the database's error if both fail.

    Refuse a delivery with the key of another account: whoever has it need not be the vendor's sender for this batch.
    """
    ensure_connection(LOCK_WAIT)
    if not is_own(delivery, find_required_accounts([delivery.token])):
        # A result that is refused is lost, so the operator must know. Nobody without one of our keys gets here.
        logger.warning("Refused a delivery with a key that is not that of its batch's vendor account.")
        return Fate.REFUSED
    fate, reason = try_to_file(delivery.kind, delivery.token, delivery.body, FILERS[delivery.kind])
    if reason:
        store_unmatched(delivery, reason)
    return fate


def store_unmatched(delivery: Delivery, reason: str) -> None:
    """Store the whole of a delivery that could not be filed, with the reason."""
    make_unmatched(delivery, reason).save()


def make_unmatched(delivery: Delivery, reason: str) -> UnmatchedDelivery:
    """Return an unsaved record for a delivery that could not be filed, without the body of an erased person."""
    item_id = find_named_item_id(delivery)
    named = Item.objects.filter(pk=item_id).only("emptied").first() if item_id else None
    if item_id and item_id > protocol.MAX_KEY and named is None:
        # Until manage.py widen_ids has run, the column may be too short for an id that no item has.
        item_id = None
    is_erased = named is not None and named.emptied == Emptied.ERASED
    return UnmatchedDelivery(
        kind=delivery.kind,
        token=delivery.token[:64],
        body=b"" if is_erased else delivery.body,
        reason=reason,
        item_id=item_id,
        next_try_at=read_now() + RETRY_POLICY.retry_delays[0] if reason.startswith(NOT_STORED) else None,
    )


def find_named_item_id(delivery: Delivery) -> int | None:
    """Return the id of the item that a delivery names, or None if it names none. The item need not exist.

    At an address that belongs to no batch, a key can stand for anybody, and so names no item.
    """
    if delivery.kind != DeliveryKind.ITEM:
        return None
    key = None
    # A body that cannot be read is stored anyway.
    with suppress(Exception):
        key = protocol.decode_answer(protocol.read_text(delivery.body)).key
    return None if key is None else find_item_id_by_token(delivery.token, key)


def retry_due(now: datetime) -> int:
    """Retry the unmatched deliveries that are due by `now`. Return how many were filed."""
    filed = 0
    for unmatched in UnmatchedDelivery.objects.due(now).order_by("next_try_at")[:RETRY_BATCH_SIZE]:
        if not RETRY_POLICY.claim(UnmatchedDelivery.objects.due(now).filter(pk=unmatched.pk), now):
            continue
        try:
            filed += retry(unmatched, user=None)
        except StorageError as error:
            # The claim has postponed the next retry of this delivery, so continue with the others.
            logger.warning("Could not retry an unmatched delivery: %s", name_error(error))
            drop_connection()
        else:
            schedule_retry(unmatched, now)
    return filed


def schedule_retry(unmatched: UnmatchedDelivery, now: datetime) -> None:
    """Schedule the next retry of a delivery that is still unmatched.

    There is no next retry after the last one, or if the reason is not temporary. A person then has to decide.
    """
    waiting = UnmatchedDelivery.objects.waiting().filter(pk=unmatched.pk)
    attempts = unmatched.attempts + 1
    temporary = waiting.filter(reason__startswith=NOT_STORED)
    if RETRY_POLICY.is_last(attempts) or not temporary.update(next_try_at=RETRY_POLICY.next_after(attempts, now)):
        waiting.update(next_try_at=None)


@transaction.atomic
def retry(unmatched: UnmatchedDelivery, user: User | None) -> bool:
    """File an unmatched delivery if that is possible now. Return whether it was filed.

    If a user asked for the retry, the answer may also replace an error. The row is locked, so a decision that somebody
    makes at the same time is kept.
    """
    if not UnmatchedDelivery.objects.waiting().select_for_update().filter(pk=unmatched.pk).exists():
        return False

    @transaction.atomic
    def file(token: str, decoded: Any, text: str) -> Filing:
        if user and unmatched.kind == DeliveryKind.ITEM:
            return file_manually(token, decoded, text, user)
        return FILERS[unmatched.kind](token, decoded, text)

    _, reason = try_to_file(unmatched.kind, unmatched.token, bytes(unmatched.body), file)
    if reason:
        UnmatchedDelivery.objects.filter(pk=unmatched.pk).update(reason=reason)
    else:
        record_decision(UnmatchedDelivery.objects.filter(pk=unmatched.pk), UnmatchedDelivery.Status.FILED, user)
    return not reason


def try_to_file(kind: str, token: str, body: bytes, file: Filer) -> tuple[Fate, str]:
    """Return the fate of a delivery and, if it is unmatched, the reason.

    Raise OperationalError or InterfaceError while the database is unavailable.
    """
    try:
        text = protocol.read_text(body)
        filing = file(token, DECODERS[kind](text), text)
    except protocol.Malformed:
        return Fate.UNMATCHED, MALFORMED
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        # The reason names the class only: the message of an error can contain the row.
        logger.exception("Could not file a delivery.")
        return Fate.UNMATCHED, f"{NOT_STORED}: {type(error).__name__}."
    return (FATES[filing], "") if filing in FATES else (Fate.UNMATCHED, filing.value)


def record_decision(unmatched: UnmatchedDeliveryQuerySet, status: str, user: User | None) -> int:
    """Record a decision about the deliveries that still need one. Return how many did."""
    return unmatched.waiting().update(status=status, decided_at=timezone.now(), decided_by=user)


def delete_bodies(unmatched: QuerySet[Any]) -> None:
    unmatched.order_by().update(body=b"")


RETAINED = Retained(
    "Unmatched deliveries",
    UnmatchedDelivery.objects.exclude(body=b""),
    "received_at",
    delete_bodies,
    list_path="item__upload",
)
