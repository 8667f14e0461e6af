"""Take in a file row by row in a worker: good rows are taken, bad ones are listed.

Rows are taken in slices. The transaction that takes a slice also records how far the file was read, so that another
worker can continue there if this one dies.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from django.contrib.auth.models import User
from django.core.files.base import File
from django.db import transaction

from accounts import audit
from accounts.models import AuditKind
from accounts.rights import Right, require
from batches.database import read_now
from batches.file_storage import local_copy
from batches.files import isolated_reader
from batches.files.file_format import FileFormat, UnreadableFile
from batches.intake.stored_files import delete_files, delete_on_failure
from batches.job_claims import JobClaims, Superseded
from batches.models import LoadedFile
from batches.retention import Retained, delete_records
from batches.shared_files import sees_shared_files
from batches.statuses import LoadedKind, LoadingStatus

LOST_AFTER = timedelta(seconds=60)
"""A file is taken over if no worker has begun it, or its worker has been silent, for this long."""
CLAIMS = JobClaims(LoadedFile.objects.filter(status=LoadingStatus.LOADING), LOST_AFTER, LOST_AFTER)
MAX_PROBLEMS_KEPT = 500
"""Maximum number of bad rows that are listed, the first ones."""
FAILED_UNEXPECTEDLY = "The file could not be read because of an error in skipportal. Upload it again."
AUDIT_KINDS = {LoadedKind.OUTCOMES: AuditKind.CALL_RECORDED, LoadedKind.DO_NOT_CONTACT: AuditKind.SUPPRESSED}
Row = tuple[int, list[str]]
"""The number of a row, and its cells."""


class RowProblem(NamedTuple):
    """Why a row could not be taken."""

    row: int
    column: str
    """The name of the column that is wrong; empty if it is the whole row."""
    reason: str


@dataclass
class SliceResult:
    """What became of a slice of rows."""

    taken: int = 0
    repeated: int = 0
    problems: list[RowProblem] = field(default_factory=list)


@dataclass(frozen=True)
class FileIntake:
    """How the rows of a file are read and taken."""

    file_format: FileFormat
    take: Callable[[list[Row]], SliceResult]
    slice_size: int


Opener = Callable[[LoadedFile, Path], FileIntake]
"""A function that examines a file of one kind. It raises UnreadableFile."""


def receive(file: File, kind: LoadedKind, user: User | None, terms: dict[str, Any] | None = None) -> LoadedFile:
    """Store a file that is to be taken in. Return its record."""
    require(user, Right.SUPPRESS)
    loaded = LoadedFile(kind=kind, filename=Path(file.name or "").name[:255], created_by=user, terms=terms or {})
    with delete_on_failure(loaded):
        loaded.file.save(loaded.filename, file, save=False)
        loaded.save()
    audit.record(AUDIT_KINDS[kind], user, detail=f"uploaded file {loaded.pk}")
    return loaded


def claim(pk: int, now: datetime) -> LoadedFile | None:
    """Take over a file that is to be taken in. Return None if another worker has it, or nothing is left to do."""
    return LoadedFile.objects.select_related("created_by").get(pk=pk) if CLAIMS.claim(pk, now) else None


def list_unfinished(now: datetime) -> list[int]:
    """Return the files whose worker has died or whose job was lost."""
    return list(CLAIMS.lost(now).order_by("pk").values_list("pk", flat=True))


def work_on(pk: int, openers: Mapping[str, Opener]) -> None:
    """Take in a file that is due, or record why it cannot be taken in. `openers` has a function for each kind."""
    loaded = claim(pk, read_now())
    if not loaded:
        return
    try:
        with local_copy(loaded.file) as path:
            intake = openers[loaded.kind](loaded, path)
            filled = isolated_reader.read_rows(path, intake.file_format)
            for rows in slice_rows(filled, loaded.position, intake.slice_size):
                take_slice(loaded, rows, intake.take)
    except Superseded:
        return
    except UnreadableFile as problem:
        end(loaded, LoadingStatus.FAILED, str(problem))
    except OSError as error:
        if isinstance(error, FileNotFoundError) and not sees_shared_files():
            # Another host may see the file. The sweep starts this job again.
            CLAIMS.release(loaded)
            return
        end(loaded, LoadingStatus.FAILED, "The stored file could not be read. Upload it again.")
    except Exception:
        end(loaded, LoadingStatus.FAILED, FAILED_UNEXPECTEDLY)
        raise
    else:
        end(loaded, LoadingStatus.DONE)


def slice_rows(rows: Iterable[Row], position: int, size: int) -> Iterator[list[Row]]:
    """Yield the filled rows below a position, in lists of at most `size`."""
    left = ((number, cells) for number, cells in rows if number > position and any(cells))
    while piece := list(islice(left, size)):
        yield piece


@transaction.atomic
def take_slice(loaded: LoadedFile, rows: list[Row], take: Callable[[list[Row]], SliceResult]) -> None:
    """Take some rows, and record how far the file was read. Raise Superseded if another worker has taken over."""
    CLAIMS.beat(loaded, read_now())
    result = take(rows)
    loaded.position = rows[-1][0]
    loaded.row_count += len(rows)
    loaded.taken_count += result.taken
    loaded.repeated_count += result.repeated
    loaded.problem_count += len(result.problems)
    room = MAX_PROBLEMS_KEPT - len(loaded.problems)
    loaded.problems = [*loaded.problems, *map(list, result.problems[:room])]
    loaded.save(
        update_fields=["position", "row_count", "taken_count", "repeated_count", "problem_count", "problems"],
    )


def end(loaded: LoadedFile, status: LoadingStatus, problem: str = "") -> None:
    """Record how a file ended, unless another worker has taken over, and delete the stored file."""
    name = loaded.file.name or ""
    if CLAIMS.mine(loaded).update(status=status, problem=problem[:500], ended_at=read_now(), file=""):
        delete_files([name])
        detail = f"{loaded.taken_count:,} rows of file {loaded.pk}"
        audit.record(AUDIT_KINDS[LoadedKind(loaded.kind)], loaded.created_by, detail=detail)


RETAINED_LOADED_FILES = Retained(
    "Files of outcomes and do-not-contact lines",
    LoadedFile.objects.filter(ended_at__isnull=False),
    "ended_at",
    delete_records,
    "FILE_RETENTION_DAYS",
)
