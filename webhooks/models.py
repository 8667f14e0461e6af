"""What the receivers keep, and what we tell others."""

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone

from batches.models import Upload
from webhooks.signing import make_id, make_secret


class StrayQuerySet(models.QuerySet):
    def waiting(self):
        return self.filter(status=Stray.Status.WAITING)


class Stray(models.Model):
    """A delivery that could not be filed: malformed, unknown, or one too many. Kept whole."""

    class Kind(models.TextChoices):
        ITEM = "item", "Item's answer"
        COMPLETION = "completion", "Completion call"

    class Status(models.TextChoices):
        WAITING = "waiting", "To be looked at"
        FILED = "filed", "Filed"
        ASIDE = "aside", "Set aside"

    received_at = models.DateTimeField(auto_now_add=True)
    kind = models.CharField(max_length=10, choices=Kind)
    token = models.CharField(max_length=64, blank=True, help_text="From the address that was called.")
    reason = models.CharField(max_length=200)
    body = models.BinaryField(help_text="As it came.")
    status = models.CharField(max_length=10, choices=Status, default=Status.WAITING, db_index=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True)

    objects = StrayQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]

    def __str__(self):
        return f"{self.get_kind_display()}: {self.reason}"

    def get_absolute_url(self):
        return reverse("stray", args=[self.pk])

    @property
    def text(self):
        """The body to look at; bytes that are no UTF-8 are shown as escapes."""
        return bytes(self.body).decode(errors="backslashreplace")


class Endpoint(models.Model):
    """Who is told when a list is complete."""

    url = models.CharField("address", max_length=500, help_text="https://…, of a public host.")
    secret = models.CharField(max_length=100, default=make_secret, editable=False)
    is_active = models.BooleanField(default=True, help_text="Ended by itself where the endpoint answers 410.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    note = models.CharField(max_length=200, blank=True, editable=False, help_text="The last failure.")

    class Meta:
        ordering = ["id"]

    def __str__(self):
        return self.url


class MessageQuerySet(models.QuerySet):
    def due(self, now):
        return self.filter(status=Message.Status.WAITING, next_try_at__lte=now, endpoint__is_active=True)


class Message(models.Model):
    """What an endpoint is told: written before it is sent, and kept with what became of it."""

    class Status(models.TextChoices):
        WAITING = "waiting", "To be sent"
        DELIVERED = "delivered", "Delivered"
        FAILED = "failed", "Given up"

    endpoint = models.ForeignKey(Endpoint, models.CASCADE, related_name="messages")
    upload = models.ForeignKey(
        Upload, models.CASCADE, null=True, verbose_name="list", related_name="messages", help_text="None: a test."
    )
    completed_at = models.DateTimeField(null=True, help_text="The completion that it tells of.")
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

    def __str__(self):
        return self.message_id
