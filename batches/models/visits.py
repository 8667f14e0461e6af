"""Which finished lists a user has opened."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.utils import timezone

from batches.models.uploads import Upload
from batches.statuses import UPLOAD_FINISHED


class ListVisitQuerySet(models.QuerySet["ListVisit"]):
    def before(self, moment: datetime) -> Self:
        return self.filter(at__lt=moment)

    def read_times(self, user: User, upload_ids: list[int]) -> dict[int, datetime]:
        """Return list id → when the user last opened it."""
        return dict(self.filter(user=user, upload__in=upload_ids).values_list("upload_id", "at"))


class ListVisit(models.Model):
    """When a user last opened a finished list. Until then, it is marked as new on the dashboard."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    upload = models.ForeignKey(Upload, models.CASCADE, related_name="+", db_index=False)
    at = models.DateTimeField(db_index=True)

    objects = ListVisitQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["upload", "user"], name="list_visit_once_per_user")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.upload_id}"

    @classmethod
    def record(cls, user: User, upload: Upload) -> None:
        """Record that the user has opened a list, if it has finished."""
        if upload.status in UPLOAD_FINISHED:
            cls.objects.update_or_create(user=user, upload=upload, defaults={"at": timezone.now()})
