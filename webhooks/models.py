"""Deliveries of the vendor that could not be filed, and the messages that we send to other systems."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from batches.models import Item, Upload
from webhooks.signing import make_id, make_secret

TO_BE_COUNTED = Q(is_counted=False, status__in=["waiting", "aside"]) | Q(is_counted=True, status="filed")
"""Unmatched deliveries to be added to their batch's counts, or to be subtracted from them."""


class DeliveryKind(models.TextChoices):
    ITEM = "item", "Answer"
    COMPLETION = "completion", "Completion call"


class UnmatchedDeliveryQuerySet(models.QuerySet["UnmatchedDelivery"]):
    def waiting(self) -> "UnmatchedDeliveryQuerySet":
        return self.filter(status=UnmatchedDelivery.Status.WAITING)

    def due(self, now: datetime) -> "UnmatchedDeliveryQuerySet":
        """Keep deliveries that are to be retried automatically by `now`."""
        return self.waiting().filter(next_try_at__lte=now)

    def to_be_counted(self) -> "UnmatchedDeliveryQuerySet":
        return self.filter(TO_BE_COUNTED)


class UnmatchedDelivery(models.Model):
    """A delivery that could not be filed because it is malformed, unknown or one too many. It is kept whole."""

    class Status(models.TextChoices):
        WAITING = "waiting", "Needs review"
        FILED = "filed", "Filed"
        ASIDE = "aside", "Set aside"

    received_at = models.DateTimeField(auto_now_add=True)
    kind = models.CharField(max_length=10, choices=DeliveryKind)
    token = models.CharField(max_length=64, blank=True, help_text="From the address that the vendor called.")
    reason = models.CharField(max_length=200)
    body = models.BinaryField(help_text="Exactly as received.")
    # The item that the body names, whether it exists or not. While the delivery waits, the item is not sent again.
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
        # The table and its indexes keep the names that they were made with.
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
        """The body as text. Bytes that are not UTF-8 are shown as escapes."""
        return bytes(self.body).decode(errors="backslashreplace")


class Endpoint(models.Model):
    """An address of another system that gets a message when a list is complete."""

    url = models.CharField("address", max_length=500, help_text="https://… on a public host.")
    secret = models.CharField(max_length=100, default=make_secret, editable=False)
    is_active = models.BooleanField(default=True, help_text="Turned off automatically if the endpoint answers 410.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    note = models.CharField(max_length=200, blank=True, editable=False, help_text="The last failure.")

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.url


class MessageQuerySet(models.QuerySet["Message"]):
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
