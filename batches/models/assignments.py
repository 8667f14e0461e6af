"""Who looks after which person."""

from typing import Self

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.utils import timezone

from batches.models.batches import Item


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    def in_force(self) -> Self:
        """Keep the assignments that count. Those of a deactivated user do not, until the user is activated again."""
        return self.filter(user__is_active=True)

    def of(self, user: User) -> Self:
        return self.filter(user=user)


class Assignment(models.Model):
    """A person of a list who was assigned to a user, by whom and when."""

    item = models.OneToOneField(Item, models.CASCADE, primary_key=True, related_name="assignment")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        # For assignments that are to be deleted.
        indexes = [models.Index(fields=["at"], name="assignment_at")]

    def __str__(self) -> str:
        return f"item {self.item_id} of user {self.user_id}"
