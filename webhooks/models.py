"""Deliveries of the vendor that could not be filed, and the messages that we send to other systems."""

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone

from accounts import encryption
from accounts.access import sees_all_lists
from accounts.encryption import CannotDecrypt
from batches.models import Batch, Item, Upload
from webhooks.signing import make_id, make_secret

TO_BE_COUNTED = Q(is_counted=False, status__in=["waiting", "aside"]) | Q(is_counted=True, status="filed")
"""The condition for unmatched deliveries that must be added to their batch's counts, or subtracted from them."""


EVENT_COMPLETED = "upload.completed"
EVENT_TEST = "test"


class DeliveryKind(models.TextChoices):
    ITEM = "item", "Answer"
    COMPLETION = "completion", "Completion call"


class UnmatchedDeliveryQuerySet(models.QuerySet["UnmatchedDelivery"]):
    def visible_to(self, user: User) -> "UnmatchedDeliveryQuerySet":
        """Keep deliveries for lists that a user sees. Only administrators see deliveries to unknown addresses."""
        if sees_all_lists(user):
            return self
        return self.filter(token__in=Batch.objects.visible_to(user).order_by().values("token"))

    def waiting(self) -> "UnmatchedDeliveryQuerySet":
        return self.filter(status=UnmatchedDelivery.Status.WAITING)

    def due(self, now: datetime) -> "UnmatchedDeliveryQuerySet":
        """Keep deliveries whose automatic retry is due."""
        return self.waiting().filter(next_try_at__lte=now)

    def answers_without_batch(self) -> "UnmatchedDeliveryQuerySet":
        """Keep unfiled answers that arrived at an address that belongs to no batch."""
        known = Batch.objects.filter(token=OuterRef("token"))
        return self.filter(~Exists(known), kind=DeliveryKind.ITEM).exclude(status=UnmatchedDelivery.Status.FILED)

    def to_be_counted(self) -> "UnmatchedDeliveryQuerySet":
        return self.filter(TO_BE_COUNTED)


class UnmatchedDelivery(models.Model):
    """A delivery that could not be filed: malformed, for an unknown person, or a second answer. It is kept whole."""

    class Status(models.TextChoices):
        WAITING = "waiting", "Needs review"
        FILED = "filed", "Filed"
        ASIDE = "aside", "Set aside"

    received_at = models.DateTimeField(auto_now_add=True)
    kind = models.CharField(max_length=10, choices=DeliveryKind)
    token = models.CharField(max_length=64, blank=True, help_text="From the address that the vendor called.")
    reason = models.CharField(max_length=200)
    body = models.BinaryField(help_text="Exactly as received.")
    # The item that the body names, which need not exist. While the delivery needs review, the item is not sent again.
    # Empty if the body names none, or the address belongs to no batch.
    item = models.ForeignKey(
        Item,
        models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="unmatched_deliveries",
        db_constraint=False,
        db_index=False,
    )
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    next_try_at = models.DateTimeField(
        null=True, blank=True, help_text="When it is retried automatically. If empty, a person decides."
    )
    status = models.CharField(max_length=10, choices=Status, default=Status.WAITING, db_index=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True)

    is_counted = models.BooleanField(
        default=False, db_default=False, editable=False, help_text="Whether its batch's counts include it."
    )

    objects = UnmatchedDeliveryQuerySet.as_manager()

    class Meta:
        # The table and its indexes keep the names that they were created with.
        db_table = "webhooks_stray"
        verbose_name_plural = "unmatched deliveries"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["item"], condition=Q(status="waiting"), name="stray_waiting_item"),
            models.Index(
                fields=["next_try_at"], condition=Q(status="waiting", next_try_at__isnull=False), name="stray_due"
            ),
            models.Index(fields=["id"], condition=TO_BE_COUNTED, name="stray_to_be_counted"),
            # For `webhooks.inbound.filing.RETAINED`.
            models.Index(fields=["received_at"], condition=~Q(body=b""), name="stray_kept_since"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.reason}"

    def get_absolute_url(self) -> str:
        return reverse("unmatched-delivery", args=[self.pk])

    @property
    def text(self) -> str:
        """The body as a string, in which bytes that are not UTF-8 are escaped."""
        return bytes(self.body).decode(errors="backslashreplace")


def make_encrypted_secret() -> str:
    return encryption.encrypt(make_secret())


class Endpoint(models.Model):
    """An address of another system that gets a message when a list is complete."""

    url = models.CharField("address", max_length=500, help_text="https://… on a public host.")
    # The column keeps the name that it was created with.
    encrypted_secret = models.CharField(
        max_length=500, default=make_encrypted_secret, editable=False, db_column="secret"
    )
    is_active = models.BooleanField(default=True, help_text="Turned off automatically if the endpoint answers 410.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    note = models.CharField(max_length=200, blank=True, editable=False, help_text="The last failure.")

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.url

    @property
    def secret(self) -> str:
        """Return the secret that signs messages. Raise CannotDecrypt if none of the keys decrypts it."""
        try:
            return encryption.decrypt(self.encrypted_secret)
        except CannotDecrypt:
            raise CannotDecrypt("The secret of this endpoint") from None

    def replace_secret(self) -> None:
        """Give the endpoint a new secret, which takes effect at once."""
        self.encrypted_secret = make_encrypted_secret()
        self.save(update_fields=["encrypted_secret"])


class MessageQuerySet(models.QuerySet["Message"]):
    def finished(self) -> "MessageQuerySet":
        """Keep messages that are not waiting for an attempt."""
        return self.filter(status__in=[Message.Status.DELIVERED, Message.Status.FAILED])

    def due(self, now: datetime) -> "MessageQuerySet":
        return self.filter(status=Message.Status.WAITING, next_try_at__lte=now, endpoint__is_active=True)


class Message(models.Model):
    """A message for an endpoint. It is stored before it is sent, and kept with the result."""

    class Status(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DELIVERED = "delivered", "Delivered"
        FAILED = "failed", "Failed"

    endpoint = models.ForeignKey(Endpoint, models.CASCADE, related_name="messages")
    upload = models.ForeignKey(
        Upload,
        models.CASCADE,
        null=True,
        verbose_name="list",
        related_name="messages",
        help_text="Empty for a test message.",
    )
    completed_at = models.DateTimeField(null=True, help_text="The completion that the message reports.")
    message_id = models.CharField(max_length=40, unique=True, default=make_id, editable=False)
    body = models.TextField()
    status = models.CharField(max_length=10, choices=Status, default=Status.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    next_try_at = models.DateTimeField(default=timezone.now)
    last_status_code = models.PositiveSmallIntegerField(null=True)
    delivered_at = models.DateTimeField(null=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "upload", "completed_at"], name="told_once_of_a_completion")
        ]
        indexes = [models.Index(fields=["status", "next_try_at"])]

    def __str__(self) -> str:
        return self.message_id

    @property
    def event(self) -> str:
        """The type of the message, as in its body."""
        return EVENT_COMPLETED if self.upload_id else EVENT_TEST


class Attempt(models.Model):
    """One call of an endpoint for a message, with its result. It is kept for a while."""

    KEPT = timedelta(days=90)
    """How long attempts are kept."""
    MAX_ANSWER = 200
    """Maximum number of characters that are kept of an answer."""

    endpoint = models.ForeignKey(Endpoint, models.CASCADE, related_name="calls", db_index=False)
    message = models.ForeignKey(Message, models.CASCADE, related_name="calls")
    at = models.DateTimeField(db_index=True, help_text="When the call began.")
    milliseconds = models.PositiveIntegerField(help_text="How long the call took.")
    status_code = models.PositiveSmallIntegerField(null=True, help_text="Empty if there was no answer.")
    problem = models.CharField(max_length=200, blank=True, help_text="Empty if the message was delivered.")
    answer = models.CharField(max_length=MAX_ANSWER, blank=True, help_text="The beginning of the answer.")

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["endpoint", "-id"], name="attempt_by_endpoint")]

    def __str__(self) -> str:
        return self.problem or "Delivered"


class KeyCheck(models.Model):
    """What the vendor has said about an API key. The key itself is not stored."""

    class Result(models.TextChoices):
        ACCEPTED = "accepted", "Accepted"
        REFUSED = "refused", "Refused"
        UNKNOWN = "unknown", "Not known"

    digest = models.CharField(max_length=64, primary_key=True, help_text="As in VendorKey.")
    asked_at = models.DateTimeField()
    result = models.CharField(max_length=10, choices=Result)
    problem = models.CharField(max_length=200, blank=True, help_text="Why it is refused, or not known.")
    kind = models.CharField(max_length=20, blank=True, help_text='"test" or "live". Empty if the vendor does not say.')
    scopes = models.JSONField(default=list)
    remaining = models.CharField(max_length=40, blank=True, help_text="Credits left. Empty if the vendor does not say.")

    def __str__(self) -> str:
        return f"{self.get_result_display()}, {self.asked_at:%Y-%m-%d %H:%M}"
