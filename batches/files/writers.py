"""Write rows as CSV or XLSX in chunks, of which only the current one is in memory.

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
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
MAX_CELL_LENGTH = 32_767
MAX_SHEET_ROWS = 1_048_576
"""Both are limits of Excel (Microsoft: Excel specifications and limits)."""
NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
"""Characters that XML 1.0 does not allow."""
ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
"""Text that a spreadsheet would read as an escaped character."""


BETWEEN = "\x1f"
HARMLESS = re.compile(r"[+-]\d[\d,]*(?:\.\d+)?(?:E[+-]?\d+)?%?|[+-]\.\d+|\+\d[\d ().-]*|-+", re.IGNORECASE)
"""Signed numbers, phones and dashes: no spreadsheet runs them, so they are not changed."""
ANY_DANGEROUS = re.compile(f"{BETWEEN}[{re.escape(''.join(DANGEROUS))}]")


def escape_formulas(row: list[str]) -> list[str]:
    """Escape the texts in a row that a spreadsheet would run. One check of the whole row is nearly always enough."""
    if not ANY_DANGEROUS.search(f"{BETWEEN}{BETWEEN.join(row)}"):
        return row
    return [f"'{cell}" if cell.startswith(DANGEROUS) and not HARMLESS.fullmatch(cell) else cell for cell in row]


def write_csv(rows: Iterable[list[str]]) -> Iterator[bytes]:
    """Yield rows of text as chunks of CSV: UTF-8 with a byte-order mark, CRLF line ends, formulas escaped.

    The first row is yielded immediately.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    buffer.write(BOM)
    most = 0
    for row in rows:
        writer.writerow(escape_formulas(row))
        if buffer.tell() > most:
            yield buffer.getvalue().encode(errors="replace")
            buffer.seek(0)
            buffer.truncate()
            most = CHUNK_SIZE
    yield buffer.getvalue().encode(errors="replace")


XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
MEDIA = "application/vnd.openxmlformats-officedocument.spreadsheetml"
SHEET = f'{XML}<worksheet xmlns="{MAIN}"><sheetData>'
END = "</sheetData></worksheet>"


def make_parts(count: int) -> dict[str, str]:
    """Return the parts of a workbook with `count` sheets other than the sheets (ECMA-376, parts 1 and 2)."""
    numbers = range(1, count + 1)
    sheets = "".join(f'<sheet name="Results {n}" sheetId="{n}" r:id="rId{n}"/>' for n in numbers)
    relations = [f'Id="rId{n}" Target="worksheets/sheet{n}.xml" Type="{OFFICE}/worksheet"' for n in numbers]
    types = {"/xl/workbook.xml": "sheet.main"} | {f"/xl/worksheets/sheet{n}.xml": "worksheet" for n in numbers}
    overrides = "".join(f'<Override PartName="{p}" ContentType="{MEDIA}.{kind}+xml"/>' for p, kind in types.items())
    rels = '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    return {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">{rels}{overrides}</Types>',
        "_rels/.rels": relate([f'Id="rId1" Target="xl/workbook.xml" Type="{OFFICE}/officeDocument"']),
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{sheets}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": relate(relations),
    }


def relate(relations: Iterable[str]) -> str:
    inner = "".join(f"<Relationship {relation}/>" for relation in relations)
    return f'<Relationships xmlns="{PACKAGE}/relationships">{inner}</Relationships>'


class Pipe(io.RawIOBase):
    """A file that cannot seek: what is written to it is taken out again."""

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

    After the most rows that Excel allows, another sheet begins, with the first row repeated.
    """
    pipe, rows = Pipe(), iter(rows)
    header, row, count = next(rows), None, 0
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book:
        while row is not None or not count:
            count += 1
            sheet_rows = chain([header], [row] if row else [], islice(rows, MAX_SHEET_ROWS - 1 - bool(row)))
            with book.open(f"xl/worksheets/sheet{count}.xml", "w", force_zip64=True) as sheet:
                for chunk in make_sheet(sheet_rows):
                    sheet.write(chunk.encode())
                    yield pipe.take()
            row = next(rows, None)
        for name, part in make_parts(count).items():
            book.writestr(name, XML + part)
    yield pipe.take()


def make_sheet(rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """Yield a sheet's XML. The first chunk contains only the first row, and is yielded immediately."""
    waiting, size, most = [SHEET], 0, 0
    for row in rows:
        waiting.append(make_line(row))
        size += len(waiting[-1])
        if size > most:
            yield "".join(waiting)
            waiting, size, most = [], 0, CHUNK_SIZE
    yield f"{''.join(waiting)}{END}"


def make_line(row: Iterable[str]) -> str:
    return f"<row>{''.join(map(make_cell, row))}</row>"


def make_cell(cell: str) -> str:
    if not cell:
        return "<c/>"
    text = ESCAPED.sub("_x005F_", NOT_XML.sub("", cut(cell)))
    text = escape(text, quote=False).replace("\r", "&#13;")
    return f'<c t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


def cut(cell: str) -> str:
    """Cut a text to the length of a cell. Spreadsheets count characters beyond 16 bits as two."""
    if len(cell) <= MAX_CELL_LENGTH // 2:
        return cell
    return cell.encode("utf-16-le", "surrogatepass")[: 2 * MAX_CELL_LENGTH].decode("utf-16-le", "ignore")


FORMATS = {
    "csv": (write_csv, "text/csv; charset=utf-8"),
    "xlsx": (write_xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}
"""Format → its writer and its media type."""
