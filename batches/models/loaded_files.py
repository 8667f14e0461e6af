"""Files that a worker takes in row by row: outcomes of calls, and lines for the do-not-contact list."""

from django.conf import settings
from django.db import models
from django.urls import reverse

from batches.statuses import LoadedKind, LoadingStatus


class LoadedFile(models.Model):
    """A file whose good rows are taken, and whose bad rows are listed. The stored file is deleted at the end."""

    kind = models.CharField(max_length=14, choices=LoadedKind)
    status = models.CharField(max_length=7, choices=LoadingStatus, default=LoadingStatus.LOADING)
    file = models.FileField(upload_to="uploads/%Y/%m/", blank=True, default="")
    filename = models.CharField(max_length=255, blank=True, default="")
    terms = models.JSONField(default=dict, help_text="What its do-not-contact entries stop, and why.")
    position = models.PositiveBigIntegerField(default=0, help_text="The number of the last row that was taken.")
    row_count = models.PositiveBigIntegerField(default=0)
    taken_count = models.PositiveBigIntegerField(default=0)
    repeated_count = models.PositiveBigIntegerField(default=0, help_text="Rows that had been taken before.")
    problem_count = models.PositiveBigIntegerField(default=0)
    problems = models.JSONField(default=list, help_text="The first problems: row, column and reason.")
    problem = models.CharField(max_length=500, blank=True, default="", help_text="Why it cannot be read.")
    heartbeat_at = models.DateTimeField(null=True, help_text="When its worker last said that it is alive.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            # For files whose job has died.
            models.Index(
                fields=["created_at"], condition=models.Q(status=LoadingStatus.LOADING), name="loaded_file_unfinished"
            ),
            # For records that are to be deleted.
            models.Index(
                fields=["ended_at"], condition=models.Q(ended_at__isnull=False), name="loaded_file_kept_since"
            ),
        ]

    def __str__(self) -> str:
        return self.filename or f"file {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("loaded-file", args=[self.pk])
