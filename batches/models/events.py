"""The history of lists and batches."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from batches.models.uploads import Upload


class EventQuerySet(models.QuerySet):
    def decided(self):
        """Keep only what a person, or the policy, has decided."""
        return self.filter(Q(user__isnull=False) | Q(what=Event.SENT_AGAIN))

    def with_names(self):
        return self.select_related("batch", "user").defer("batch__request_ids", "batch__completion")


class Event(models.Model):
    """One line of an upload's or a batch's history. Holds nothing of a person but what the vendor's words quote."""

    SENT_AGAIN = "to be sent again"
    REFUSED = "refused"
    APPROVAL_ASKED = "approval asked for"

    upload = models.ForeignKey(Upload, models.CASCADE, verbose_name="list", related_name="events")
    batch = models.ForeignKey("Batch", models.CASCADE, null=True, blank=True, related_name="events")
    at = models.DateTimeField(default=timezone.now)
    # Whoever has decided is not forgotten: such users are made inactive instead of deleted.
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True)
    what = models.CharField(max_length=30)
    detail = models.CharField(max_length=500, blank=True)

    objects = EventQuerySet.as_manager()

    class Meta:
        verbose_name = "line of history"
        verbose_name_plural = "history"
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["upload", "at"])]

    def __str__(self):
        return f"{self.what}: {self.detail}" if self.detail else self.what
