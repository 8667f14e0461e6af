"""A file's bytes → rows of text, whatever program wrote it. Knows no database.

Rows are counted as a spreadsheet counts them: from 1, blank and title rows included.
"""

import codecs
import csv
import datetime
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
SAMPLE_ROWS = 200
"""How many rows decide on delimiter and header row."""
QUOTED_LINES = 50
"""Most lines of one quoted cell; beyond, a quote was opened and never closed."""
UNPACKED_RATIO = 20
"""How much larger than itself a workbook may be when unpacked, at the most, in sum (a zip bomb is larger)."""
UNPACKED_LEAST = 100_000_000
"""Bytes that any workbook may have unpacked."""

SIGNATURES = {
    b"%PDF": "This is a PDF document, not a list.",
    b"\xd0\xcf\x11\xe0": "This is an old .xls workbook or one with a password.",
    b"\x89PNG": "This is a picture, not a list.",
    b"\xff\xd8\xff": "This is a picture, not a list.",
    b"\x1f\x8b": "This is a compressed file, not a list.",
    b"{\\rtf": "This is a text document, not a list.",
}
ADVICE = "Save the list as CSV (UTF-8) or as an XLSX workbook and upload that."


class UnreadableFile(Exception):
    """The file cannot be read; the text says why, where, and what to do, and may be shown to the user."""


@dataclass(frozen=True)
class Layout:
    """How to read one file. Kept with the upload, so that every later reading is the same."""

    kind: str
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    sheets: list[str] = field(default_factory=list)
    header_row: int = 0
    """The row with the column names; 0 where the file has none."""

    def as_dict(self):
        return asdict(self)


@dataclass(frozen=True)
class Examined:
    layout: Layout
    columns: list[str]
    samples: list[list[str]]


def examine(path, sheet=None) -> Examined:
    """Find out how a file is to be read, with its columns and first rows. Raises UnreadableFile."""
    layout = examine_workbook(path, sheet) if is_workbook(path) else examine_text(path)
    head = list(islice(records(path, layout), SAMPLE_ROWS))
    if not any(is_filled(cells) for _, cells in head):
        raise UnreadableFile(f"{describe(layout)} is empty. {ADVICE}")
    header_row, columns = find_header(head)
    layout = Layout(**layout.as_dict() | {"header_row": header_row})
    samples = [cells for number, cells in head if number > header_row and is_filled(cells)]
    if not samples:
        raise UnreadableFile(f"{describe(layout)} has column names in row {header_row} but no rows under them.")
    return Examined(layout, columns, samples[:5])


def rows(path, layout: Layout) -> Iterator[tuple[int, list[str]]]:
    """Every row under the header with its number, blank ones as empty lists. Raises UnreadableFile."""
    for number, cells in records(path, layout):
        if number > layout.header_row:
            yield number, cells if is_filled(cells) else []


def describe(layout):
    return f"The sheet “{layout.sheet}”" if layout.kind == "xlsx" else "The file"


def is_filled(cells):
    return any(cell.strip() for cell in cells)


def find_header(head):
    """The row that names the columns, and their names; row 0 and made-up names where the first row is data already.

    Titles above the table fill one or two cells; the header is the first row that fills more than half of the
    usual width.
    """
    widths = Counter(len([cell for cell in cells if cell.strip()]) for _, cells in head)
    widths.pop(0, None)
    width = max(widths, key=lambda count: (widths[count], count))
    number, cells = next((number, cells) for number, cells in head if sum(map(bool, map(str.strip, cells))) > width / 2)
    if any(looks_like_data(cell.strip()) for cell in cells):
        return 0, [f"Column {position}" for position in range(1, max(len(cells) for _, cells in head) + 1)]
    while cells and not cells[-1].strip():
        cells = cells[:-1]
    return number, cells


def looks_like_data(cell):
    """A ZIP, a phone number, an email address or a street address with its number: nothing that names a column."""
    pattern = r"\d{5}(-\d{4})?|\+?1?[ (.-]*\d{3}[ ).-]*\d{3}[ .-]*\d{4}|[^@\s]+@[^@\s]+\.\w+|\d+ \w+ \w+.*"
    return re.fullmatch(pattern, cell) is not None


def records(path, layout):
    return workbook_records(path, layout.sheet) if layout.kind == "xlsx" else text_records(path, layout)


# Text


def examine_text(path):
    head = read_head(path, 8)
    for signature, problem in SIGNATURES.items():
        if head.startswith(signature):
            raise UnreadableFile(f"{problem} {ADVICE}")
    encoding = find_encoding(path)
    candidates = [Layout("csv", encoding, delimiter) for delimiter in DELIMITERS]
    return max(candidates, key=lambda layout: regularity(islice(text_records(path, layout), SAMPLE_ROWS)))


def read_head(path, size):
    with Path(path).open("rb") as file:
        return file.read(size)


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
    """Records of a delimited file. NUL bytes are left out: no database keeps them, and they mean nothing."""
    with Path(path).open(encoding=layout.encoding, newline="") as file:
        lines = (line.replace("\0", "") for line in file)
        for number, line in enumerate(lines, start=1):
            yield number, read_record(line, lines, layout.delimiter, number)


def read_record(line, lines, delimiter, number):
    """The cells of the record that begins with `line`; takes further lines only while a quoted cell is open.

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


# Workbooks


def is_workbook(path):
    return read_head(path, 4) == b"PK\x03\x04"


def examine_workbook(path, sheet):
    refuse_bomb(path)
    with open_workbook(path) as workbook:
        sheets = workbook.sheet_names
        filled = [name for name in sheets if workbook.get_sheet_by_name(name).height]
    if sheet is not None and sheet not in sheets:
        raise UnreadableFile(f"The workbook has no sheet “{sheet}”, only {', '.join(sheets)}.")
    if not filled:
        raise UnreadableFile(f"Every sheet of the workbook is empty. {ADVICE}")
    layout = Layout("xlsx", sheet=sheet or filled[0], sheets=sheets)
    if cell := find_unsaved_formula(path, layout.sheet):
        raise UnreadableFile(
            f"{describe(layout)}, cell {cell}: a formula whose result was not saved. "
            "Open the workbook in a spreadsheet program, save it, and upload it again."
        )
    return layout


def refuse_bomb(path):
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except zipfile.BadZipFile:
        raise UnreadableFile(f"The workbook is damaged. {ADVICE}") from None
    if unpacked > max(UNPACKED_RATIO * Path(path).stat().st_size, UNPACKED_LEAST):
        raise UnreadableFile(f"The workbook is far larger unpacked ({unpacked:,} bytes) than a list can be. {ADVICE}")


def open_workbook(path):
    try:
        return CalamineWorkbook.from_path(str(path))
    except (CalamineError, OSError):
        raise UnreadableFile(f"This is not a workbook that can be read. {ADVICE}") from None


def find_unsaved_formula(path, sheet):
    """The first cell of a sheet that holds a formula without its result, or None."""
    formula = re.compile(rb'<c r="([A-Z]+\d+)"[^>]*>\s*<f[^>]*?(?:/>|>[^<]*</f>)\s*(?:<v\s*/>|<v></v>)?\s*</c>')
    with zipfile.ZipFile(path) as archive:
        name = find_sheet_part(archive, sheet)
        if name not in archive.namelist():
            return None
        with archive.open(name) as part:
            tail = b""
            while chunk := part.read(1 << 20):
                if found := formula.search(tail + chunk):
                    return found.group(1).decode()
                tail = chunk[-10_000:]
    return None


def find_sheet_part(archive, sheet):
    """The name in the archive of the part that holds a sheet's cells; empty where it cannot be told."""
    with open_workbook_part(archive, "xl/workbook.xml") as part:
        ids = re.findall(r'<sheet [^>]*?name="([^"]*)"[^>]*?r:id="([^"]*)"', part.read().decode())
    with open_workbook_part(archive, "xl/_rels/workbook.xml.rels") as part:
        relations = part.read().decode()
    targets = {
        re.search(r'\bId="([^"]*)"', relation).group(1): re.search(r'\bTarget="([^"]*)"', relation).group(1)
        for relation in re.findall(r"<Relationship [^>]*>", relations)
    }
    escaped = sheet.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")
    target = targets.get(dict(ids).get(escaped, ""), "")
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def open_workbook_part(archive, name):
    try:
        return archive.open(name)
    except KeyError:
        raise UnreadableFile(f"This is not a workbook that can be read. {ADVICE}") from None


def workbook_records(path, sheet):
    with open_workbook(path) as workbook:
        for number, cells in enumerate(workbook.get_sheet_by_name(sheet).iter_rows(), start=1):
            yield number, [as_text(cell) for cell in cells]


def as_text(cell):
    """A cell as the spreadsheet shows it by default: whole numbers without a point, dates as 2024-12-31."""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, datetime.datetime):
        return cell.isoformat(sep=" ")
    return str(cell).replace("\0", "")
