"""The lines of an export's file, and what it contains."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from batches.exports.layouts import NO_PHONE, ExportRow, compile_columns, name_columns
from batches.exports.rows import ExportReader
from batches.id_set import IdSet


@dataclass
class Tally:
    """The contents of a file: its number of rows and of phone numbers, and the ids of the people in it."""

    rows: int = 0
    numbers: int = 0
    item_ids: IdSet = field(default_factory=IdSet)
    first_answer: str = ""
    """When the oldest of its answers arrived."""
    last_answer: str = ""

    def add(self, row: ExportRow) -> None:
        """Count a person who is in the file."""
        self.item_ids.add(row.pk)
        self.numbers += len(row.phones)
        if at := row.traced_at:
            if at > self.last_answer:
                self.last_answer = at
            if not self.first_answer or at < self.first_answer:
                self.first_answer = at


def read_lines(reader: ExportReader, tally: Tally) -> Iterator[ExportRow]:
    """Yield each line of the file, and add it to `tally`.

    In a layout per phone, a person has a line for each phone, or one line without a phone. Only the first of them has
    the credits, so that a column of them can be added up.
    """
    is_per_phone = reader.layout.is_per_phone
    for row in reader.read():
        tally.add(row)
        phones = row.phones if is_per_phone and row.phones else [NO_PHONE]
        for phone in phones:
            row.phone = phone
            tally.rows += 1
            yield row
            row.credits = ""


def generate_rows(reader: ExportReader, tally: Tally) -> Iterator[list[str]]:
    """Yield the header row and then each line of the file, as cells."""
    layout = reader.layout
    yield name_columns(layout, reader.upload.all_columns)
    read = compile_columns(layout.columns)
    for row in read_lines(reader, tally):
        yield row.cells + read(row) if layout.originals else read(row)
