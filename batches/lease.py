"""Who acts, of several processes that could: one statement decides, by the database's clock."""

from datetime import timedelta

from django.db.models import F, Q
from django.db.models.functions import Now

from batches.models import Lease

LASTING = timedelta(seconds=10)
"""A holder that has not renewed its lease for so long is taken for dead."""
CLOCK = "clock"


def acquire(name, holder):
    """Take or renew a lease. True if `holder` has it now, for LASTING. The UPDATE is the lock."""
    mine_or_over = Lease.objects.filter(Q(holder=holder) | Q(until__lte=Now()), name=name)
    if mine_or_over.update(holder=holder, until=Now() + LASTING):
        return True
    _, is_new = Lease.objects.get_or_create(name=name, defaults={"holder": holder, "until": Now()})
    return is_new and acquire(name, holder)


def is_taken(name):
    return Lease.objects.filter(name=name, until__gt=Now()).exists()


def release(name, holder):
    """Let another have the lease at once."""
    Lease.objects.filter(name=name, holder=holder).update(until=F("until") - LASTING)
