"""Who is not traced, and what is not exported."""

from django.conf import settings
from django.db import models

from batches.statuses import (
    SuppressionKind,
)


class Suppression(models.Model):
    """Somebody who is not traced, or a number or address that is not exported."""

    kind = models.CharField(max_length=6, choices=SuppressionKind)
    key = models.CharField(
        max_length=255, help_text="A person's fingerprint, ten digits, or an address in small letters."
    )
    label = models.CharField(max_length=600, help_text="As people know it.")
    reason = models.CharField(max_length=200, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "entry of the suppression list"
        verbose_name_plural = "suppression list"
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="suppressed_once")]

    def __str__(self):
        return self.label
