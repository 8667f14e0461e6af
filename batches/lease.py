"""Decide which of several processes acts, with one statement and by the database's clock."""

from datetime import timedelta

from django.db.models import F, Q
from django.db.models.functions import Now

from batches.models import Lease

LEASE_DURATION = timedelta(seconds=10)
"""A holder that has not renewed its lease for this long counts as dead."""
ABANDONED_AFTER = timedelta(minutes=10)
"""A lease that was neither renewed nor released for this long is abandoned.

This is longer than a reboot, a failover or a restart of the database, after which work simply continues. It is shorter
than nearly every way to restore a database from a backup.
"""
CLOCK = "clock"
NOBODY = ""
IS_ABANDONED = Q(until__lte=Now() - ABANDONED_AFTER) & ~Q(holder=NOBODY)


def acquire(name: str, holder: str) -> bool:
    """Acquire or renew a lease for LEASE_DURATION. Return whether `holder` has it now. The UPDATE is the lock.

    An abandoned lease cannot be acquired, not even by its holder, until `reclaim` is called.
    """
    available = Lease.objects.filter(Q(holder=holder) | Q(until__lte=Now()), name=name).exclude(IS_ABANDONED)
    if available.update(holder=holder, until=Now() + LEASE_DURATION):
        return True
    _, is_new = Lease.objects.get_or_create(name=name, defaults={"holder": holder, "until": Now()})
    return is_new and acquire(name, holder)


def is_taken(name: str) -> bool:
    return Lease.objects.filter(name=name, until__gt=Now()).exists()


def is_abandoned(name: str) -> bool:
    """Return whether a lease is abandoned: after a long outage of all its holders, or after restoring a backup."""
    return Lease.objects.filter(IS_ABANDONED, name=name).exists()


def reclaim(name: str) -> None:
    """Make an abandoned lease available again."""
    Lease.objects.filter(IS_ABANDONED, name=name).update(holder=NOBODY)


def release(name: str, holder: str) -> None:
    """Make the lease available at once. Without a holder, it also shows that this was an orderly stop and no outage."""
    Lease.objects.filter(name=name, holder=holder).update(holder=NOBODY, until=F("until") - LEASE_DURATION)
