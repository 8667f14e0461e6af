"""Records for running the system: sending blocks, daily counts, leases, receivers, keys, and results per minute."""

from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from batches.models.uploads import Upload
from batches.models.vendor_accounts import DEFAULT_ACCOUNT, VendorAccount


class SendingBlockQuerySet(models.QuerySet["SendingBlock"]):
    def in_force(self, now: datetime) -> Self:
        in_force = self.filter(Q(until=None) | Q(until__gt=now), unblocked_at=None)
        return in_force.select_related("account")

    def of_everything(self) -> Self:
        """Keep blocks that concern all accounts with the vendor."""
        return self.filter(account=None, is_for_default_account=False)


class SendingBlock(models.Model):
    """A reason why nothing is sent while it is in force, for example because the vendor refuses the API key.

    It concerns all accounts with the vendor, one of them, or the default account.
    """

    RESTORED = (
        "This database was restored from a backup. People who were being traced when the backup was made may have been "
        "sent, and paid for, since then. Decide about these people, then unblock sending."
    )
    STOOD_STILL = (
        "Nothing ran for more than ten minutes while lists were in progress: there was an outage, or this database was "
        "restored from a backup. People may have been sent, and paid for, in the meantime. Decide about them, then "
        "unblock sending."
    )
    OTHER_DATABASE = (
        "This database is not the one that was stopped here last: it was restored from a backup, or Redis has lost its "
        "data. People may have been sent, and paid for, since the last stop that this database knows. Decide about "
        "them, then unblock sending."
    )
    UPGRADE = "Sending is blocked for an upgrade. It continues after the upgrade. Results are still received."

    account = models.ForeignKey(
        VendorAccount,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="sending_blocks",
        db_index=False,
        db_constraint=False,
        help_text="The only account that is not sent over.",
    )
    is_for_default_account = models.BooleanField(
        default=False, db_default=False, editable=False, help_text="Whether only the default account is not sent over."
    )
    reason = models.TextField()
    since = models.DateTimeField(auto_now_add=True)
    until = models.DateTimeField(
        null=True, blank=True, help_text="When it ends automatically. If empty, it ends when a user unblocks sending."
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
        return self.reason in {self.RESTORED, self.STOOD_STILL, self.OTHER_DATABASE}

    @property
    def concerns_everything(self) -> bool:
        """Whether it concerns all accounts with the vendor."""
        return self.account_id is None and not self.is_for_default_account

    @property
    def effect(self) -> str:
        """What is not sent, as the beginning of a sentence."""
        if self.account_id:
            return f"Nothing is being sent over the vendor account “{self.account}”"
        if self.is_for_default_account:
            return f"Nothing is being sent over the {DEFAULT_ACCOUNT.lower()}"
        return "Nothing is being sent"


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
    """The right to act, held by one of several processes until `until`, by the database's clock."""

    name = models.CharField(max_length=20, primary_key=True)
    holder = models.CharField(max_length=100, help_text="Empty once it is released.")
    until = models.DateTimeField()
    stop_mark = models.CharField(
        max_length=32, blank=True, default="", db_default="", help_text="What the last orderly stop also left in Redis."
    )

    def __str__(self) -> str:
        return f"{self.name}: {self.holder}"

    @classmethod
    def lock(cls, name: str) -> None:
        """Lock a lease's row until the transaction ends, so that only one transaction at a time continues."""
        lease = cls.objects.select_for_update(no_key=True).filter(name=name)
        if lease.first() is None:
            # Lock in a second statement, because another process may create the row first.
            cls.objects.get_or_create(name=name, defaults={"holder": "", "until": timezone.now()})
            lease.get()


class ReceiverQuerySet(models.QuerySet["Receiver"]):
    def alive(self) -> Self:
        return self.filter(until__gt=Now())


class Receiver(models.Model):
    """A process that accepts the vendor's deliveries. It counts as alive until `until`, by the database's clock."""

    LIFETIME = timedelta(seconds=15)
    """How long a receiver counts as alive after a heartbeat."""

    name = models.CharField(max_length=120, primary_key=True)
    host = models.CharField(max_length=100)
    until = models.DateTimeField()

    objects = ReceiverQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name

    @classmethod
    def is_any_alive(cls) -> bool:
        return cls.objects.alive().exists()


class Expectation(models.Model):
    """Something that must be the same on every host. There is at most one row."""

    ONLY_ID = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY_ID)
    since = models.DateTimeField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"since {self.since:%Y-%m-%d %H:%M}"

    @classmethod
    def replace(cls, **values: str) -> None:
        """Expect these values from now on."""
        changes = values | {"since": Now()}
        if not cls._default_manager.filter(pk=cls.ONLY_ID).update(**changes):
            cls._default_manager.get_or_create(pk=cls.ONLY_ID, defaults=changes)


class VendorKey(Expectation):
    """The digest of the API key that every host must use or accept."""

    digest = models.CharField(max_length=64)


class FileStore(Expectation):
    """The content of the marker among the stored files that every host must see."""

    marker = models.CharField(max_length=32)


class Backup(models.Model):
    """A backup that `manage.py backup` has made."""

    made_at = models.DateTimeField(db_index=True)
    place = models.CharField(max_length=500, help_text="The directory on the host that made it.")
    version = models.CharField(max_length=20)
    files = models.PositiveIntegerField()
    size = models.PositiveBigIntegerField(help_text="In bytes.")

    class Meta:
        ordering = ["-made_at"]

    def __str__(self) -> str:
        return f"{self.made_at:%Y-%m-%d %H:%M}"


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
