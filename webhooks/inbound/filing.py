"""File deliveries: new ones from the receivers, and retries of unmatched ones."""

import logging
import time
from collections.abc import Callable, Sequence
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

from batches.database import drop_connection, ensure_connection, read_now, retry_write
from batches.delivery_attempts import Attempts
from batches.retention import Retained
from batches.tracing.filing import Filing, file_answer, file_manually, file_pending, record_completion
from batches.vendor import protocol
from webhooks.models import DeliveryKind, UnmatchedDelivery, UnmatchedDeliveryQuerySet

logger = logging.getLogger(__name__)

STORE_WAIT = 5
"""Seconds that the vendor waits while the database is unavailable. Then we answer 503, and the delivery is lost."""
LOCK_WAIT = 2
"""Seconds to wait for a locked row. All deliveries after this one wait too."""
DECODERS: dict[str, Callable[[str], Any]] = {
    DeliveryKind.ITEM: protocol.decode_answer,
    DeliveryKind.COMPLETION: protocol.decode_completion,
}
Filer = Callable[[str, Any, str], Filing]
"""A function that files a decoded body, given the token, the decoded body and its text."""
FILERS: dict[str, Filer] = {DeliveryKind.ITEM: file_answer, DeliveryKind.COMPLETION: record_completion}


class Fate(StrEnum):
    """The result of accepting a delivery. In each case it is stored."""

    FILED = "filed"
    DUPLICATE = "duplicate"
    UNMATCHED = "unmatched"


FATES = {Filing.FILED: Fate.FILED, Filing.DUPLICATE: Fate.DUPLICATE}
"""Every other `Filing` makes a delivery unmatched."""
MALFORMED = "The body is not a JSON object in UTF-8."
NOT_STORED = "It could not be stored"
"""Start of the reason if the fault is ours and may be temporary. Such deliveries are retried automatically."""
RETRIES = Attempts(
    count_field="attempts",
    due_field="next_try_at",
    retry_delays=(
        *(timedelta(minutes=minutes) for minutes in (1, 1, 1, 2, 5, 10, 30)),
        *(timedelta(hours=hours) for hours in (1, 3, 6, 12)),
    ),
    # One statement, and the wait for its row.
    claim_timeout=timedelta(minutes=1),
)
RETRY_BATCH_SIZE = 1000
"""Maximum number of deliveries that one job retries; they take a few seconds."""


@dataclass(frozen=True, eq=False)
class Delivery:
    """One call of the vendor. Two calls with the same body are two deliveries."""

    kind: str
    token: str
    body: bytes
    arrived: float = field(default_factory=time.monotonic)


def file_deliveries(deliveries: Sequence[Delivery]) -> list[Fate | None]:
    """File deliveries, or store them whole as unmatched. Return the fate of each.

    The fate is None if a delivery could not be stored within STORE_WAIT of its arrival.
    """
    fates = dict.fromkeys(file_together(deliveries), Fate.FILED)
    unfiled = [delivery for delivery in deliveries if delivery not in fates]
    fates |= dict.fromkeys(store_malformed(unfiled), Fate.UNMATCHED)
    return [fates[delivery] if delivery in fates else file_delivery(delivery) for delivery in deliveries]


def file_together(deliveries: Sequence[Delivery]) -> set[Delivery]:
    """File every answer whose item is pending, in one transaction. Return the deliveries that were filed.

    Deliveries that cannot be filed this way are left to `file_delivery`; no error is raised for them.
    """
    answers = {}
    for delivery in deliveries:
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
        # Log the class only: the text of a database error can contain the row.
        logger.warning("Could not file deliveries together: %s", type(error).__name__)
        return set()
    return {delivery for delivery, is_filed in zip(answers, are_filed, strict=True) if is_filed}


def store_malformed(deliveries: Sequence[Delivery]) -> set[Delivery]:
    """Store every delivery that cannot be read, in one transaction. Return the deliveries that were stored.

    One transaction for each would let a caller of broken bodies slow down everybody's answers. No error is raised.
    """
    malformed = [delivery for delivery in deliveries if is_malformed(delivery)]
    if not malformed:
        return set()
    try:
        ensure_connection(LOCK_WAIT)
        UnmatchedDelivery.objects.bulk_create([make_unmatched(delivery, MALFORMED) for delivery in malformed])
    except Exception as error:
        # Log the class only: the text of a database error can contain the body.
        logger.warning("Could not store malformed deliveries together: %s", type(error).__name__)
        return set()
    return set(malformed)


def is_malformed(delivery: Delivery) -> bool:
    """Return whether a body is not what its kind of delivery must be. An unforeseen error is no answer to that."""
    try:
        DECODERS[delivery.kind](protocol.read_text(delivery.body))
    except protocol.Malformed:
        return True
    except Exception:
        return False
    return False


def file_delivery(delivery: Delivery) -> Fate | None:
    """File one delivery, or store it whole as unmatched. Return None if it could not be stored in time."""
    try:
        patience = max(delivery.arrived + STORE_WAIT - time.monotonic(), 0)
        return retry_write(partial(file_or_store, delivery), patience)
    except Exception as error:
        # Log the class only: the text of an error can contain the row.
        logger.error("Could not store a delivery: %s", type(error).__name__)
        # So that the next delivery gets a new connection.
        drop_connection()
        return None


def file_or_store(delivery: Delivery) -> Fate:
    ensure_connection(LOCK_WAIT)
    fate, reason = try_to_file(delivery.kind, delivery.token, delivery.body, FILERS[delivery.kind])
    if reason:
        store_unmatched(delivery, reason)
    return fate


def store_unmatched(delivery: Delivery, reason: str) -> None:
    """Store a whole delivery that could not be filed, with the reason."""
    make_unmatched(delivery, reason).save()


def make_unmatched(delivery: Delivery, reason: str) -> UnmatchedDelivery:
    """Return the unsaved row of a delivery that could not be filed."""
    return UnmatchedDelivery(
        kind=delivery.kind,
        token=delivery.token[:64],
        body=delivery.body,
        reason=reason,
        item_id=find_key(delivery),
        next_try_at=read_now() + RETRIES.retry_delays[0] if reason.startswith(NOT_STORED) else None,
    )


def find_key(delivery: Delivery) -> int | None:
    """Return the primary key of the item that a delivery names, or None if it names none."""
    if delivery.kind != DeliveryKind.ITEM:
        return None
    # A body that cannot be read is stored anyway.
    with suppress(Exception):
        return protocol.decode_answer(protocol.read_text(delivery.body)).key
    return None


def retry_due(now: datetime) -> int:
    """Retry the unmatched deliveries that are due by `now`. Return how many were filed."""
    filed = 0
    for unmatched in UnmatchedDelivery.objects.due(now).order_by("next_try_at")[:RETRY_BATCH_SIZE]:
        if not RETRIES.claim(UnmatchedDelivery.objects.due(now).filter(pk=unmatched.pk), now):
            continue
        try:
            filed += retry(unmatched, user=None)
        except StorageError as error:
            # The claim has postponed its next retry, so continue with the others.
            logger.warning("Could not retry an unmatched delivery: %s", type(error).__name__)
            drop_connection()
        else:
            schedule_retry(unmatched, now)
    return filed


def schedule_retry(unmatched: UnmatchedDelivery, now: datetime) -> None:
    """Schedule the next retry of a delivery that is still unmatched.

    There is none after the last retry, or if the reason is not temporary: then a person has to decide.
    """
    waiting = UnmatchedDelivery.objects.waiting().filter(pk=unmatched.pk)
    attempts = unmatched.attempts + 1
    temporary = waiting.filter(reason__startswith=NOT_STORED)
    if RETRIES.is_last(attempts) or not temporary.update(next_try_at=RETRIES.next_after(attempts, now)):
        waiting.update(next_try_at=None)


@transaction.atomic
def retry(unmatched: UnmatchedDelivery, user: User | None) -> bool:
    """File an unmatched delivery if that is possible now. Return whether it was filed.

    If a user asks for it, the answer also replaces an error. The row is locked, so that a decision made meanwhile is
    kept.
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

    Raises OperationalError or InterfaceError while the database is unavailable.
    """
    try:
        text = protocol.read_text(body)
        filing = file(token, DECODERS[kind](text), text)
    except protocol.Malformed:
        return Fate.UNMATCHED, MALFORMED
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        # The reason names the class only: the text of an error can contain the row.
        logger.exception("Could not file a delivery.")
        return Fate.UNMATCHED, f"{NOT_STORED}: {type(error).__name__}."
    return (FATES[filing], "") if filing in FATES else (Fate.UNMATCHED, filing.value)


def record_decision(unmatched: UnmatchedDeliveryQuerySet, status: str, user: User | None) -> int:
    """Record a decision about unmatched deliveries, unless there is one already. Return for how many."""
    return unmatched.waiting().update(status=status, decided_at=timezone.now(), decided_by=user)


def delete_bodies(unmatched: QuerySet[Any]) -> None:
    unmatched.order_by().update(body=b"")


RETAINED = Retained(UnmatchedDelivery.objects.exclude(body=b""), "received_at", delete_bodies)
