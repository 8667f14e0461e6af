"""Record the outcomes of calls from a file. Each row has a number or the id of a person, and what came of the call.

A row counts only once, whoever uploads it: a row with a date is recognised in every file, one without a date only in
the same file.
"""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.contrib.auth.models import User
from django.utils import timezone

from batches import calls
from batches.calls import Call, NotTheirNumber
from batches.files import isolated_reader, number_lines
from batches.files.file_format import UnreadableFile
from batches.intake import loaded_files, suppression_files
from batches.intake.loaded_files import FileIntake, Opener, Row, RowProblem, SliceResult
from batches.keys import read_key
from batches.models import Digest, Item, LoadedFile
from batches.numbers.scrubs import find_phone_columns
from batches.people.call_words import fold_words, read_outcome
from batches.results.search import search_people
from batches.statuses import CallResult, CallSource, LoadedKind

SLICE_SIZE = 50
"""Rows that are recorded in one transaction. On SQLite, nobody else can write in the meantime."""
COLUMN_NAMES = {
    "number": (
        "number called|phone called|called number|dialed number|number dialed|dialed|phone number|phone|number|"
        "telephone|cell phone|cell|mobile"
    ),
    "outcome": "call outcome|outcome of the call|call result|call disposition|disposition|result|outcome|status",
    "date": "called at|called on|call date|date called|date of call|call time|date|time|timestamp",
    "note": "call note|call notes|note|notes|comment|comments",
    "person": "person id",
    "list": "list|list name",
    "row": "row|row number|row in the file",
}
"""What a column holds → its usual names, the clearest first."""
DATE_FORMATS = [
    f"{day}{time}"
    for day in ("%Y-%m-%d", "%m/%d/%Y", "%m/%d/%y")
    for time in ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
]
FOR_EVERYBODY = (CallResult.DO_NOT_CALL, CallResult.DISCONNECTED)
"""Outcomes that count for everybody who has the number, so that it does not matter who was called."""
NOT_A_NUMBER = "This is not a phone number of ten digits."
NOT_A_DATE = "This is not a date. Write it like 2026-11-25, or 11/25/2026 3:30 PM."
NOT_YET = "This date is in the future."
MAX_WORD_SHOWN = 30
SAMPLE = "Number,Outcome,Date,Note\n(202) 555-0101,No answer,2026-11-25,Rang out\n2025550102,DNC,11/25/2026,\n"
"""What a file may look like."""


class BadRow(Exception):
    """A row that cannot be recorded: the kind of column that is wrong, and why."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(reason)
        self.what = what


def work_on(pk: int) -> None:
    """Take in an uploaded file, unless that has been done already."""
    loaded_files.work_on(pk, OPENERS)


def open_outcomes(loaded: LoadedFile, path: Path) -> FileIntake:
    """Examine a file of outcomes. Raise UnreadableFile if a column is missing."""
    examined = isolated_reader.examine(path)
    columns = find_columns(examined.columns, examined.samples)
    with path.open("rb") as file:
        file_hash = hashlib.file_digest(file, "sha256").hexdigest()
    recorder = Recorder(loaded.created_by, columns, examined.columns, file_hash)
    return FileIntake(examined.file_format, recorder.take, SLICE_SIZE)


OPENERS: dict[str, Opener] = {
    LoadedKind.OUTCOMES: open_outcomes,
    LoadedKind.DO_NOT_CONTACT: suppression_files.open_lines,
}


# Columns


def find_columns(columns: Sequence[str], samples: Sequence[Sequence[str]]) -> dict[str, int]:
    """Return what a column holds → its position. Raise UnreadableFile if outcomes or numbers cannot be found."""
    found = {what: named[0] for what in COLUMN_NAMES if (named := find_named(columns, what))}
    found["outcome"] = find_outcome_column(columns, samples)
    number = find_number_column(columns, samples)
    if number is not None:
        found["number"] = number
    elif "number" not in found and "person" not in found:
        raise UnreadableFile(
            "No column holds the numbers that were called. Name one “Number”, and upload the file again."
        )
    return found


def find_named(columns: Sequence[str], what: str) -> list[int]:
    """Return the columns with a usual name for this, those with the clearest name first."""
    folded = [fold_words(name) for name in columns]
    return [position for name in COLUMN_NAMES[what].split("|") for position, each in enumerate(folded) if each == name]


def find_outcome_column(columns: Sequence[str], samples: Sequence[Sequence[str]]) -> int:
    """Return the column of outcomes: one with mostly known words, or else one with a usual name."""
    by_values = [position for position in range(len(columns)) if holds_outcomes(samples, position)]
    named = find_named(columns, "outcome")
    chosen = [position for position in named if position in by_values] or by_values or named
    if not chosen:
        raise UnreadableFile(
            "No column holds the outcomes of the calls. Name one “Outcome”, and upload the file again."
        )
    return chosen[0]


def holds_outcomes(samples: Sequence[Sequence[str]], position: int) -> bool:
    filled = [cells[position] for cells in samples if position < len(cells) and cells[position].strip()]
    return bool(filled) and 2 * sum(bool(read_outcome(cell)) for cell in filled) >= len(filled)


def find_number_column(columns: Sequence[str], samples: Sequence[Sequence[str]]) -> int | None:
    """Return the column of numbers, or None. Raise UnreadableFile if several hold numbers and none has a usual name."""
    by_values = find_phone_columns(columns, samples)
    named = [position for position in find_named(columns, "number") if position in by_values]
    if not named and len(by_values) > 1:
        raise UnreadableFile(
            "Several columns hold phone numbers. Name the one with the numbers that were called “Number”."
        )
    return next(iter(named or by_values), None)


# Rows


@dataclass(frozen=True)
class OutcomeRow:
    """A row of the file, read."""

    number: str
    """Ten digits, or empty if the file names only the person."""
    outcome: CallResult
    at: datetime | None
    note: str
    person: str
    list_name: str
    row: str


class Recorder:
    """The recording of the rows of one file."""

    def __init__(self, user: User | None, columns: dict[str, int], names: Sequence[str], file_hash: str) -> None:
        self.user = user
        self.columns = columns
        self.names = names
        self.file_hash = file_hash

    def take(self, rows: list[Row]) -> SliceResult:
        """Record the outcomes of rows. Rows without an outcome are skipped."""
        result = SliceResult()
        for number, cells in rows:
            try:
                row = self.read(cells)
                if row is None:
                    continue
                is_new = self.record(row, number)
            except BadRow as problem:
                result.problems.append(RowProblem(number, self.name_column(problem.what), str(problem)))
            else:
                result.taken += is_new
                result.repeated += not is_new
        return result

    def name_column(self, what: str) -> str:
        return self.names[self.columns[what]] if what in self.columns else ""

    def read(self, cells: Sequence[str]) -> OutcomeRow | None:
        """Return what a row says, or None if it has no outcome. Raise BadRow."""
        texts = {
            what: cells[position].strip() if position < len(cells) else "" for what, position in self.columns.items()
        }
        word = texts["outcome"]
        if not word:
            return None
        outcome = read_outcome(word)
        if not outcome:
            raise BadRow("outcome", f"“{word[:MAX_WORD_SHOWN]}” is not an outcome that skipportal knows.")
        digits = number_lines.read_number(texts.get("number", ""))
        if digits is None and (texts.get("number") or not texts.get("person")):
            raise BadRow("number", NOT_A_NUMBER)
        return OutcomeRow(
            number=f"{digits:010d}" if digits else "",
            outcome=CallResult(outcome),
            at=read_time(texts.get("date", "")),
            note=" ".join(texts.get("note", "").split()),
            person=texts.get("person", ""),
            list_name=texts.get("list", ""),
            row=texts.get("row", ""),
        )

    def record(self, row: OutcomeRow, position: int) -> bool:
        """Record an outcome. Return False if it was recorded before. Raise BadRow."""
        people = self.find_person(row) if row.person else self.find_people(row)
        if not people:
            raise BadRow("number", self.handle_unknown(row))
        if not row.person and count_people(people) > 1 and row.outcome not in FOR_EVERYBODY:
            raise BadRow("number", "Several people have this number. Add a column “Person id” with the person's id.")
        item = people[0]
        number = row.number or self.find_only_number(item)
        call = Call(item.pk, number, row.outcome, row.note, self.make_key(row, position), row.at)
        try:
            return calls.record(call, self.user, CallSource.FILE)
        except NotTheirNumber as problem:
            raise BadRow("number", str(problem)) from None

    def find_person(self, row: OutcomeRow) -> list[Item]:
        pk = read_key(row.person)
        item = Item.objects.visible_to(self.user).filter(pk=pk).first() if pk else None
        if item is None:
            raise BadRow("person", "There is no such person, or you may not see the list.")
        return [item]

    def find_people(self, row: OutcomeRow) -> list[Item]:
        """Return the people for whom a number was found, the latest first, in the named list if there is a name."""
        ids = search_people(row.number, self.user).ids
        having = Digest.objects.filter(pk__in=ids, found__contains=row.number).values("pk")
        people = Item.objects.filter(pk__in=having).order_by("-pk")
        if row.list_name:
            people = people.filter(upload__name=row.list_name)
            if row.row.isdecimal() and len(row.row) < 10:
                people = people.filter(row_number=int(row.row))
        return list(people.only("pk", "fingerprint", "upload_id"))

    def find_only_number(self, item: Item) -> str:
        """Return the number of a person who has only one. Raise BadRow if there are several, or none."""
        numbers = {phone.digits for phone in calls.read_found(item).phones if len(phone.digits) == 10}
        if len(numbers) != 1:
            raise BadRow("person", "This person does not have exactly one number. Add the number that was called.")
        return numbers.pop()

    def handle_unknown(self, row: OutcomeRow) -> str:
        """Return why an outcome cannot be recorded. Suppress its number if it is “do not call”."""
        if row.outcome == CallResult.DO_NOT_CALL:
            calls.suppress_number(row.number, self.user)
            return "You cannot see anybody with this number. It was added to the do-not-contact list anyway."
        return "You cannot see anybody with this number."

    def make_key(self, row: OutcomeRow, position: int) -> str:
        """Return a key by which a row is recognised when it is uploaded again."""
        texts = [self.file_hash, str(position)]
        if row.at:
            texts = [row.number, row.person, row.list_name, row.row, row.outcome, row.at.isoformat()]
        return hashlib.blake2b("\n".join(texts).encode(), digest_size=24).hexdigest()


def count_people(items: Sequence[Item]) -> int:
    """Return how many different people there are."""
    return len({item.fingerprint or str(item.pk) for item in items})


def read_time(text: str) -> datetime | None:
    """Return the time in a cell, or None if it is empty. Raise BadRow if it is not a date, or is in the future."""
    if not text:
        return None
    at = parse_time(text)
    if at is None or at.year < 2000:
        raise BadRow("date", NOT_A_DATE)
    if at > timezone.now() + timedelta(days=1):
        raise BadRow("date", NOT_YET)
    return at


def parse_time(text: str) -> datetime | None:
    with suppress(ValueError):
        return as_aware(datetime.fromisoformat(text))
    for form in DATE_FORMATS:
        with suppress(ValueError):
            return as_aware(datetime.strptime(text, form))
    return None


def as_aware(at: datetime) -> datetime:
    return at if timezone.is_aware(at) else timezone.make_aware(at)
