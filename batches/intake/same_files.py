"""Find other lists that were made from the same file, recognised by its SHA-256."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User

from batches.models import Event, Upload
from batches.statuses import UploadStatus

ENDED_EARLY = [UploadStatus.CANCELLED, UploadStatus.FAILED]
MAX_LISTS = 3
"""Maximum number of other lists that are named."""


@dataclass(frozen=True)
class SameFile:
    """Another list with the same file."""

    upload: Upload
    at: datetime
    """When the file was uploaded to that list."""
    user: User | None
    """Who uploaded it; None if it came from the shell."""

    @property
    def status(self) -> str:
        """The list's status if it was cancelled or could not be read, otherwise empty."""
        return self.upload.get_status_display().lower() if self.upload.status in ENDED_EARLY else ""


def find_same_files(upload: Upload, user: User | None) -> list[SameFile]:
    """Return the other lists with an upload's file that `user` sees, including cancelled ones, the latest first."""
    if not upload.sha256:
        return []
    # The condition on emptiness lets PostgreSQL use the index of the hashes.
    same = Upload.objects.visible_to(user).filter(sha256=upload.sha256).exclude(pk=upload.pk).exclude(sha256="")
    received = Event.objects.filter(upload__in=same, what__in=[Event.UPLOADED, Event.FILE_REPLACED])
    found: dict[int, SameFile] = {}
    for event in received.select_related("upload", "user").order_by("-at", "-pk"):
        found.setdefault(event.upload.pk, SameFile(event.upload, event.at, event.user))
        if len(found) == MAX_LISTS:
            break
    return list(found.values())
