"""The do-not-contact list."""

from datetime import date, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from batches.statuses import AskedHow, SuppressionKind, SuppressionReason

DUE_SOON = timedelta(days=7)
"""A request that is due within this time is shown to those who can carry it out."""


def today() -> date:
    """Return the day by which entries expire and requests are due. It is the same for all readers."""
    return timezone.now().date()


class SuppressionQuerySet(models.QuerySet["Suppression"]):
    def in_force(self) -> Self:
        """Keep the entries that count: neither lifted nor expired."""
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=today()), lifted_at=None)

    def expired(self) -> Self:
        """Keep the entries that have expired and are not lifted yet."""
        return self.filter(expires_at__lte=today(), lifted_at=None)

    def has_expired(self) -> Self:
        """Keep the entries that have expired, whether or not the clock has lifted them yet."""
        return self.filter(expires_at__lte=today())

    def blocking_contact(self) -> Self:
        return self.in_force().filter(blocks_contact=True)

    def blocking_tracing(self) -> Self:
        return self.in_force().filter(blocks_tracing=True)

    def open_requests(self) -> Self:
        """Keep the requests that somebody must still carry out, outside of the portal too."""
        return self.in_force().filter(due_at__isnull=False, done_at=None)

    def due_soon(self) -> Self:
        """Keep the open requests that are due soon or overdue."""
        return self.open_requests().filter(due_at__lte=today() + DUE_SOON)


class Suppression(models.Model):
    """A person, phone number or email address that must not be contacted, must not be traced, or both.

    An entry that is lifted or has expired no longer counts, but stays for `INPUT_RETENTION_DAYS` after it was lifted.
    The clock lifts entries that have expired.
    """

    kind = models.CharField(max_length=6, choices=SuppressionKind)
    key = models.CharField(
        max_length=255,
        help_text="A person's fingerprint, a phone number of ten digits, or an email address in lower case.",
    )
    label = models.CharField(max_length=600, help_text="As shown to users.")
    reason = models.CharField(max_length=200, blank=True)
    reason_kind = models.CharField(
        max_length=12,
        choices=SuppressionReason,
        default=SuppressionReason.OTHER,
        db_default=SuppressionReason.OTHER.value,
        verbose_name="why",
    )
    blocks_contact = models.BooleanField(
        default=True, db_default=True, help_text="Whether it keeps phones and emails out of exports and from callers."
    )
    blocks_tracing = models.BooleanField(
        default=True, db_default=True, help_text="Whether it keeps people from being traced."
    )
    asked_by = models.CharField(max_length=200, blank=True, default="", db_default="", help_text="Who asked.")
    asked_how = models.CharField(max_length=10, choices=AskedHow, blank=True, default="", db_default="")
    received_at = models.DateField(null=True, blank=True, help_text="The day on which the request was received.")
    due_at = models.DateField(null=True, blank=True, help_text="The day by which the request must be carried out.")
    done_at = models.DateTimeField(null=True, blank=True, help_text="When the request was carried out everywhere.")
    done_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    expires_at = models.DateField(null=True, blank=True, help_text="The first day on which it no longer counts.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    lifted_at = models.DateTimeField(null=True, blank=True, help_text="When it was lifted. Empty while it counts.")
    lifted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")

    objects = SuppressionQuerySet.as_manager()

    class Meta:
        verbose_name = "do-not-contact entry"
        verbose_name_plural = "do-not-contact list"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "key"], condition=models.Q(lifted_at=None), name="suppressed_once_in_force"
            )
        ]
        indexes = [
            # For entries that are to be deleted.
            models.Index(
                fields=["lifted_at"], condition=models.Q(lifted_at__isnull=False), name="suppression_lifted_since"
            ),
            # For requests that are due.
            models.Index(
                fields=["due_at"],
                condition=models.Q(due_at__isnull=False, done_at=None, lifted_at=None),
                name="suppression_open_request",
            ),
            # For entries that have expired.
            models.Index(
                fields=["expires_at"],
                condition=models.Q(expires_at__isnull=False, lifted_at=None),
                name="suppression_expiring",
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def is_open_request(self) -> bool:
        """Whether somebody must still carry out the request."""
        return bool(self.due_at and not self.done_at and not self.lifted_at)
