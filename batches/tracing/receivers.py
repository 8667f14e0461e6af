"""The processes that accept the vendor's deliveries. Bulk batches are not sent while none of them is alive."""

from datetime import datetime, timedelta

from django.db.models.functions import Now

from batches.models import Receiver

RECEIVER_RETENTION = timedelta(days=1)
"""How long a dead receiver is kept, to show which ones were running."""


def record_heartbeat(name: str, host: str) -> None:
    """Record that a receiver is alive. It counts as alive for Receiver.LIFETIME from now."""
    until = Now() + Receiver.LIFETIME
    if not Receiver.objects.filter(pk=name).update(until=until):
        Receiver.objects.create(name=name, host=host, until=until)


def record_shutdown(name: str) -> None:
    """Record that a receiver no longer accepts deliveries."""
    Receiver.objects.filter(pk=name).update(until=Now())


def delete_dead(now: datetime) -> None:
    """Delete receivers that died or stopped longer than RECEIVER_RETENTION ago."""
    Receiver.objects.filter(until__lt=now - RECEIVER_RETENTION).delete()
