"""The register of people who asked to be forgotten. It contains no personal data."""

from datetime import date, timedelta
from typing import Any, Self

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone

from batches.statuses import DeclineReason, ErasureStatus, SuppressionKind

DAYS_TO_ANSWER = 45
"""The time that the law of California gives for an answer (CCPA, § 1798.130)."""
REFERENCE = RegexValidator(
    r"^(?=.*\d)[A-Za-z0-9#._/-]+$", "Enter the number of a ticket or letter, such as T-1042. Do not enter a name."
)


def find_due_date() -> date:
    return timezone.localdate() + timedelta(days=DAYS_TO_ANSWER)


class ErasureRequestQuerySet(models.QuerySet["ErasureRequest"]):
    def open(self) -> Self:
        return self.filter(status=ErasureStatus.OPEN)

    def decided(self) -> Self:
        return self.exclude(status=ErasureStatus.OPEN)


class ErasureRequest(models.Model):
    """One person's request to be forgotten: when it arrived, who decided, and how much was erased."""

    reference = models.CharField(
        max_length=40, validators=[REFERENCE], help_text="The number of your ticket or letter. No names."
    )
    received_on = models.DateField("received", default=timezone.localdate)
    due_on = models.DateField("due", default=find_due_date, editable=False)
    status = models.CharField(max_length=8, choices=ErasureStatus, default=ErasureStatus.OPEN)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=11, choices=DeclineReason, blank=True)
    counts = models.JSONField(default=dict, help_text="What was erased → how much of it.")

    objects = ErasureRequestQuerySet.as_manager()

    class Meta:
        verbose_name = "erasure request"
        verbose_name_plural = "erasure requests"
        ordering = ["due_on", "id"]

    def __str__(self) -> str:
        return f"request {self.pk} ({self.reference})"

    def save(self, *args: Any, **options: Any) -> None:
        self.due_on = self.received_on + timedelta(days=DAYS_TO_ANSWER)
        super().save(*args, **options)

    @property
    def days_left(self) -> int:
        """Days until the answer is due; negative if it is overdue."""
        return (self.due_on - timezone.localdate()).days


class ErasedKey(models.Model):
    """A key of a person who was erased, as a hash that nobody can reverse without SECRET_KEY.

    It only serves to recognise the person, so that they are not traced again.
    """

    request = models.ForeignKey(ErasureRequest, models.PROTECT, related_name="keys")
    kind = models.CharField(max_length=6, choices=SuppressionKind)
    digest = models.CharField(max_length=64, unique=True, help_text="HMAC-SHA-256 of the kind and the key.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "key of an erased person"
        verbose_name_plural = "keys of erased people"

    def __str__(self) -> str:
        return f"{self.kind} of request {self.request_id}"
