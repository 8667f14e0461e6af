"""Describe how a file is read: its format, the limits, and the error if it cannot be read."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

ADVICE = "Save the list as CSV (UTF-8) or as an XLSX workbook and upload that."
SAMPLE_ROWS = 200
"""Rows that are examined to find the delimiter, the header row and the meaning of columns."""
SAMPLE_CHARACTERS = 500_000
"""Maximum number of characters in these rows. Enough for all SAMPLE_ROWS rows of a file with a hundred columns of the
usual width."""
MAX_COLUMNS = 16_384
"""The limit of Excel."""
MAX_ROW_LENGTH = 1_000_000
"""Maximum length of one row: as many characters as in thirty full cells of a spreadsheet."""
CHUNK_SIZE = 1 << 20
"""Bytes or characters that are read at a time."""
HEAD_BYTES = 4096
"""Bytes at the beginning of a file that show its type and its encoding."""

OUT_OF_MEMORY = 3
"""Exit code of the reader process if it runs out of memory."""


class UnreadableFile(Exception):
    """A file that cannot be read. The message says why, where, and what to do, and may be shown to the user."""


@dataclass(frozen=True)
class FileFormat:
    """How a file is read. It is stored with the upload, so that the file is always read in the same way."""

    kind: str
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    sheets: list[str] = field(default_factory=list)
    header_row: int = 0
    """Number of the row with the column names; the last one if there are several, 0 if there is none."""
    errors: str = "strict"
    """Error handler for bytes that are invalid in the encoding."""
    quote: str = '"'
    escape: str = ""
    """Character that escapes a quote or a delimiter in a cell. Empty if there is none."""
    skips_spaces: bool = False
    """Whether spaces before a quoted cell are ignored."""
    is_wrapped: bool = False
    """Whether each whole line is in quotes."""
    hidden_rows: int = 0
    """Number of rows that have content but are hidden in the workbook."""
    hidden_columns: list[int] = field(default_factory=list)
    """Positions of columns that are hidden in the workbook. They are kept, but no field is guessed for them."""
    hidden_sheets: list[str] = field(default_factory=list)
    with_hidden: bool = False
    """Whether hidden rows are read like the others, rather than left out."""

    def __str__(self) -> str:
        return f"The sheet “{self.sheet}”" if self.sheet else "The file"

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class ExaminedFile:
    """The result of examining a file."""

    file_format: FileFormat
    columns: list[str]
    samples: list[list[str]]
    """The first rows below the header."""
    row_estimate: int
    """Estimated number of rows in the file."""


def limit_samples(rows: Iterable[list[str]]) -> Iterator[list[str]]:
    """Yield the first rows, up to SAMPLE_ROWS rows and SAMPLE_CHARACTERS characters."""
    characters = 0
    for cells in islice(rows, SAMPLE_ROWS):
        characters += sum(map(len, cells))
        if characters > SAMPLE_CHARACTERS:
            return
        yield cells


def read_head(path: str | Path, size: int) -> bytes:
    with Path(path).open("rb") as file:
        return file.read(size)


def refuse_long_row(number: int, characters: int) -> None:
    """Raise UnreadableFile if a row has too many characters."""
    if characters > MAX_ROW_LENGTH:
        raise UnreadableFile(
            f"Row {number:,} has over {MAX_ROW_LENGTH:,} characters, too many for a row of a list. "
            "Look there for a missing quote or line break, and upload the file again."
        )


def refuse_wide_row(number: int, cells: list[str]) -> None:
    """Raise UnreadableFile if a row has too many cells."""
    if len(cells) > MAX_COLUMNS:
        raise UnreadableFile(
            f"Row {number:,} has {len(cells):,} cells, more than the limit of {MAX_COLUMNS:,}. "
            "Look there for a missing line break, and upload the file again."
        )
