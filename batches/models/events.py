"""The history of lists and batches."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from batches.models.uploads import Upload


class EventQuerySet(models.QuerySet["Event"]):
    def decisions(self) -> Self:
        """Keep decisions of users and of the resend policy."""
        return self.filter(Q(user__isnull=False) | Q(what=Event.RESEND_REQUESTED))

    def with_names(self) -> Self:
        return self.select_related("batch", "user").defer("batch__request_ids", "batch__completion")


class Event(models.Model):
    """One entry in the history of an upload or a batch.

    It contains no personal data, unless it quotes a message of the vendor that does.
    """

    UPLOADED = "uploaded"
    FILE_REPLACED = "file replaced"
    COLUMNS_CHANGED = "columns changed"
    COLUMNS_CHOSEN = "columns chosen"
    CORRECTIONS_UPLOADED = "corrected file uploaded"
    ROWS_EDITED = "rows edited"
    EDIT_UNDONE = "edit undone"
    STALE_REFRESHED = "stale answers refreshed"
    STALE_USED = "stale answers used"
    APPROVAL_REQUESTED = "approval requested"
    APPROVAL_DECLINED = "approval declined"
    PURPOSE_STATED = "purpose stated"
    STARTED = "started"
    RESEND_REQUESTED = "resend requested"
    REFUSED = "refused"
    PAUSED = "paused"

    RULES_OUT_APPROVING = [
        UPLOADED,
        FILE_REPLACED,
        COLUMNS_CHANGED,
        COLUMNS_CHOSEN,
        CORRECTIONS_UPLOADED,
        ROWS_EDITED,
        EDIT_UNDONE,
        STALE_REFRESHED,
        STALE_USED,
        APPROVAL_REQUESTED,
    ]
    """A user who has done one of these to a list cannot approve it."""

    upload = models.ForeignKey(Upload, models.CASCADE, verbose_name="list", related_name="events")
    batch = models.ForeignKey("Batch", models.CASCADE, null=True, blank=True, related_name="events")
    at = models.DateTimeField(default=timezone.now)
    # The user who decided must remain known, so such users are deactivated instead of deleted.
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True)
    what = models.CharField(max_length=30)
    detail = models.CharField(max_length=500, blank=True)

    objects = EventQuerySet.as_manager()

    class Meta:
        verbose_name = "history entry"
        verbose_name_plural = "history"
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["upload", "at"])]

    def __str__(self) -> str:
        return f"{self.what}: {self.detail}" if self.detail else self.what
