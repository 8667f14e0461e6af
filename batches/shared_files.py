"""Notice a host that does not see the stored files of the others: a marker among them is compared with the database."""

import logging
import secrets
from datetime import datetime
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from batches.models import FileStore

logger = logging.getLogger(__name__)
MARKER_NAME = "marker"
"""The name of the file that is compared with the database."""


def expect_own_files() -> None:
    """Make the files that this host sees the ones that every host must see."""
    marker = secrets.token_hex(16)
    storage: Any = default_storage
    storage.put(MARKER_NAME, ContentFile(marker.encode()))
    FileStore.replace(marker=marker)


def expect_own_files_if_none(_now: datetime) -> None:
    """Expect this host's files if none are expected yet. The clock calls this every minute."""
    if not FileStore.objects.exists():
        try:
            expect_own_files()
        except OSError as error:
            logger.error("The stored files cannot be marked: %s", type(error).__name__)


def sees_shared_files() -> bool:
    """Return whether this host sees the same files as the others."""
    expected = FileStore.objects.filter(pk=FileStore.ONLY_ID).values_list("marker", flat=True).first()
    if expected is None:
        return True
    try:
        with default_storage.open(MARKER_NAME) as file:
            return file.read().decode() == expected
    except (OSError, ValueError):
        return False
