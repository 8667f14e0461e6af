"""Load scrub files in a worker, and put them in force.

The lines of a file are stored under its own row, a slice at a time, and count only once all of them are there. Then one
transaction puts the file in force in place of its earlier version. If a worker dies before that, the next one deletes
the stored lines and begins again. A change list is read whole, and changes the file in force in one transaction.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TypeVar

from django.contrib.auth.models import User
from django.db import connection, transaction

from accounts import audit
from accounts.models import AuditKind
from accounts.rights import Right, require
from batches.database import read_now, run_sql
from batches.file_storage import local_copy
from batches.files import isolated_reader, number_lines
from batches.files.file_format import UnreadableFile
from batches.files.isolated_reader import UnpackedFile
from batches.files.number_lines import NOT_REASSIGNED, REMOVED, NumberLine
from batches.job_claims import JobClaims, Superseded
from batches.models import ScrubLine, ScrubSource
from batches.numbers.refresh import refresh_scrubs
from batches.shared_files import sees_shared_files
from batches.statuses import ScrubKind, ScrubStatus

logger = logging.getLogger(__name__)

LOST_AFTER = timedelta(seconds=60)
"""A file that no worker has begun to load for this long has lost its job."""
STALE_AFTER = timedelta(minutes=10)
"""A worker whose last heartbeat is older counts as dead. It has no heartbeat while it unpacks an archive."""
CLAIMS = JobClaims(ScrubSource.objects.filter(status=ScrubStatus.LOADING), LOST_AFTER, STALE_AFTER)
FINISH_AFTER = timedelta(minutes=5)
"""Comparing all numbers with a file never takes this long. If it is not done by then, its job was lost."""
SLICE_SIZE = 100_000
"""Lines that are stored in one transaction. On SQLite, nobody else can write during that time, about 0.3 s."""
MAX_CHANGES = 2_000_000
"""Maximum number of lines of a change list, which is held in memory."""
MAX_UNREADABLE_SHOWN = 50
PHONE_WORDS = ("phone", "cell", "mobile", "tel", "number", "dnc")
MIN_PHONE_SHARE = 0.5
"""A column with at least this share of phones among its filled cells holds phones."""
FAILED_UNEXPECTEDLY = "The file could not be loaded because of an error in skipportal. Load it again."
Value = TypeVar("Value")
NumberedLine = tuple[int, NumberLine | None]
"""The position of a line in its file, and what it says. None if it cannot be read."""


def claim(pk: int, now: datetime) -> ScrubSource | None:
    """Take over a file that is to be loaded. Return None if another worker is loading it, or it is not to be loaded."""
    return ScrubSource.objects.get(pk=pk) if CLAIMS.claim(pk, now) else None


def list_unfinished(now: datetime) -> list[int]:
    """Return the files whose worker has died or whose job was lost."""
    unfinished = CLAIMS.lost(now) | ScrubSource.objects.filter(changed_at__lt=now - FINISH_AFTER)
    return list(unfinished.order_by("pk").values_list("pk", flat=True))


def work_on(pk: int) -> None:
    """Load a file if it is to be loaded, and do what follows from a change to it: compare our numbers, and tidy up."""
    if source := claim(pk, read_now()):
        load(source)
    finish(pk)


def load(source: ScrubSource) -> None:
    """Load a claimed file and put it in force, or record why that cannot be done."""
    loader = Loader(source)
    try:
        with local_copy(source.file) as stored, isolated_reader.unpacked(stored) as files:
            loader.load(files)
    except Superseded:
        return
    except UnreadableFile as problem:
        fail(source, str(problem))
    except OSError as error:
        if isinstance(error, FileNotFoundError) and not sees_shared_files():
            # Another host may see the file. The sweep starts this job again.
            CLAIMS.release(source)
            return
        fail(source, "The stored file could not be read. Load it again.")
    except Exception:
        fail(source, FAILED_UNEXPECTEDLY)
        raise


def fail(source: ScrubSource, problem: str) -> None:
    """Record why a file cannot be loaded. The version that was in force before stays in force."""
    ScrubSource.objects.filter(pk=source.pk, status=ScrubStatus.LOADING).update(
        status=ScrubStatus.FAILED, problem=problem[:500], changed_at=read_now()
    )


class Loader:
    """The loading of one file, with its counts."""

    def __init__(self, source: ScrubSource) -> None:
        self.source = source
        self.line_count = self.unreadable_count = self.unlisted_count = 0
        self.unreadable: list[int] = []

    def load(self, files: Sequence[UnpackedFile]) -> None:
        lines = self.count(read_files(files, find_removal_words(self.source)))
        if self.source.is_change_list:
            self.apply_changes(lines)
            return
        delete_lines(self.source.pk)
        number_count = 0
        numbers = (line.number for line in lines if line.is_listed)
        for chunk in make_slices(numbers, SLICE_SIZE):
            with transaction.atomic():
                self.beat()
                number_count += store(self.source.pk, chunk)
        self.refuse_empty(number_count)
        put_in_force(self.source, number_count, self.counts())

    def count(self, lines: Iterable[NumberedLine]) -> Iterator[NumberLine]:
        """Yield the lines that can be read. Count them, and keep the positions of the first that cannot be."""
        for position, line in lines:
            self.line_count += 1
            if line is not None:
                self.unlisted_count += not line.is_listed
                yield line
                continue
            self.unreadable_count += 1
            if len(self.unreadable) < MAX_UNREADABLE_SHOWN:
                self.unreadable.append(position)

    def beat(self) -> None:
        """Record that this worker is alive. Raise Superseded if the file is no longer this worker's to load."""
        CLAIMS.beat(self.source, read_now(), line_count=self.line_count)

    def counts(self) -> dict[str, object]:
        return {
            "line_count": self.line_count,
            "unreadable_count": self.unreadable_count,
            "unreadable": self.unreadable,
        }

    def refuse_empty(self, number_count: int) -> None:
        """Raise UnreadableFile if a file has no usable line. Lines that take numbers off the list are usable."""
        if not number_count and not self.unlisted_count:
            raise UnreadableFile("No line of the file has a phone number of ten digits. Choose another file.")

    def apply_changes(self, lines: Iterable[NumberLine]) -> None:
        """Add and remove the numbers of a change list. If a number is in it twice, the later line counts."""
        changes: dict[int, bool] = {}
        for slice_of_lines in make_slices(lines, SLICE_SIZE):
            changes |= {line.number: line.is_listed for line in slice_of_lines}
            if len(changes) > MAX_CHANGES:
                raise UnreadableFile(f"The change list has over {MAX_CHANGES:,} numbers. Load the whole list.")
            self.beat()
        self.refuse_empty(len(changes))
        with transaction.atomic():
            self.beat()
            base = find_base(self.source)
            added = store(base.pk, [number for number, is_listed in changes.items() if is_listed])
            removed = remove_numbers(base.pk, [number for number, is_listed in changes.items() if not is_listed])
            base.number_count += added - removed
            base.as_of = self.source.as_of
            base.changed_at = read_now()
            base.save(update_fields=["number_count", "as_of", "changed_at"])
            ScrubSource.objects.filter(pk=self.source.pk).update(
                status=ScrubStatus.APPLIED,
                replaced_by=base,
                loaded_at=read_now(),
                added_count=added,
                removed_count=removed,
                changed_at=read_now(),
                **self.counts(),
            )


def find_base(source: ScrubSource) -> ScrubSource:
    """Return the file in force that a change list changes, locked. Raise UnreadableFile if none fits."""
    base = (
        ScrubSource.objects.in_force()
        .named(source.kind, source.name)
        .select_for_update(no_key=True)
        .order_by("-pk")
        .first()
    )
    if base is None:
        raise UnreadableFile(f"No file of this kind named “{source.name}” is in force. Load the whole list first.")
    if base.as_of > source.as_of:
        raise UnreadableFile(
            f"The file in force is newer: as of {base.as_of}. Load change lists in the order of their dates."
        )
    return base


def find_removal_words(source: ScrubSource) -> frozenset[str]:
    """Return the words with which a line of the file takes its number off the list."""
    if source.is_change_list:
        return REMOVED
    return NOT_REASSIGNED if source.kind == ScrubKind.REASSIGNED else frozenset()


# Reading


def read_files(files: Sequence[UnpackedFile], removal_words: frozenset[str]) -> Iterator[NumberedLine]:
    """Yield the lines of the files of an archive, or of one file. Positions are counted through all of them.

    Raise UnreadableFile, with the name of the file in the archive, if one has no phones or cannot be read.
    """
    start = 0
    for file in files:
        end = start
        try:
            for position, line in read_file(file.path, removal_words):
                end = start + position
                yield end, line
        except UnreadableFile as problem:
            raise UnreadableFile(f"“{file.name}”: {problem}" if file.name else str(problem)) from None
        start = end


def read_file(path: Path, removal_words: frozenset[str]) -> Iterator[NumberedLine]:
    """Yield the lines of a file. Raise UnreadableFile if it has no phones, or cannot be read.

    Files with one number a line are read here, because they have millions of lines. Others have columns, and are read
    like lists, in a process of their own.
    """
    if number_lines.has_number_lines(path):
        return number_lines.read_lines(path, removal_words)
    return read_columns(path, removal_words)


def read_columns(path: Path, removal_words: frozenset[str]) -> Iterator[NumberedLine]:
    """Yield a line for each phone in the rows of a file with columns, or an unreadable one for a row without any."""
    examined = isolated_reader.examine(path)
    phones = find_phone_columns(examined.columns, examined.samples)
    if not phones:
        raise UnreadableFile("No column of the file holds phone numbers of ten digits. Choose another file.")
    for position, cells in isolated_reader.read_rows(path, examined.file_format):
        if cells:
            for line in read_phones(cells, phones, removal_words):
                yield position, line


def read_phones(cells: Sequence[str], phones: Sequence[int], removal_words: frozenset[str]) -> list[NumberLine | None]:
    """Return a line for each phone in a row; [None] if there is none."""
    numbers = [number_lines.read_number(cells[column]) for column in phones if column < len(cells)]
    is_listed = not any(cell.strip().lower() in removal_words for cell in cells)
    return [NumberLine(number, is_listed) for number in numbers if number] or [None]


def find_phone_columns(columns: Sequence[str], samples: Sequence[Sequence[str]]) -> list[int]:
    """Return the columns that hold phones, by their values. If the names of some say so too, return only those."""
    by_values = [column for column in range(len(columns)) if holds_phones(samples, column)]
    named = [column for column in by_values if any(word in columns[column].lower() for word in PHONE_WORDS)]
    return named or by_values


def holds_phones(samples: Sequence[Sequence[str]], column: int) -> bool:
    filled = [cells[column] for cells in samples if column < len(cells) and cells[column].strip()]
    return bool(filled) and sum(map(bool, map(number_lines.read_number, filled))) >= MIN_PHONE_SHARE * len(filled)


# Lines


INSERT_COPIED = """
INSERT INTO batches_scrubline (number, source_id)
SELECT DISTINCT number, %(source)s::bigint FROM scrub_numbers ORDER BY number
ON CONFLICT DO NOTHING
"""
INSERT_EACH = "INSERT INTO batches_scrubline (number, source_id) VALUES (%s, %s) ON CONFLICT DO NOTHING"
DELETE_SLICE = """
DELETE FROM batches_scrubline WHERE source_id = %(source)s AND number IN (
    SELECT number FROM batches_scrubline WHERE source_id = %(source)s LIMIT %(count)s
)
"""


def store(source_id: int, numbers: Sequence[int]) -> int:
    """Store numbers as lines of a file. Return how many are new. The caller is in a transaction."""
    if connection.vendor == "postgresql":
        return copy_numbers(source_id, numbers)
    with connection.cursor() as cursor:
        cursor.executemany(INSERT_EACH, [(number, source_id) for number in sorted(set(numbers))])
        return max(cursor.rowcount, 0)


def copy_numbers(source_id: int, numbers: Iterable[int]) -> int:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE IF NOT EXISTS scrub_numbers (number bigint) ON COMMIT DELETE ROWS")
        cursor.execute("TRUNCATE scrub_numbers")
        with cursor.copy("COPY scrub_numbers FROM STDIN") as copy:
            copy.write("".join(f"{number}\n" for number in numbers))
        cursor.execute(INSERT_COPIED, {"source": source_id})
        return cursor.rowcount


def remove_numbers(source_id: int, numbers: Sequence[int]) -> int:
    """Delete the lines of these numbers. Return how many there were."""
    removed = 0
    for chunk in make_slices(numbers, 1_000):
        removed += ScrubLine.objects.filter(source_id=source_id, number__in=chunk).delete()[0]
    return removed


def delete_lines(source_id: int) -> None:
    """Delete all lines of a file, a slice at a time, so that on SQLite others can write in between."""
    while run_sql(DELETE_SLICE, {"source": source_id, "count": SLICE_SIZE}):
        pass


def make_slices(values: Iterable[Value], size: int) -> Iterator[list[Value]]:
    """Yield the values in lists of at most `size`."""
    iterator = iter(values)
    while piece := list(islice(iterator, size)):
        yield piece


MAX_AREA_CODES = 100
"""A file with more area codes than this is about the whole country."""


def find_area_codes(source_id: int) -> str:
    """Return the area codes of a file's numbers, from the lowest. Skip from each to the next by the index."""
    codes: list[int] = []
    lines = ScrubLine.objects.filter(source_id=source_id).order_by("number").values_list("number", flat=True)
    number = lines.first()
    while number is not None and len(codes) <= MAX_AREA_CODES:
        codes.append(number // 10**7)
        number = lines.filter(number__gte=(codes[-1] + 1) * 10**7).first()
    return " ".join(map(str, codes)) if len(codes) <= MAX_AREA_CODES else ""


# What follows


@transaction.atomic
def put_in_force(source: ScrubSource, number_count: int, counts: dict[str, object]) -> None:
    """Put a loaded file in force in place of its earlier version. Raise Superseded if it is no longer to be loaded."""
    is_mine = CLAIMS.mine(source).update(
        status=ScrubStatus.READY,
        number_count=number_count,
        area_codes=find_area_codes(source.pk),
        loaded_at=read_now(),
        changed_at=read_now(),
        **counts,
    )
    if not is_mine:
        raise Superseded
    ScrubSource.objects.in_force().named(source.kind, source.name).exclude(pk=source.pk).update(
        status=ScrubStatus.REPLACED, replaced_by=source, changed_at=read_now()
    )


def finish(pk: int) -> None:
    """Compare our numbers with the files in force if this one has changed, and delete what no longer counts."""
    changed = list(ScrubSource.objects.filter(changed_at__isnull=False))
    if pk not in [source.pk for source in changed]:
        return
    if any(source.status != ScrubStatus.FAILED for source in changed):
        refresh_scrubs()
        count_hits()
    for source in changed:
        tidy(source)
        # If it has changed again since, its next job has something to do.
        ScrubSource.objects.filter(pk=source.pk, changed_at=source.changed_at).update(changed_at=None)


def tidy(source: ScrubSource) -> None:
    """Delete the stored file, and the lines of a file that is no longer in force."""
    if source.status != ScrubStatus.READY:
        delete_lines(source.pk)
    if source.file:
        source.file.delete(save=False)
        ScrubSource.objects.filter(pk=source.pk).update(file="")


COUNT_HITS = """
UPDATE batches_scrubsource SET hit_count = (
    SELECT count(*) FROM batches_phonenumber phone
    JOIN batches_scrubline line ON line.number = phone.digits
    WHERE line.source_id = batches_scrubsource.id AND phone.scrubs > ''
)
WHERE status = %(ready)s
"""


def count_hits() -> None:
    """Count for each file in force how many of the numbers that we found are in it."""
    run_sql(COUNT_HITS, {"ready": ScrubStatus.READY.value})


@transaction.atomic
def remove(source: ScrubSource, user: User | None) -> bool:
    """Take a file out of force, or end its loading. Return False if that was done before.

    Its row stays as a record. Its lines are deleted by the job that follows.
    """
    require(user, Right.SUPPRESS)
    shown = ScrubSource.objects.removable().filter(pk=source.pk)
    is_removed = shown.update(status=ScrubStatus.REMOVED, removed_by=user, removed_at=read_now(), changed_at=read_now())
    if is_removed:
        audit.record(AuditKind.SCRUB_CHANGED, user, detail=f"removed file {source.pk}")
    return bool(is_removed)
