"""Write rows as CSV or XLSX in chunks. Only the current chunk is in memory.

In CSV, a cell that a spreadsheet would run as a formula is escaped with an apostrophe. In XLSX, text cells are marked
as text and never run, so they are not changed.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from html import escape
from itertools import chain, islice
from typing import Any

CHUNK_SIZE = 64 * 1024
"""Bytes or characters in a chunk."""
BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
FORMULA_STARTS = "=+-@＝＋－＠"  # noqa: RUF001 - full-width signs, as OWASP lists them
"""Characters with which a formula may begin. A spreadsheet may read full-width signs like the others."""
IGNORED_AT_START = "\\s\u00ad\u200b-\u200f\u2060-\u2064\ufeff"
"""Characters that a spreadsheet may ignore before a formula: white space and invisible characters (in a pattern)."""
CONTROL_STARTS = "\t\r\n"
"""Characters with which no cell may begin, because some programs make another cell of the rest."""
MAX_CELL_LENGTH = 32_767
MAX_SHEET_ROWS = 1_048_576
"""Both are limits of Excel (Microsoft: Excel specifications and limits)."""
NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
"""Characters that XML 1.0 does not allow."""
ESCAPE_LOOKALIKE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
"""The beginning of a string that a spreadsheet would read as an escaped character, such as `_x0041_`."""

CELL_SEPARATOR = "\x01"
"""Joins the cells of a row, so that all of them can be searched at once. Unlike others, it is no white space."""
HARMLESS_CELL = re.compile(r"[+-]\d[\d,]*(?:\.\d+)?(?:E[+-]?\d+)?%?|[+-]\.\d+|\+\d[\d ().-]*|-+", re.IGNORECASE)
"""A signed number, a phone or dashes. No spreadsheet runs them as formulas, so they are not changed."""
FORMULA_START = re.compile(f"[{IGNORED_AT_START}]*[{re.escape(FORMULA_STARTS)}]|[{CONTROL_STARTS}]")
SUSPICIOUS_START_IN_ROW = re.compile(f"{CELL_SEPARATOR}[{IGNORED_AT_START}{re.escape(FORMULA_STARTS)}{CONTROL_STARTS}]")
"""The start of a cell that may be a formula. One set of characters is found quickly in a long row."""


def escape_formulas(row: list[str]) -> list[str]:
    """Escape the cells of a row that a spreadsheet would run. One check of the whole row is nearly always enough."""
    if not SUSPICIOUS_START_IN_ROW.search(f"{CELL_SEPARATOR}{CELL_SEPARATOR.join(row)}"):
        return row
    return [escape_formula(cell) for cell in row]


def escape_formula(cell: str) -> str:
    return f"'{cell}" if is_formula(cell) else cell


def is_formula(cell: str) -> bool:
    """Return whether a spreadsheet may run a cell."""
    return bool(FORMULA_START.match(cell)) and not HARMLESS_CELL.fullmatch(cell.strip(" "))


def write_csv(rows: Iterable[list[str]]) -> Iterator[bytes]:
    """Yield rows of text as chunks of CSV: UTF-8 with a byte-order mark, CRLF line ends, formulas escaped.

    The first row is yielded immediately.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    buffer.write(BOM)
    chunk_size = 0
    for row in rows:
        writer.writerow(escape_formulas(row))
        if buffer.tell() > chunk_size:
            yield buffer.getvalue().encode(errors="replace")
            buffer.seek(0)
            buffer.truncate()
            chunk_size = CHUNK_SIZE
    yield buffer.getvalue().encode(errors="replace")


XML_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
WORKBOOK_NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONSHIP_NAMESPACE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE_NAMESPACE = "http://schemas.openxmlformats.org/package/2006"
MEDIA_TYPE_PREFIX = "application/vnd.openxmlformats-officedocument.spreadsheetml"
SHEET_START = f'{XML_DECLARATION}<worksheet xmlns="{WORKBOOK_NAMESPACE}"><sheetData>'
SHEET_END = "</sheetData></worksheet>"


def make_parts(sheet_count: int) -> dict[str, str]:
    """Return the parts of a workbook except for its sheets, as name → XML (ECMA-376, parts 1 and 2)."""
    numbers = range(1, sheet_count + 1)
    sheets = "".join(f'<sheet name="Results {n}" sheetId="{n}" r:id="rId{n}"/>' for n in numbers)
    sheets = f"<sheets>{sheets}</sheets>"
    workbook_relationship = make_relationship(1, "xl/workbook.xml", "officeDocument")
    sheet_relationships = [make_relationship(n, f"worksheets/sheet{n}.xml", "worksheet") for n in numbers]
    types = '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    types += make_type("/xl/workbook.xml", "sheet.main")
    types += "".join(make_type(f"/xl/worksheets/sheet{n}.xml", "worksheet") for n in numbers)
    namespaces = f'xmlns="{WORKBOOK_NAMESPACE}" xmlns:r="{RELATIONSHIP_NAMESPACE}"'
    return {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE_NAMESPACE}/content-types">{types}</Types>',
        "_rels/.rels": join_relationships([workbook_relationship]),
        "xl/workbook.xml": f"<workbook {namespaces}>{sheets}</workbook>",
        "xl/_rels/workbook.xml.rels": join_relationships(sheet_relationships),
    }


def make_type(part: str, kind: str) -> str:
    return f'<Override PartName="{part}" ContentType="{MEDIA_TYPE_PREFIX}.{kind}+xml"/>'


def make_relationship(number: int, target: str, kind: str) -> str:
    return f'<Relationship Id="rId{number}" Target="{target}" Type="{RELATIONSHIP_NAMESPACE}/{kind}"/>'


def join_relationships(relationships: Iterable[str]) -> str:
    return f'<Relationships xmlns="{PACKAGE_NAMESPACE}/relationships">{"".join(relationships)}</Relationships>'


class Pipe(io.RawIOBase):
    """Hold what is written until it is taken. It cannot seek, so zipfile writes only forwards."""

    def __init__(self) -> None:
        self.chunks: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, chunk: Any) -> int:
        self.chunks.append(bytes(chunk))
        return len(chunk)

    def take(self) -> bytes:
        taken, self.chunks = b"".join(self.chunks), []
        return taken


def write_xlsx(rows: Iterable[Iterable[str]]) -> Iterator[bytes]:
    """Yield rows as chunks of an XLSX workbook of text cells.

    If there are more rows than fit into a sheet, further sheets follow, each beginning with the first row.
    """
    pipe, rows = Pipe(), iter(rows)
    header = next(rows)
    next_row: list[Iterable[str]] = []
    sheet_count = 0
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book:
        while next_row or not sheet_count:
            sheet_count += 1
            sheet_rows = islice(chain([header], next_row, rows), MAX_SHEET_ROWS)
            with book.open(f"xl/worksheets/sheet{sheet_count}.xml", "w", force_zip64=True) as sheet:
                for chunk in make_sheet_chunks(sheet_rows):
                    sheet.write(chunk.encode())
                    yield pipe.take()
            next_row = list(islice(rows, 1))
        for name, part in make_parts(sheet_count).items():
            book.writestr(name, XML_DECLARATION + part)
    yield pipe.take()


def make_sheet_chunks(rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """Yield a sheet's XML in chunks. The first contains only the first row, and is yielded immediately."""
    pieces, size, chunk_size = [SHEET_START], 0, 0
    for row in rows:
        pieces.append(make_row(row))
        size += len(pieces[-1])
        if size > chunk_size:
            yield "".join(pieces)
            pieces, size, chunk_size = [], 0, CHUNK_SIZE
    yield f"{''.join(pieces)}{SHEET_END}"


def make_row(row: Iterable[str]) -> str:
    return f"<row>{''.join(map(make_cell, row))}</row>"


def make_cell(cell: str) -> str:
    if not cell:
        return "<c/>"
    text = ESCAPE_LOOKALIKE.sub("_x005F_", NOT_XML.sub("", cut_to_cell(cell)))
    text = escape(text, quote=False).replace("\r", "&#13;")
    return f'<c t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


def cut_to_cell(cell: str) -> str:
    """Cut a string to the maximum length of a cell. Spreadsheets count characters beyond 16 bits as two."""
    if len(cell) <= MAX_CELL_LENGTH // 2:
        return cell
    return cell.encode("utf-16-le", "surrogatepass")[: 2 * MAX_CELL_LENGTH].decode("utf-16-le", "ignore")


WRITERS = {"csv": write_csv, "xlsx": write_xlsx}
"""Format of a file → the function that writes it."""
MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""Format of a file → its media type."""
