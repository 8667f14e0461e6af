"""What users say about matches."""

from typing import Self

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.utils import timezone

from batches.models.batches import Item
from batches.statuses import MatchDecided


class MatchDecisionQuerySet(models.QuerySet["MatchDecision"]):
    def in_force(self) -> Self:
        return self.filter(undone_at=None)

    def visible_to(self, user: User | None) -> Self:
        return self.filter(item__in=Item.objects.visible_to(user))


class MatchDecision(models.Model):
    """A user's decision about whether the person who was found is the one who was asked for.

    It counts for the person in all lists, wherever the answer says the same (`found`). The latest decision counts.
    """

    item = models.ForeignKey(Item, models.CASCADE, related_name="match_decisions")
    found = models.CharField(max_length=32, help_text="A hash of the names and the address that were found.")
    verdict = models.CharField(max_length=7, choices=MatchDecided)
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    objects = MatchDecisionQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        # For decisions that are to be deleted.
        indexes = [models.Index(fields=["at"], name="match_decision_at")]

    def __str__(self) -> str:
        return self.get_verdict_display()
