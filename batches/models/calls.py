"""What came of calling, and what colleagues write about a person."""

from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from batches.models.batches import Item
from batches.models.suppression import Suppression
from batches.statuses import CallResult, CallSource


class CallOutcomeQuerySet(models.QuerySet["CallOutcome"]):
    def in_force(self) -> Self:
        return self.filter(undone_at=None)


class CallOutcome(models.Model):
    """What came of one call to a number of a person. An outcome that is undone no longer counts."""

    item = models.ForeignKey(Item, models.CASCADE, related_name="call_outcomes")
    number = models.BigIntegerField()
    outcome = models.CharField(max_length=12, choices=CallResult)
    note = models.CharField(max_length=300, blank=True, default="")
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    via = models.CharField(max_length=4, choices=CallSource, default=CallSource.PAGE)
    key = models.CharField(max_length=64, null=True, help_text="Chosen by the sender, so that it is recorded once.")
    entry = models.ForeignKey(
        Suppression, models.SET_NULL, null=True, related_name="+", help_text="The do-not-contact entry that it made."
    )
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    objects = CallOutcomeQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["by", "key"], name="call_outcome_once_per_key")]
        indexes = [
            models.Index(fields=["number"], name="call_outcome_number"),
            # For outcomes that are to be deleted.
            models.Index(fields=["at"], name="call_outcome_at"),
        ]

    def __str__(self) -> str:
        return self.get_outcome_display()


class PersonNote(models.Model):
    """A note on a person, which is shown in all lists of the person."""

    item = models.ForeignKey(Item, models.CASCADE, related_name="person_notes")
    text = models.CharField(max_length=1000)
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["-id"]
        # For notes that are to be deleted.
        indexes = [models.Index(fields=["at"], name="person_note_at")]

    def __str__(self) -> str:
        return f"note {self.pk}"
