"""A file's bytes → rows of text, whatever program wrote it. Knows no database.

Rows are counted as a spreadsheet counts them: from 1, blank and title rows included.
"""

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from batches.files import xlsx_reader
from batches.files.file_format import ADVICE, Layout, UnreadableFile, read_head

DELIMITERS = [",", ";", "\t", "|"]
SAMPLE_ROWS = 200
"""How many rows decide on delimiter and header row."""
QUOTED_LINES = 50
"""Most lines of one quoted cell; beyond, a quote was opened and never closed."""

SIGNATURES = {
    b"%PDF": "This is a PDF document, not a list.",
    b"\xd0\xcf\x11\xe0": "This is an old .xls workbook or one with a password.",
    b"\x89PNG": "This is a picture, not a list.",
    b"\xff\xd8\xff": "This is a picture, not a list.",
    b"\x1f\x8b": "This is a compressed file, not a list.",
    b"{\\rtf": "This is a text document, not a list.",
}

VALUE = re.compile(r"\d{5}(-\d{4})?|\+?1?[ (.-]*\d{3}[ ).-]*\d{3}[ .-]*\d{4}|[^@\s]+@[^@\s]+\.\w+|\d+ \w+ \w+.*")
"""A ZIP, a phone number, an email address, or a street address with its number."""
NAMING_WORDS = {"name", "address", "addr", "state", "zip", "phone", "email", "mail", "owner"}


@dataclass(frozen=True)
class Examined:
    layout: Layout
    columns: list[str]
    samples: list[list[str]]
    """The first rows under the header, SAMPLE_ROWS at the most."""
    row_estimate: int
    """How many rows there seem to be in all."""


def examine(path, sheet=None) -> Examined:
    """Find out how a file is to be read, with its columns and first rows. Raises UnreadableFile."""
    layout = xlsx_reader.examine(path, sheet) if xlsx_reader.is_workbook(path) else examine_text(path)
    head = list(islice(records(path, layout), SAMPLE_ROWS))
    if not any(is_filled(cells) for _, cells in head):
        raise UnreadableFile(f"{layout} is empty. {ADVICE}")
    header_row, columns = find_header(head)
    layout = Layout(**layout.as_dict() | {"header_row": header_row})
    samples = [cells for number, cells in head if number > header_row and is_filled(cells)]
    if not samples:
        raise UnreadableFile(f"{layout} has column names in row {header_row} but no rows under them.")
    return Examined(layout, columns, samples, estimate_rows(path, layout, head))


def estimate_rows(path, layout, head):
    """By the size of the file and of its first rows; of a workbook they are counted."""
    if layout.kind == "xlsx":
        return xlsx_reader.count_rows(path, layout.sheet)
    if len(head) < SAMPLE_ROWS:
        return len(head)
    size = sum(len(layout.delimiter.join(cells).encode(layout.encoding)) + 2 for _, cells in head)
    return round(Path(path).stat().st_size / size * len(head))


def rows(path, layout: Layout) -> Iterator[tuple[int, list[str]]]:
    """Every row under the header with its number, blank ones as empty lists. Raises UnreadableFile."""
    for number, cells in records(path, layout):
        if number > layout.header_row:
            yield number, cells if is_filled(cells) else []


def is_filled(cells):
    return any(cell.strip() for cell in cells)


def find_header(head):
    """Find the row that names the columns, and their names; row 0 and made-up names if the first row is data already.

    Titles above the table fill one or two cells; the header is the first row that fills more than half of the
    usual width.
    """
    widths = Counter(len([cell for cell in cells if cell.strip()]) for _, cells in head)
    widths.pop(0, None)
    width = max(widths, key=lambda count: (widths[count], count))
    number, cells = next((number, cells) for number, cells in head if sum(map(bool, map(str.strip, cells))) > width / 2)
    if is_data(cells):
        return 0, [f"Column {position}" for position in range(1, max(len(cells) for _, cells in head) + 1)]
    filled = [position for _, row in head for position, cell in enumerate(row[: len(cells)]) if cell.strip()]
    return number, cells[: max(filled) + 1]


def is_data(cells):
    """Whether a row is a person and not the names of columns: it has values of one, and no word that names them."""
    values = [cell for cell in cells if VALUE.fullmatch(cell.strip())]
    names = [cell for cell in cells if cell not in values and set(re.findall(r"[a-z]+", cell.lower())) & NAMING_WORDS]
    return bool(values) and not names


def records(path, layout):
    return xlsx_reader.read_rows(path, layout.sheet) if layout.kind == "xlsx" else text_records(path, layout)


# Text


def examine_text(path):
    head = read_head(path, 8)
    for signature, problem in SIGNATURES.items():
        if head.startswith(signature):
            raise UnreadableFile(f"{problem} {ADVICE}")
    encoding = find_encoding(path)
    candidates = [Layout("csv", encoding, delimiter) for delimiter in DELIMITERS]
    return max(candidates, key=lambda layout: regularity(islice(text_records(path, layout), SAMPLE_ROWS)))


def regularity(head):
    """How much a delimiter makes a table of the file: most rows of one width over 1, then the greatest width."""
    try:
        widths = Counter(len(cells) for _, cells in head if is_filled(cells))
    except UnreadableFile:
        return (0, 0)
    return max(((count, width) for width, count in widths.items() if width > 1), default=(0, 0))


def find_encoding(path):
    """UTF-8, UTF-16 or Windows-1252, in the order in which they can be told. Raises UnreadableFile."""
    head = read_head(path, 4096)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        candidates = ["utf-16"]
    elif len(head) > 3 and head.count(0) > len(head) / 4:
        candidates = ["utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"]
    else:
        candidates = ["utf-8-sig", "cp1252"]
    for encoding in candidates:
        if is_encoded_in(path, encoding):
            return encoding
    raise UnreadableFile(f"This is not text in UTF-8, UTF-16 or Windows-1252. {ADVICE}")


def is_encoded_in(path, encoding):
    """Whether the whole file decodes and is text, not some binary format."""
    try:
        with Path(path).open(encoding=encoding) as file:
            while chunk := file.read(1 << 20):
                if len(re.findall(r"[\x01-\x08\x0e-\x1f]", chunk)) > len(chunk) / 100:
                    return False
    except UnicodeError:
        return False
    return True


def text_records(path, layout):
    """Yield the records of a delimited file, without NUL bytes: no database keeps them, and they mean nothing."""
    with Path(path).open(encoding=layout.encoding, newline="") as file:
        lines = (line.replace("\0", "") for line in file)
        for number, line in enumerate(lines, start=1):
            yield number, read_record(line, lines, layout.delimiter, number)


def read_record(line, lines, delimiter, number):
    """Read the cells of the record that begins with `line`, taking further lines only while a quoted cell is open.

    A quote in the middle of a cell is a character like others, and text behind a closing quote is kept: what one
    row does wrong must never swallow the next.
    """
    for _ in range(QUOTED_LINES):
        try:
            return next(csv.reader([line], delimiter=delimiter, strict=True), [])
        except csv.Error as error:
            if "unexpected end" not in str(error):
                break
            following = next(lines, None)
            if following is None:
                raise UnreadableFile(unclosed(number)) from None
            line += following
    else:
        raise UnreadableFile(unclosed(number))
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        raise UnreadableFile(f"Row {number} has a cell of over {csv.field_size_limit():,} characters.") from None


def unclosed(number):
    return f'Row {number}: a quote (") is opened and never closed. Close it or take it out, and upload again.'
