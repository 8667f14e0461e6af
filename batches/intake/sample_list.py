"""The sample list, which shows new users the way from a file to its results, and the tour that goes with it."""

import hashlib
from functools import cache

from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.base import File
from django.utils import timezone

from accounts.models import Profile
from accounts.rights import Right, require
from batches.intake import uploads
from batches.models import Upload

SAMPLE = settings.BASE_DIR / "static" / "sample.csv"
"""A list of invented people whom the sandbox can trace."""
NAME = "Sample list"


@cache
def sample_sha256() -> str:
    return hashlib.sha256(SAMPLE.read_bytes()).hexdigest()


def is_sample(upload: Upload) -> bool:
    """Return whether a list is the sample list, whose results are invented."""
    return settings.IS_SANDBOX and upload.sha256 == sample_sha256()


def load_sample(user: User) -> Upload:
    """Make a list from the sample as if the user had uploaded it."""
    require(user, Right.UPLOAD)
    with SAMPLE.open("rb") as file:
        return uploads.receive(File(file, SAMPLE.name), user, name=NAME)


def has_ended_tour(user: User) -> bool:
    return Profile.objects.filter(user=user, tour_ended_at__isnull=False).exists()


def end_tour(user: User) -> None:
    """Remember that a user no longer wants the notes of the tour."""
    now = timezone.now()
    if not Profile.objects.filter(user=user).update(tour_ended_at=now):
        Profile.objects.bulk_create([Profile(user=user, tour_ended_at=now)], ignore_conflicts=True)
