"""Records that keep the system running: sending blocks, daily counts, leases, receivers, keys, results per minute."""

from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from batches.models.uploads import Upload


class SendingBlockQuerySet(models.QuerySet["SendingBlock"]):
    def in_force(self, now: datetime) -> Self:
        return self.filter(Q(until=None) | Q(until__gt=now), unblocked_at=None)


class SendingBlock(models.Model):
    """Blocks all sending while it is in force, for example because the vendor refuses the API key."""

    RESTORED = (
        "This database was restored from a backup. People who were being traced when the backup was made may have been "
        "sent, and paid for, since then. Decide about these people, then unblock sending."
    )
    STOOD_STILL = (
        "Nothing ran for more than ten minutes while lists were in progress: there was an outage, or this database was "
        "restored from a backup. People may have been sent, and paid for, in the meantime. Decide about them, then "
        "unblock sending."
    )

    reason = models.TextField()
    since = models.DateTimeField(auto_now_add=True)
    until = models.DateTimeField(
        null=True, blank=True, help_text="When it ends automatically. Empty: when staff unblock sending."
    )
    unblocked_at = models.DateTimeField(db_column="lifted_at", null=True, blank=True)
    unblocked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, db_column="lifted_by_id", null=True, blank=True
    )

    objects = SendingBlockQuerySet.as_manager()

    class Meta:
        # The table keeps its old name: renaming it would lock it.
        db_table = "batches_hold"
        verbose_name = "sending block"
        verbose_name_plural = "sending blocks"
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.reason

    @property
    def asks_about_batches(self) -> bool:
        """Whether sending is blocked because batches are in doubt."""
        return self.reason in {self.RESTORED, self.STOOD_STILL}


class SentCount(models.Model):
    """How many people of a list were sent on one day (UTC). Someone who is sent again counts again."""

    upload = models.ForeignKey(Upload, models.CASCADE, related_name="sent_counts", db_index=False)
    day = models.DateField(db_index=True)
    people = models.PositiveIntegerField(default=0, db_default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["upload", "day"], name="sent_count_once_per_day")]

    def __str__(self) -> str:
        return f"{self.people} on {self.day}"


class Lease(models.Model):
    """The right to act, which one of several processes holds until `until` by the database's clock."""

    name = models.CharField(max_length=20, primary_key=True)
    holder = models.CharField(max_length=100, help_text="Empty once it is released.")
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name}: {self.holder}"

    @classmethod
    def lock(cls, name: str) -> None:
        """Lock a lease's row until the transaction ends, so that only one transaction at a time continues."""
        lease = cls.objects.select_for_update(no_key=True).filter(name=name)
        if lease.first() is None:
            cls.objects.get_or_create(name=name, defaults={"holder": "", "until": timezone.now()})
            lease.get()


class ReceiverQuerySet(models.QuerySet["Receiver"]):
    def alive(self) -> Self:
        return self.filter(until__gt=Now())


class Receiver(models.Model):
    """A process that accepts the vendor's deliveries. It counts as alive until `until`, by the database's clock."""

    LIFETIME = timedelta(seconds=15)
    """A receiver without a heartbeat for this long counts as dead."""

    name = models.CharField(max_length=120, primary_key=True)
    host = models.CharField(max_length=100)
    until = models.DateTimeField()

    objects = ReceiverQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name

    @classmethod
    def is_any_alive(cls) -> bool:
        return cls.objects.alive().exists()


class VendorKey(models.Model):
    """The digest of the API key that every host must hold or accept. There is at most one row."""

    ONLY = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY)
    digest = models.CharField(max_length=64)
    since = models.DateTimeField()

    def __str__(self) -> str:
        return f"since {self.since:%Y-%m-%d %H:%M}"


class Minute(models.Model):
    """The number of results in one minute, for the chart of the last hour."""

    at = models.DateTimeField(primary_key=True, help_text="Start of the minute.")
    matched = models.PositiveIntegerField(default=0)
    no_match = models.PositiveIntegerField(default=0)
    error = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField(null=True, help_text="When the last result arrived.")

    class Meta:
        ordering = ["at"]

    def __str__(self) -> str:
        return f"{self.at:%H:%M}"

    @property
    def total(self) -> int:
        return self.matched + self.no_match + self.error
