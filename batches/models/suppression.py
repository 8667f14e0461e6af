"""The do-not-contact list."""

from django.conf import settings
from django.db import models

from batches.statuses import (
    SuppressionKind,
)


class Suppression(models.Model):
    """A person who is not traced, or a phone number or email address that is not exported."""

    kind = models.CharField(max_length=6, choices=SuppressionKind)
    key = models.CharField(
        max_length=255,
        help_text="A person's fingerprint, a phone number of ten digits, or an email address in lower case.",
    )
    label = models.CharField(max_length=600, help_text="As shown to users.")
    reason = models.CharField(max_length=200, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "do-not-contact entry"
        verbose_name_plural = "do-not-contact list"
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="suppressed_once")]

    def __str__(self) -> str:
        return self.label
