"""How one file is to be read, and how it is said that it cannot be."""

from dataclasses import asdict, dataclass, field
from pathlib import Path

ADVICE = "Save the list as CSV (UTF-8) or as an XLSX workbook and upload that."


class UnreadableFile(Exception):
    """The file cannot be read; the text says why, where, and what to do, and may be shown to the user."""


@dataclass(frozen=True)
class Layout:
    """Kept with the upload, so that every later reading is the same."""

    kind: str
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    sheets: list[str] = field(default_factory=list)
    header_row: int = 0
    """The row with the column names; 0 where the file has none."""

    def __str__(self):
        return f"The sheet “{self.sheet}”" if self.kind == "xlsx" else "The file"

    def as_dict(self):
        return asdict(self)


def read_head(path, size):
    with Path(path).open("rb") as file:
        return file.read(size)
