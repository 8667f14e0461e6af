"""Read files of any supported format as rows of text. Uses no database.

Row numbers are those of a spreadsheet: they start at 1 and include blank rows and titles.
"""

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import IO, Any

from batches.files import markup_reader, xlsx_reader
from batches.files.encodings import FALLBACK, choose_single_byte, is_mixed, repair_mojibake
from batches.files.file_format import (
    ADVICE,
    CHUNK_SIZE,
    MAX_ROW_LENGTH,
    SAMPLE_ROWS,
    Examined,
    FileFormat,
    UnreadableFile,
    cut_samples,
    read_head,
    refuse_long,
    refuse_wide,
)
from batches.files.header_row import find_header, is_filled

DELIMITERS = [",", ";", "\t", "|"]
QUOTED_LINES = 50
"""Maximum number of lines of a quoted cell. If there are more, the quote was never closed."""
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


def examine(path: str | Path, sheet: str | None = None, with_hidden: bool = False) -> Examined:
    """Find out how to read a file, and its columns and first rows. Raises UnreadableFile.

    `with_hidden` includes the rows that a workbook hides.
    """
    row_count: int | None = None
    if kind := xlsx_reader.find_kind(path):
        file_format, row_count = xlsx_reader.examine(path, kind, sheet)
        file_format = replace(file_format, with_hidden=with_hidden and file_format.hidden_rows > 0)
    elif markup_reader.is_html(read_head(path, 4096)):
        file_format = find_encoding(path, FileFormat("html"))
    else:
        file_format = examine_text(path)
    head = list(islice(records(path, file_format), SAMPLE_ROWS))
    if not any(is_filled(cells) for _, cells in head):
        if file_format.hidden_rows and not file_format.with_hidden:
            raise UnreadableFile(
                f"{file_format} has only hidden rows. Unhide them, save, and upload the workbook again."
            )
        raise UnreadableFile(f"{file_format} is empty. {ADVICE}")
    header = find_header(head)
    file_format = replace(file_format, header_row=header.row)
    samples = [cells for number, cells in head if number > header.row and is_filled(cells)]
    if not samples:
        raise UnreadableFile(f"{file_format} has column names in row {header.row} but no rows below them.")
    left_out = 0 if file_format.with_hidden else file_format.hidden_rows
    estimate = estimate_rows(path, file_format, head) if row_count is None else row_count - left_out
    return Examined(file_format, header.columns, list(cut_samples(samples)), estimate)


def estimate_rows(path: str | Path, file_format: FileFormat, head: Sequence[tuple[int, list[str]]]) -> int:
    """Estimate the rows of a text by its size and that of its first rows."""
    if len(head) < SAMPLE_ROWS:
        return len(head)
    size = sum(len(file_format.delimiter.join(cells).encode(file_format.encoding, "replace")) + 2 for _, cells in head)
    return round(Path(path).stat().st_size / size * len(head))


def rows(path: str | Path, file_format: FileFormat) -> Iterator[tuple[int, list[str]]]:
    """Yield every row below the header with its number; blank rows are empty. Raises UnreadableFile.

    Header rows that are repeated because pages were put together are left out.
    """
    header: list[str] | None = None
    for number, cells in records(path, file_format):
        if number > file_format.header_row:
            yield number, cells if is_filled(cells) and cells != header else []
        elif number == file_format.header_row:
            header = cells


def records(path: str | Path, file_format: FileFormat) -> Iterator[tuple[int, list[str]]]:
    """Yield every row with its number. Raises UnreadableFile, also if a row is longer or wider than allowed."""
    if file_format.kind == "csv":
        yield from text_records(path, file_format)
        return
    read = (
        markup_reader.read_rows(path, file_format.encoding)
        if file_format.kind == "html"
        else xlsx_reader.read_rows(path, file_format)
    )
    for number, cells in read:
        refuse_long(number, sum(map(len, cells)))
        yield number, cells


# Text


def examine_text(path: str | Path) -> FileFormat:
    """Find out the encoding, the delimiter and the quotes of a text. Raises UnreadableFile."""
    head = read_head(path, 8)
    for signature, problem in SIGNATURES.items():
        if head.removeprefix(codecs.BOM_UTF8).startswith(signature):
            raise UnreadableFile(f"{problem} {ADVICE}")
    file_format = find_encoding(path, FileFormat("csv"))
    candidates = [
        each for delimiter in DELIMITERS for each in list_styles(replace(file_format, delimiter=delimiter), path)
    ]
    return max(candidates, key=lambda each: regularity(islice(text_records(path, each), SAMPLE_ROWS)))


def list_styles(file_format: FileFormat, path: str | Path) -> list[FileFormat]:
    """Return the possible ways to quote cells in a file, the likeliest first. The usual one is always included."""
    text = read_head(path, SAMPLE_BYTES).decode(file_format.encoding, "replace")
    between = re.escape(file_format.delimiter)
    lines = text.splitlines()
    found = [file_format]
    if re.search(rf'{between} +"', text):
        found.insert(0, replace(file_format, skips_spaces=True))
    if re.search(r'\\["' + between + "]", text):
        found.insert(0, replace(found[0], escape="\\"))
    in_single = [line for line in lines if len(re.findall(rf"(?:^|{between})'(?:[^']|'')*'(?={between}|$)", line)) > 1]
    if len(in_single) > len(lines) / 2:
        found.insert(0, replace(file_format, quote="'"))
    wrapped = [line for line in lines if line.startswith('"') and line.endswith('"') and file_format.delimiter in line]
    if len(wrapped) > len(lines) / 2 and all(len(line) < CHUNK_SIZE for line in wrapped):
        cells = [next(csv.reader([line], delimiter=file_format.delimiter), []) for line in wrapped[:SAMPLE_ROWS]]
        if all(len(each) == 1 for each in cells):
            found.insert(0, replace(file_format, is_wrapped=True))
    return found


def regularity(head: Iterator[tuple[int, list[str]]]) -> tuple[int, int]:
    """Return how well a delimiter makes a table: by the number of rows with the usual width, then by that width."""
    try:
        widths = Counter(len(cells) for _, cells in head if is_filled(cells))
    except UnreadableFile:
        return (0, 0)
    return max(((count, width) for width, count in widths.items() if width > 1), default=(0, 0))


def find_encoding(path: str | Path, file_format: FileFormat) -> FileFormat:
    """Return `file_format` with the encoding of a text: UTF-8, UTF-16 or a single-byte one. Raises UnreadableFile."""
    head = read_head(path, 4096)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        candidates = ["utf-16"]
    elif len(head) > 3 and head.count(0) > len(head) / 4:
        candidates = ["utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"]
    else:
        candidates = ["utf-8-sig"]
    for encoding in candidates:
        if is_encoded_in(path, encoding):
            return replace(file_format, encoding=encoding)
    if candidates == ["utf-8-sig"]:
        encoding, errors = ("utf-8-sig", FALLBACK) if is_mixed(path) else (choose_single_byte(path), "replace")
        if is_encoded_in(path, encoding, errors):
            return replace(file_format, encoding=encoding, errors=errors)
    raise UnreadableFile(f"This is not text in UTF-8, UTF-16 or Windows-1252. {ADVICE}")


def is_encoded_in(path: str | Path, encoding: str, errors: str = "strict") -> bool:
    """Return whether the whole file can be decoded, and is text rather than a binary format."""
    try:
        with Path(path).open(encoding=encoding, errors=errors) as file:
            while chunk := file.read(CHUNK_SIZE):
                if len(re.findall(r"[\x01-\x08\x0e-\x1f]", chunk)) > len(chunk) / 100:
                    return False
                if chunk.count("\ufffd") > len(chunk) / 100:
                    return False
    except UnicodeError:
        return False
    return True


def text_records(path: str | Path, file_format: FileFormat) -> Iterator[tuple[int, list[str]]]:
    """Yield the records of a delimited file, without NUL bytes, which no database stores.

    A quote in the middle of a cell is an ordinary character, and text after a closing quote is kept: an error in one
    row must never hide the next row.
    """
    style = style_of(file_format)
    with Path(path).open(encoding=file_format.encoding, errors=file_format.errors, newline="") as file:
        lines = RecordLines(file)
        reader = csv.reader(lines, strict=True, **style)
        number = width = 0
        while True:
            number += 1
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
            refuse_wide(number, cells)
            # A correctly quoted cell of several lines leaves the row as wide as others.
            may_be_several = len(lines.taken) > 1 and (is_broken or len(cells) != width)
            swallowed = split_lines(lines.taken, width, style) if may_be_several else []
            for each in swallowed or [cells]:
                yield number, each
                number += 1
            number -= 1
            width = width or len(cells)
            if len(cells) > 1:
                width = len((swallowed or [cells])[-1])


def style_of(file_format: FileFormat) -> dict[str, Any]:
    style: dict[str, Any] = {"delimiter": file_format.delimiter, "quotechar": file_format.quote}
    if file_format.escape:
        style["escapechar"] = file_format.escape
    return style | ({"skipinitialspace": True} if file_format.skips_spaces else {})


def split_lines(lines: Sequence[str], width: int, style: dict[str, Any]) -> list[list[str]]:
    """Return the rows that a stray quote has joined, if each line is a complete row. Otherwise return nothing."""
    if width < 2:
        return []
    quote, parted = style["quotechar"], []
    for line in lines:
        if line.count(quote) % 2:
            # The stray quote is on this line.
            cells = next(csv.reader([line], delimiter=style["delimiter"], quoting=csv.QUOTE_NONE), [])
            cells = [cell.strip(quote) for cell in cells]
        else:
            cells = next(csv.reader([line], **style), [])
        if len(cells) != width:
            return []
        parted.append(cells)
    return parted


class RecordLines:
    """The lines of a file. Those of the current record are kept, so that they can be read in another way."""

    def __init__(self, file: IO[str]) -> None:
        self.file = file
        self.begin_record(0)

    def begin_record(self, number: int) -> None:
        self.number, self.characters = number, 0
        self.taken: list[str] = []

    def __iter__(self) -> "RecordLines":
        return self

    def __next__(self) -> str:
        if len(self.taken) == QUOTED_LINES:
            raise UnreadableFile(unclosed(self.number))
        line = self.file.readline(MAX_ROW_LENGTH + 1)
        if not line:
            if self.taken:
                raise UnreadableFile(unclosed(self.number))
            raise StopIteration
        self.characters += len(line)
        refuse_long(self.number, self.characters)
        line = line.replace("\0", "")
        if not line.isascii():
            line = repair_mojibake(line)
        self.taken.append(line)
        return line


def read_leniently(lines: RecordLines, style: dict[str, Any]) -> list[str]:
    """Read the current record although it breaks the rules of quoting. Raises UnreadableFile."""
    try:
        return next(csv.reader(["".join(lines.taken)], **style), [])
    except csv.Error:
        limit = f"{csv.field_size_limit():,}"
        raise UnreadableFile(
            f"Row {lines.number} has a cell with over {limit} characters. Shorten it, and upload the file again."
        ) from None


def unclosed(number: int) -> str:
    return f'Row {number}: a quote (") is opened and never closed. Close it or remove it, and upload the file again.'
