"""Read files of any supported format as rows of text.

Row numbers are those of a spreadsheet: they start at 1 and include blank rows and titles.
"""

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import IO, Any

from batches.files import markup_reader, xlsx_reader
from batches.files.encodings import FALLBACK, choose_single_byte_encoding, contains_utf8, repair_mojibake
from batches.files.file_format import (
    ADVICE,
    CHUNK_SIZE,
    HEAD_BYTES,
    MAX_ROW_LENGTH,
    SAMPLE_ROWS,
    ExaminedFile,
    FileFormat,
    UnreadableFile,
    limit_samples,
    read_head,
    refuse_long_row,
    refuse_wide_row,
)
from batches.files.header_row import find_header, is_filled

DELIMITERS = [",", ";", "\t", "|"]
MAX_QUOTED_LINES = 50
"""Maximum number of lines in one record. If a quoted cell has more, its quote was never closed."""
SAMPLE_BYTES = 200_000
"""Bytes that are examined to find out how cells are quoted."""

SIGNATURES = {
    b"%PDF": "This is a PDF document, not a list.",
    b"\x89PNG": "This is a picture, not a list.",
    b"\xff\xd8\xff": "This is a picture, not a list.",
    b"\x1f\x8b": "This is a compressed file, not a list.",
    b"{\\rtf": "This is a text document, not a list.",
    b"<?xml": "This is an XML file, not a list.",
    b"[{": "This is a JSON file, not a list.",
    b'{"': "This is a JSON file, not a list.",
}
"""First bytes of a file → what is wrong with it."""


class OnlyHiddenRows(UnreadableFile):
    """A sheet whose rows are all hidden."""

    def __init__(self, file_format: FileFormat) -> None:
        super().__init__(f"{file_format} has only hidden rows. Unhide them, save, and upload the workbook again.")
        self.others = [
            name for name in file_format.sheets if name not in (file_format.sheet, *file_format.hidden_sheets)
        ]
        """The other visible sheets of the workbook."""


def examine(path: str | Path, sheet: str | None = None, with_hidden: bool = False) -> ExaminedFile:
    """Find a file's format, columns and first rows. Raise UnreadableFile if it cannot be read.

    `with_hidden` includes the rows that a workbook hides. Without `sheet`, a sheet with only hidden rows is passed over
    if another visible sheet can be read.
    """
    try:
        return examine_sheet(path, sheet, with_hidden)
    except OnlyHiddenRows as problem:
        if sheet is None:
            for other in problem.others:
                with suppress(UnreadableFile):
                    return examine_sheet(path, other, with_hidden)
        raise


def examine_sheet(path: str | Path, sheet: str | None, with_hidden: bool) -> ExaminedFile:
    """Examine a file without sheets, or one sheet of a workbook: by default the first one with rows."""
    row_count: int | None = None
    if kind := xlsx_reader.find_kind(path):
        file_format, row_count = xlsx_reader.examine(path, kind, sheet)
        file_format = replace(file_format, with_hidden=with_hidden and file_format.hidden_rows > 0)
    elif markup_reader.is_html(read_head(path, HEAD_BYTES)):
        file_format = find_encoding(path, FileFormat("html"))
    else:
        file_format = examine_text(path)
    head = list(islice(read_all_rows(path, file_format), SAMPLE_ROWS))
    if not any(is_filled(cells) for _, cells in head):
        if file_format.hidden_rows and not file_format.with_hidden:
            raise OnlyHiddenRows(file_format)
        raise UnreadableFile(f"{file_format} is empty. {ADVICE}")
    header = find_header(head)
    file_format = replace(file_format, header_row=header.row)
    samples = [cells for number, cells in head if number > header.row and is_filled(cells)]
    if not samples:
        raise UnreadableFile(f"{file_format} has column names in row {header.row} but no rows below them.")
    if row_count is None:
        estimate = estimate_rows(path, file_format, head)
    else:
        estimate = row_count - (0 if file_format.with_hidden else file_format.hidden_rows)
    return ExaminedFile(file_format, header.columns, list(limit_samples(samples)), estimate)


def estimate_rows(path: str | Path, file_format: FileFormat, head: Sequence[tuple[int, list[str]]]) -> int:
    """Estimate the number of rows in a text file from its size and the size of its first rows."""
    if len(head) < SAMPLE_ROWS:
        return len(head)
    size = sum(len(file_format.delimiter.join(cells).encode(file_format.encoding, "replace")) + 2 for _, cells in head)
    return round(Path(path).stat().st_size / size * len(head))


def read_rows(path: str | Path, file_format: FileFormat) -> Iterator[tuple[int, list[str]]]:
    """Yield every row below the header with its number. Raise UnreadableFile if the file cannot be read.

    A blank row has no cells. A row that repeats the header, as at the top of each page of a report, counts as blank.
    """
    header: list[str] | None = None
    for number, cells in read_all_rows(path, file_format):
        if number > file_format.header_row:
            yield number, cells if is_filled(cells) and cells != header else []
        elif number == file_format.header_row:
            header = cells


def read_all_rows(path: str | Path, file_format: FileFormat) -> Iterator[tuple[int, list[str]]]:
    """Yield every row with its number. Raise UnreadableFile if the file cannot be read or a row is too long or wide."""
    if file_format.kind == "csv":
        yield from read_delimited_rows(path, file_format)
        return
    if file_format.kind == "html":
        rows = markup_reader.read_rows(path, file_format.encoding)
    else:
        rows = xlsx_reader.read_rows(path, file_format)
    for number, cells in rows:
        refuse_long_row(number, sum(map(len, cells)))
        yield number, cells


# Text


def examine_text(path: str | Path) -> FileFormat:
    """Find the encoding, the delimiter and the quotes of a text file. Raise UnreadableFile if it is not a list."""
    head = read_head(path, 8)
    for signature, problem in SIGNATURES.items():
        if head.removeprefix(codecs.BOM_UTF8).startswith(signature):
            raise UnreadableFile(f"{problem} {ADVICE}")
    file_format = find_encoding(path, FileFormat("csv"))
    candidates: list[FileFormat] = []
    for delimiter in DELIMITERS:
        candidates += list_quoting_styles(replace(file_format, delimiter=delimiter), path)
    return max(candidates, key=lambda each: rate_regularity(islice(read_delimited_rows(path, each), SAMPLE_ROWS)))


def list_quoting_styles(file_format: FileFormat, path: str | Path) -> list[FileFormat]:
    """Return the ways in which a file's cells may be quoted, the likeliest first, always including the usual one."""
    text = read_head(path, SAMPLE_BYTES).decode(file_format.encoding, "replace")
    delimiter = re.escape(file_format.delimiter)
    lines = text.splitlines()
    found = [file_format]
    if re.search(rf'{delimiter} +"', text):
        found.insert(0, replace(file_format, skips_spaces=True))
    if re.search(rf'\\["{delimiter}]', text):
        found.insert(0, replace(found[0], escape="\\"))
    single_quoted_cell = re.compile(rf"(?:^|{delimiter})'(?:[^']|'')*'(?={delimiter}|$)")
    single_quoted = [line for line in lines if len(single_quoted_cell.findall(line)) > 1]
    if len(single_quoted) > len(lines) / 2:
        found.insert(0, replace(file_format, quote="'"))
    wrapped = [line for line in lines if line.startswith('"') and line.endswith('"') and file_format.delimiter in line]
    if len(wrapped) > len(lines) / 2 and all(len(line) < CHUNK_SIZE for line in wrapped):
        cells = [next(csv.reader([line], delimiter=file_format.delimiter), []) for line in wrapped[:SAMPLE_ROWS]]
        # Each line is one quoted cell, which contains the whole row.
        if all(len(each) == 1 for each in cells):
            found.insert(0, replace(file_format, is_wrapped=True))
    return found


def rate_regularity(head: Iterator[tuple[int, list[str]]]) -> tuple[int, int]:
    """Rate how closely rows resemble a table: by the number of rows with the usual width, then by that width."""
    try:
        widths = Counter(len(cells) for _, cells in head if is_filled(cells))
    except UnreadableFile:
        return (0, 0)
    return max(((count, width) for width, count in widths.items() if width > 1), default=(0, 0))


def find_encoding(path: str | Path, file_format: FileFormat) -> FileFormat:
    """Return `file_format` with the encoding of a text file. Raise UnreadableFile if none fits."""
    head = read_head(path, HEAD_BYTES)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif len(head) > 3 and head.count(0) > len(head) / 4:
        # In UTF-16, every second byte of English text is 0.
        encoding = "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"
    else:
        encoding = "utf-8-sig"
    if is_encoded_in(path, encoding):
        return replace(file_format, encoding=encoding)
    if encoding == "utf-8-sig":
        if contains_utf8(path):
            errors = FALLBACK
        else:
            encoding, errors = choose_single_byte_encoding(path), "replace"
        if is_encoded_in(path, encoding, errors):
            return replace(file_format, encoding=encoding, errors=errors)
    raise UnreadableFile(f"This is not text in UTF-8, UTF-16 or Windows-1252. {ADVICE}")


def is_encoded_in(path: str | Path, encoding: str, errors: str = "strict") -> bool:
    """Return whether the whole file can be decoded, and is text rather than a binary format."""
    try:
        with Path(path).open(encoding=encoding, errors=errors) as file:
            while chunk := file.read(CHUNK_SIZE):
                # Text can have a few stray control or undecodable characters, but not one in a hundred.
                most = len(chunk) / 100
                if len(re.findall(r"[\x01-\x08\x0e-\x1f]", chunk)) > most or chunk.count("\ufffd") > most:
                    return False
    except UnicodeError:
        return False
    return True


def read_delimited_rows(path: str | Path, file_format: FileFormat) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a delimited file with their numbers, without NUL bytes, which PostgreSQL cannot store.

    A quote in the middle of a cell is an ordinary character, and text after a closing quote is kept: an error in one
    row must never hide the next row.
    """
    style = make_csv_style(file_format)
    with Path(path).open(encoding=file_format.encoding, errors=file_format.errors, newline="") as file:
        lines = RecordLines(file)
        reader = csv.reader(lines, strict=True, **style)
        number, width = 1, 0
        while True:
            lines.begin_record(number)
            is_broken = False
            try:
                cells = next(reader, None)
            except csv.Error:
                is_broken = True
                cells = read_leniently(lines, style)
            if cells is None:
                return
            if file_format.is_wrapped and len(cells) == 1:
                cells = next(csv.reader([cells[0]], delimiter=file_format.delimiter), [])
            refuse_wide_row(number, cells)
            # A row with a correctly quoted cell of several lines is as wide as the others.
            may_be_several_rows = len(lines.taken) > 1 and (is_broken or len(cells) != width)
            rows = [cells]
            if may_be_several_rows:
                rows = split_lines(lines.taken, width, style) or rows
            for row in rows:
                yield number, row
                number += 1
            if len(cells) > 1:
                width = len(rows[-1])
            elif not width:
                width = len(cells)


def make_csv_style(file_format: FileFormat) -> dict[str, Any]:
    """Return the arguments with which `csv.reader` reads a file of this format."""
    style: dict[str, Any] = {"delimiter": file_format.delimiter, "quotechar": file_format.quote}
    if file_format.escape:
        style["escapechar"] = file_format.escape
    if file_format.skips_spaces:
        style["skipinitialspace"] = True
    return style


def split_lines(lines: Sequence[str], width: int, style: dict[str, Any]) -> list[list[str]]:
    """Return the rows that a stray quote has joined if each line is a complete row, and otherwise an empty list."""
    if width < 2:
        return []
    quote, rows = style["quotechar"], []
    for line in lines:
        if line.count(quote) % 2:
            # The stray quote is on this line.
            cells = next(csv.reader([line], delimiter=style["delimiter"], quoting=csv.QUOTE_NONE), [])
            cells = [cell.strip(quote) for cell in cells]
        else:
            cells = next(csv.reader([line], **style), [])
        if len(cells) != width:
            return []
        rows.append(cells)
    return rows


class RecordLines:
    """Iterate over the lines of a file, and keep those of the current record to read them in another way."""

    def __init__(self, file: IO[str]) -> None:
        self.file = file
        self.begin_record(0)

    def begin_record(self, number: int) -> None:
        self.number, self.characters = number, 0
        self.taken: list[str] = []

    def __iter__(self) -> "RecordLines":
        return self

    def __next__(self) -> str:
        if len(self.taken) == MAX_QUOTED_LINES:
            raise UnreadableFile(format_unclosed_quote(self.number))
        line = self.file.readline(MAX_ROW_LENGTH + 1)
        if not line:
            if self.taken:
                raise UnreadableFile(format_unclosed_quote(self.number))
            raise StopIteration
        self.characters += len(line)
        refuse_long_row(self.number, self.characters)
        line = line.replace("\0", "")
        if not line.isascii():
            line = repair_mojibake(line)
        self.taken.append(line)
        return line


def read_leniently(lines: RecordLines, style: dict[str, Any]) -> list[str]:
    """Return the cells of a record that breaks the rules of quoting. Raise UnreadableFile if a cell is too long."""
    try:
        return next(csv.reader(["".join(lines.taken)], **style), [])
    except csv.Error:
        limit = f"{csv.field_size_limit():,}"
        raise UnreadableFile(
            f"Row {lines.number} has a cell with over {limit} characters. Shorten it, and upload the file again."
        ) from None


def format_unclosed_quote(number: int) -> str:
    """Return what is wrong with a row if one of its quotes is never closed."""
    return f'Row {number}: a quote (") is opened and never closed. Close it or remove it, and upload the file again.'
