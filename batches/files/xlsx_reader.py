"""Read workbooks as rows of text: XLSX, and the XLS, XLSB, ODS and XML (2003) of old or other programs."""

import datetime
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

from batches.files.file_format import ADVICE, HEAD_BYTES, FileFormat, UnreadableFile, read_head
from batches.files.workbook_parts import (
    DamagedPart,
    SheetExtent,
    find_hidden,
    find_sheet_part,
    measure_sheet,
    read_xml_sheets,
)

MAX_UNPACKED_RATIO = 20
"""Maximum factor by which a workbook may grow when it is unpacked. A zip bomb grows more."""
UNPACKED_ALLOWANCE = 100_000_000
"""Unpacked bytes that are allowed for any workbook, even for a small one."""
MAX_SPARSE_RATIO = 20
"""Maximum number of cells in the box around all filled cells, per filled cell. The reader creates the whole box."""
SPARSE_ALLOWANCE = 5_000_000
"""Cells that are allowed in any box, even with few filled cells. A table of this size needs about 160 MB."""
ZIP_START = b"PK\x03\x04"
OLE_START = b"\xd0\xcf\x11\xe0"
"""First bytes of an XLS workbook, and of any workbook with a password."""
XML_SPREADSHEET = b"urn:schemas-microsoft-com:office:spreadsheet"
PASSWORD_MARK = "EncryptedPackage".encode("utf-16-le")
"""The name of the part that contains the workbook if it has a password."""
SEARCHED_BYTES = 1 << 20
"""Bytes at the beginning of a file that are searched for PASSWORD_MARK."""

DAMAGE_ERRORS = (
    DamagedPart,
    CalamineError,
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    UnicodeDecodeError,
    EOFError,
    NotImplementedError,
    RuntimeError,
)
"""Errors that the libraries raise for a damaged workbook."""


def find_kind(path: str | Path) -> str:
    """Return the kind of a workbook: xlsx, xlsb, ods, xls or xml. Return "" if the file is not a workbook."""
    head = read_head(path, HEAD_BYTES)
    if head.startswith(ZIP_START):
        return find_packed_kind(path)
    if head.startswith(OLE_START):
        return "xls"
    return "xml" if XML_SPREADSHEET in head.replace(b"\0", b"") else ""


def find_packed_kind(path: str | Path) -> str:
    """Return the kind of a workbook that is a ZIP archive, or xlsx for any other archive."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if "mimetype" in names and b"opendocument.spreadsheet" in archive.read("mimetype")[:200]:
                return "ods"
    except (*DAMAGE_ERRORS, KeyError):
        return "xlsx"
    return "xlsb" if "xl/workbook.bin" in names else "xlsx"


@contextmanager
def errors_as_unreadable(kind: str = "xlsx") -> Iterator[None]:
    """Turn any error that a damaged workbook causes into an UnreadableFile."""
    try:
        yield
    except DAMAGE_ERRORS:
        if kind == "xls":
            raise UnreadableFile(f"This is an old .xls workbook that cannot be read. {ADVICE}") from None
        raise UnreadableFile(f"The workbook is damaged. {ADVICE}") from None


def examine(path: str | Path, kind: str, sheet: str | None = None) -> tuple[FileFormat, int]:
    """Find out how to read a workbook and how many rows it has. Raise UnreadableFile if it cannot be read.

    Without `sheet`, choose the first sheet with rows, and a hidden one only if all visible ones are empty.
    """
    with errors_as_unreadable(kind):
        if kind == "xml":
            return examine_xml(path, sheet)
        if kind == "xls":
            refuse_password(path)
        else:
            refuse_zip_bomb(path)
        return examine_sheets(path, kind, sheet)


def examine_sheets(path: str | Path, kind: str, sheet: str | None) -> tuple[FileFormat, int]:
    with open_workbook(path) as workbook:
        sheets = workbook.sheet_names
        hidden = [each.name for each in workbook.sheets_metadata if each.visible != SheetVisibleEnum.Visible]
        for name in list_candidates(sheets, hidden, sheet):
            extent = read_extent(path, kind, name)
            height = extent.height if extent and kind == "xlsx" else workbook.get_sheet_by_name(name).height
            if height or sheet is not None:
                file_format = FileFormat(
                    kind,
                    sheet=name,
                    sheets=sheets,
                    hidden_sheets=hidden,
                    hidden_rows=len(extent.hidden_rows) if extent else 0,
                    hidden_columns=sorted(column - 1 for column in extent.hidden_columns) if extent else [],
                )
                refuse_unreadable_sheet(file_format, extent)
                return file_format, height
    raise UnreadableFile(f"Every sheet of the workbook is empty. {ADVICE}")


def list_candidates(sheets: list[str], hidden: list[str], sheet: str | None) -> list[str]:
    """Return the given sheet, or else all, visible ones first. Raise UnreadableFile if the given one does not exist."""
    if sheet is None:
        return sorted(sheets, key=lambda name: name in hidden)
    if sheet not in sheets:
        raise UnreadableFile(f"The workbook has no sheet “{sheet}”, only {', '.join(sheets)}.")
    return [sheet]


def examine_xml(path: str | Path, sheet: str | None) -> tuple[FileFormat, int]:
    with Path(path).open("rb") as file:
        found = read_xml_sheets(file)
    for name in list_candidates(list(found.sheets), [], sheet):
        rows = found.sheets[name]
        if rows or sheet is not None:
            filled = {number for number, cells in rows if any(cells)}
            hidden_rows = len(found.hidden[name] & filled)
            return FileFormat("xml", sheet=name, sheets=list(found.sheets), hidden_rows=hidden_rows), len(rows)
    raise UnreadableFile(f"Every sheet of the workbook is empty. {ADVICE}")


@contextmanager
def open_workbook(path: str | Path) -> Iterator[CalamineWorkbook]:
    """Open a workbook. Its format is recognised by its content, because its name can be wrong."""
    with Path(path).open("rb") as file, CalamineWorkbook.from_filelike(file) as workbook:
        yield workbook


def refuse_password(path: str | Path) -> None:
    if PASSWORD_MARK in read_head(path, SEARCHED_BYTES):
        raise UnreadableFile(
            "This workbook has a password. Open it, save it without one as an XLSX workbook, and upload that."
        )


def refuse_zip_bomb(path: str | Path) -> None:
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())
    if unpacked > max(MAX_UNPACKED_RATIO * Path(path).stat().st_size, UNPACKED_ALLOWANCE):
        raise UnreadableFile(f"The workbook is far too large once unpacked ({unpacked:,} bytes). {ADVICE}")


def read_extent(path: str | Path, kind: str, sheet: str) -> SheetExtent | None:
    """Return a sheet's hidden rows and columns and, for XLSX, where its cells are, or None if that is not known."""
    if kind not in ("xlsx", "ods"):
        return None
    with zipfile.ZipFile(path) as archive:
        if kind == "ods":
            return find_hidden(archive, sheet)
        part = find_sheet_part(archive, sheet)
        return measure_sheet(archive, part) if part else None


def refuse_unreadable_sheet(file_format: FileFormat, extent: SheetExtent | None) -> None:
    """Raise UnreadableFile if a sheet is too sparse to be read, or has a formula whose result was not saved."""
    if extent is None:
        return
    if extent.box_size > max(MAX_SPARSE_RATIO * extent.filled, SPARSE_ALLOWANCE):
        raise UnreadableFile(
            f"{file_format}: cell {extent.outermost_cell} is far from the list. "
            "Delete it, save, and upload the workbook again."
        )
    if extent.unsaved_formula:
        raise UnreadableFile(
            f"{file_format}: cell {extent.unsaved_formula} has a formula whose result was not saved. "
            "Open the workbook in a spreadsheet program, save it, and upload it again."
        )


def read_rows(path: str | Path, file_format: FileFormat) -> Iterator[tuple[int, list[str]]]:
    """Yield every row of a sheet with its number, as text. Hidden rows have no cells unless `with_hidden` is set."""
    with errors_as_unreadable(file_format.kind):
        if file_format.kind == "xml":
            yield from read_xml_rows(path, file_format)
            return
        hidden: set[int] = set()
        if file_format.hidden_rows and not file_format.with_hidden:
            extent = read_extent(path, file_format.kind, file_format.sheet)
            hidden = extent.hidden_rows if extent else hidden
        with open_workbook(path) as workbook:
            for number, cells in enumerate(workbook.get_sheet_by_name(file_format.sheet).iter_rows(), start=1):
                yield number, [] if number in hidden else [as_text(cell) for cell in cells]


def read_xml_rows(path: str | Path, file_format: FileFormat) -> Iterator[tuple[int, list[str]]]:
    with Path(path).open("rb") as file:
        found = read_xml_sheets(file)
    hidden = set() if file_format.with_hidden else found.hidden[file_format.sheet]
    for number, cells in found.sheets[file_format.sheet]:
        yield number, [] if number in hidden else cells


def as_text(cell: Any) -> str:
    """Format a cell's value as text: whole numbers without a decimal point, dates as 2024-12-31."""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, datetime.datetime):
        return cell.isoformat(sep=" ")
    return str(cell).replace("\0", "")
