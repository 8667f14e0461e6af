"""From a delivery's bytes to where it belongs: the way of the receivers, and of a stray that is tried again."""

import logging
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import partial

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from batches.database import connect, drop_connection, store
from batches.tracing.filing import Filing, file_answer, file_by_hand, file_pending, note_completion
from batches.vendor import protocol
from webhooks.models import Stray

logger = logging.getLogger(__name__)
STORE_WAIT = 5
"""How long the vendor is kept waiting while the database is away, in seconds: what is answered 503 is lost."""
LOCK_WAIT = 2
"""How long a row that somebody has locked is waited for, in seconds: all that comes behind it waits as well."""
DECODE = {Stray.Kind.ITEM: protocol.decode_answer, Stray.Kind.COMPLETION: protocol.decode_completion}
FILE = {Stray.Kind.ITEM: file_answer, Stray.Kind.COMPLETION: note_completion}


class Fate(StrEnum):
    FILED = "filed"
    DUPLICATE = "duplicate"
    STRAY = "stray"


FATES = {Filing.FILED: Fate.FILED, Filing.DUPLICATE: Fate.DUPLICATE}
"""All others are strays."""
MALFORMED = "The body is not a JSON object in UTF-8."


@dataclass(frozen=True, eq=False)
class Delivery:
    """A call of the vendor's. Two that say the same are two."""

    kind: str
    token: str
    body: bytes
    arrived: float = field(default_factory=time.monotonic)


def take_all(deliveries):
    """File deliveries, or keep them whole as strays. Return a Fate for each; what has a fate is stored.

    The fate is None if the database is away for longer than STORE_WAIT after the delivery arrived.
    """
    filed = file_together(deliveries)
    return [Fate.FILED if delivery in filed else take(delivery) for delivery in deliveries]


def file_together(deliveries):
    """File every answer whose item is pending, in one transaction. Return the deliveries that were filed.

    Whatever goes wrong here is left to the way of each single one.
    """
    answers = {}
    for delivery in deliveries:
        # Malformed, or odd in a way that nobody has thought of: neither may cost the others their place.
        with suppress(Exception):
            text = protocol.read_text(delivery.body)
            answer = protocol.decode_answer(text) if delivery.kind == Stray.Kind.ITEM else None
            if answer and answer.key is not None:
                answers[delivery] = (delivery.token, answer, text)
    if not answers:
        return set()
    try:
        connect(LOCK_WAIT)
        are_filed = file_pending(list(answers.values()))
    except Exception as error:
        # The class only: the text of a database error can hold the row.
        logger.warning("Deliveries could not be filed together: %s", type(error).__name__)
        return set()
    return {delivery for delivery, is_filed in zip(answers, are_filed, strict=True) if is_filed}


def take(delivery):
    try:
        patience = max(delivery.arrived + STORE_WAIT - time.monotonic(), 0)
        return store(partial(file_or_keep, delivery), patience)
    except Exception as error:
        # The class only: the text of an error can hold the row. The next one finds a new connection.
        logger.error("A delivery could not be stored: %s", type(error).__name__)
        drop_connection()
        return None


def file_or_keep(delivery):
    connect(LOCK_WAIT)
    fate, reason = file_or_refuse(delivery.kind, delivery.token, delivery.body, FILE[delivery.kind])
    if reason:
        Stray.objects.create(kind=delivery.kind, token=delivery.token[:64], body=delivery.body, reason=reason)
    return fate


@transaction.atomic
def try_again(stray, user):
    """File a stray if it can be filed now, where a person says so also over an error. True if it is filed.

    Its row is locked: what somebody else has decided meanwhile stays.
    """
    if not Stray.objects.waiting().select_for_update().filter(pk=stray.pk).exists():
        return False

    @transaction.atomic
    def file(token, delivery, text):
        is_answer = stray.kind == Stray.Kind.ITEM
        return file_by_hand(token, delivery, text, user) if is_answer else note_completion(token, delivery, text)

    _, reason = file_or_refuse(stray.kind, stray.token, bytes(stray.body), file)
    if reason:
        Stray.objects.filter(pk=stray.pk).update(reason=reason)
    else:
        decide(Stray.objects.filter(pk=stray.pk), Stray.Status.FILED, user)
    return not reason


def file_or_refuse(kind, token, body, file):
    """Return what became of a delivery, and, for a stray, why. Raises the database's error while that is away."""
    try:
        text = protocol.read_text(body)
        filing = file(token, DECODE[kind](text), text)
    except protocol.Malformed:
        return Fate.STRAY, MALFORMED
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        # The class only: the text of an error can hold the row.
        logger.exception("A delivery could not be filed.")
        return Fate.STRAY, f"It could not be stored: {type(error).__name__}."
    return (FATES[filing], "") if filing in FATES else (Fate.STRAY, filing.value)


def decide(strays, status, user):
    """Write down what becomes of strays. Return how many: what was decided before stays."""
    return strays.waiting().update(status=status, decided_at=timezone.now(), decided_by=user)


def purge_expired(now):
    """Forget the bodies of strays older than RESULT_RETENTION_DAYS, as those of answers are. Return how many."""
    if not settings.RESULT_RETENTION_DAYS:
        return 0
    expired = Stray.objects.filter(received_at__lt=now - timedelta(days=settings.RESULT_RETENTION_DAYS))
    return expired.exclude(body=b"").update(body=b"")
