"""Receive scrub files. A worker loads them (`batches/numbers/scrubs.py`)."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from django.contrib.auth.models import User
from django.core.files.base import File

from accounts import audit
from accounts.models import AuditKind
from accounts.rights import Right, require
from batches.intake.stored_files import delete_on_failure
from batches.models import ScrubSource
from batches.statuses import ScrubKind


@dataclass(frozen=True)
class ScrubDetails:
    """What a user says about a scrub file."""

    kind: ScrubKind
    name: str
    as_of: date
    state: str = ""
    is_change_list: bool = False


def receive(file: File, details: ScrubDetails, user: User | None) -> ScrubSource:
    """Store a scrub file that is to be loaded. Return its record, which does not count yet."""
    require(user, Right.SUPPRESS)
    source = ScrubSource(
        kind=details.kind,
        name=details.name,
        as_of=details.as_of,
        state=details.state,
        is_change_list=details.is_change_list,
        filename=Path(file.name or "").name[:255],
        created_by=user,
    )
    with delete_on_failure(source):
        source.file.save(source.filename, file, save=False)
        source.save()
    audit.record(
        AuditKind.SCRUB_CHANGED, user, detail=f"loaded file {source.pk}, {details.kind}, as of {details.as_of}"
    )
    return source
