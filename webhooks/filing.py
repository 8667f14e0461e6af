"""From a delivery's bytes to where it belongs: the way of the receivers, and of a stray that is tried again."""

import logging
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from batches.results import Filing, file_answer, file_by_hand, note_completion
from batches.storing import store
from batches.vendor import protocol
from webhooks.models import Stray

logger = logging.getLogger(__name__)
STORE_WAIT = 5
"""How long the vendor is kept waiting while the database is away, in seconds: what is answered 503 is lost."""
DECODE = {Stray.Kind.ITEM: protocol.decode_answer, Stray.Kind.COMPLETION: protocol.decode_completion}
FILE = {Stray.Kind.ITEM: file_answer, Stray.Kind.COMPLETION: note_completion}
FILED = {Filing.FILED, Filing.DUPLICATE}
MALFORMED = "The body is not a JSON object in UTF-8."


def take(kind, token, body):
    """File a delivery, or keep it whole as a stray. Once this returns, it is stored.

    Raises the database's error if that is away for longer than STORE_WAIT. Whatever else goes wrong is kept as well.
    """
    return store(partial(file_or_keep, kind, token, body), STORE_WAIT)


def file_or_keep(kind, token, body):
    if reason := find_reason(kind, token, body, FILE[kind]):
        Stray.objects.create(kind=kind, token=token[:64], body=body, reason=reason)


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

    reason = find_reason(stray.kind, stray.token, bytes(stray.body), file)
    if reason:
        Stray.objects.filter(pk=stray.pk).update(reason=reason)
    else:
        decide(Stray.objects.filter(pk=stray.pk), Stray.Status.FILED, user)
    return not reason


def find_reason(kind, token, body, file):
    """Why a delivery cannot be filed; empty once it is. Raises the database's error only while that is away."""
    try:
        text = protocol.read_text(body)
        filing = file(token, DECODE[kind](text), text)
    except protocol.Malformed:
        return MALFORMED
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        # The class only: the text of an error can hold the row.
        logger.exception("A delivery could not be filed.")
        return f"It could not be stored: {type(error).__name__}."
    return "" if filing in FILED else filing.value


def decide(strays, status, user):
    """Write down what becomes of strays. Gives how many: what was decided before stays."""
    return strays.waiting().update(status=status, decided_at=timezone.now(), decided_by=user)


def purge_expired(now):
    """Forget the bodies of strays older than RESULT_RETENTION_DAYS, as those of answers are. Gives how many."""
    if not settings.RESULT_RETENTION_DAYS:
        return 0
    expired = Stray.objects.filter(received_at__lt=now - timedelta(days=settings.RESULT_RETENTION_DAYS))
    return expired.exclude(body=b"").update(body=b"")
