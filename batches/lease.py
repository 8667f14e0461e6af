"""Decide by the database's clock, with one statement, which of several processes acts."""

from datetime import timedelta

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from batches.models import Lease

LEASE_DURATION = timedelta(seconds=10)
"""A holder that has not renewed its lease for this long counts as dead."""
ABANDONED_AFTER = timedelta(minutes=10)
"""A lease that was neither renewed nor released for this long is abandoned.

A reboot, a failover or a restart of the database takes less time, and work simply continues after it. Restoring a
database from a backup nearly always takes longer.
"""
CLOCK = "clock"
NOBODY = ""
NO_MARK = ""
IS_OLD = Q(until__lte=Now() - ABANDONED_AFTER)
IS_ABANDONED = IS_OLD & ~Q(holder=NOBODY)
IS_MARKED = Q(holder=NOBODY) & ~Q(stop_mark=NO_MARK)
"""After an orderly stop, until another process has compared the mark that it left."""
IS_SUSPECT = IS_ABANDONED | IS_MARKED


def acquire(name: str, holder: str) -> bool:
    """Acquire or renew a lease for LEASE_DURATION. Return whether `holder` has it now. The UPDATE is the lock.

    A suspect lease cannot be acquired, not even by its holder, until `reclaim` is called.
    """
    available = Lease.objects.filter(Q(holder=holder) | Q(until__lte=Now()), name=name).exclude(IS_SUSPECT)
    if available.update(holder=holder, until=Now() + LEASE_DURATION, stop_mark=NO_MARK):
        return True
    _, is_new = Lease.objects.get_or_create(name=name, defaults={"holder": holder, "until": Now()})
    return is_new and acquire(name, holder)


def taken(name: str) -> QuerySet[Lease]:
    """Return the lease with this name, if somebody has it now."""
    return Lease.objects.filter(name=name, until__gt=Now())


def is_suspect(name: str) -> bool:
    """Return whether this database may have been restored from a backup since the lease was last held."""
    return Lease.objects.filter(IS_SUSPECT, name=name).exists()


def is_abandoned(name: str) -> bool:
    """Return whether a lease is abandoned: after a long outage of all its holders, or after restoring a backup."""
    return Lease.objects.filter(IS_ABANDONED, name=name).exists()


def is_stop_known(name: str, mark: str) -> bool:
    """Return whether a lease was released with this mark, or has been reclaimed.

    If `mark` is empty, because Redis was emptied, a release less than ABANDONED_AFTER ago is trusted.
    """
    unknown_stops = Lease.objects.filter(IS_MARKED, name=name).exclude(stop_mark=mark)
    if not mark:
        unknown_stops = unknown_stops.filter(IS_OLD)
    return not unknown_stops.exists()


def reclaim(name: str) -> None:
    """Make a suspect lease available again."""
    Lease.objects.filter(IS_SUSPECT, name=name).update(holder=NOBODY, stop_mark=NO_MARK)


def is_held_by(name: str, holder: str) -> bool:
    return Lease.objects.filter(name=name, holder=holder).exists()


def release(name: str, holder: str, mark: str = NO_MARK) -> None:
    """Make the lease available at once. Having no holder, it shows that there was an orderly stop and not an outage.

    If it has a mark, the next holder must first compare that with the mark that was left outside of the database.
    """
    Lease.objects.filter(name=name, holder=holder).update(
        holder=NOBODY, until=F("until") - LEASE_DURATION, stop_mark=mark
    )
