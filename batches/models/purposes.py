"""What lists are used for."""

from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone

OTHER = "other"
"""The key of the purpose that says nothing without a note."""


class PurposeQuerySet(models.QuerySet["Purpose"]):
    def offered(self) -> Self:
        return self.filter(is_offered=True)


class Purpose(models.Model):
    """A purpose in one version of its words. Versions are never changed, so that it stays known what was stated."""

    key = models.SlugField(max_length=40)
    version = models.PositiveSmallIntegerField(default=1)
    label = models.CharField(max_length=80)
    statement = models.CharField(max_length=300, help_text="What users state when they start a list.")
    is_offered = models.BooleanField(default=True, help_text="Whether lists can be started for it.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    objects = PurposeQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["key", "version"], name="purpose_once_per_version"),
            models.UniqueConstraint(fields=["key"], condition=models.Q(is_offered=True), name="purpose_offered_once"),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def needs_note(self) -> bool:
        return self.key == OTHER
