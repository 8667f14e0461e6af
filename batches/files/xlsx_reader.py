"""XLSX workbooks → rows of text."""

import datetime
import re
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path
from xml.sax.saxutils import escape

from python_calamine import CalamineError, CalamineWorkbook

from batches.files.file_format import ADVICE, Layout, UnreadableFile, read_head

UNPACKED_RATIO = 20
"""How much larger than itself a workbook may be when unpacked, at the most, in sum (a zip bomb is larger)."""
UNPACKED_LEAST = 100_000_000
"""Bytes that any workbook may have unpacked."""


def is_workbook(path):
    return read_head(path, 4) == b"PK\x03\x04"


DAMAGED = (
    CalamineError,
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    UnicodeDecodeError,
    EOFError,
    NotImplementedError,
    RuntimeError,
)


@contextmanager
def readable():
    """Whatever a damaged workbook makes its readers raise is one error with a sentence."""
    try:
        yield
    except DAMAGED:
        raise UnreadableFile(f"The workbook is damaged. {ADVICE}") from None


@readable()
def examine(path, sheet=None) -> Layout:
    """How a workbook is read: the sheet that is told, else the first with rows. Raises UnreadableFile."""
    refuse_bomb(path)
    with CalamineWorkbook.from_path(str(path)) as workbook:
        sheets = workbook.sheet_names
        filled = [name for name in sheets if workbook.get_sheet_by_name(name).height]
    if sheet is not None and sheet not in sheets:
        raise UnreadableFile(f"The workbook has no sheet “{sheet}”, only {', '.join(sheets)}.")
    if not filled:
        raise UnreadableFile(f"Every sheet of the workbook is empty. {ADVICE}")
    layout = Layout("xlsx", sheet=sheet or filled[0], sheets=sheets)
    if cell := find_unsaved_formula(path, layout.sheet):
        raise UnreadableFile(
            f"{layout}, cell {cell}: a formula whose result was not saved. "
            "Open the workbook in a spreadsheet program, save it, and upload it again."
        )
    return layout


def refuse_bomb(path):
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())
    if unpacked > max(UNPACKED_RATIO * Path(path).stat().st_size, UNPACKED_LEAST):
        raise UnreadableFile(f"The workbook is far larger unpacked ({unpacked:,} bytes) than a list can be. {ADVICE}")


def find_unsaved_formula(path, sheet):
    """Find the first cell of a sheet that holds a formula without its result; None if there is none."""
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
    """Return the name in the archive of the part that holds a sheet's cells; empty if it cannot be told."""
    names = {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"}
    if not names <= set(archive.namelist()):
        return ""
    ids = dict(re.findall(r'<sheet [^>]*?name="([^"]*)"[^>]*?r:id="([^"]*)"', archive.read("xl/workbook.xml").decode()))
    relations = archive.read("xl/_rels/workbook.xml.rels").decode()
    targets = {}
    for relation in re.findall(r"<Relationship [^>]*>", relations):
        attributes = dict(re.findall(r'\b(Id|Target)="([^"]*)"', relation))
        targets[attributes.get("Id")] = attributes.get("Target", "")
    target = targets.get(ids.get(escape(sheet, {'"': "&quot;"})), "")
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def read_rows(path, sheet):
    """Every row of a sheet with its number, as text."""
    with readable(), CalamineWorkbook.from_path(str(path)) as workbook:
        for number, cells in enumerate(workbook.get_sheet_by_name(sheet).iter_rows(), start=1):
            yield number, [as_text(cell) for cell in cells]


def count_rows(path, sheet):
    with readable(), CalamineWorkbook.from_path(str(path)) as workbook:
        return workbook.get_sheet_by_name(sheet).height


def as_text(cell):
    """Format a cell as the spreadsheet shows it by default: whole numbers without a point, dates as 2024-12-31."""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, datetime.datetime):
        return cell.isoformat(sep=" ")
    return str(cell).replace("\0", "")
