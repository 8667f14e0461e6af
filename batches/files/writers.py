"""Rows → CSV or XLSX, in pieces that go out as they come: nothing is held but the piece at hand.

In CSV, a cell that a spreadsheet would run as a formula is defused with an apostrophe. In XLSX a text is marked as one
and never run, so that it stays as it was.
"""

import csv
import io
import re
import zipfile
from html import escape
from itertools import chain, islice

PIECE = 64 * 1024
"""Bytes or characters that go out at once."""
BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
LONGEST_CELL = 32_767
MOST_ROWS = 1_048_576
"""Both are Excel's limits (Microsoft: Excel specifications and limits)."""
NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
"""What XML 1.0 cannot hold."""
ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
"""What a spreadsheet would take for a character written by its number."""


BETWEEN = "\x1f"
ANY_DANGEROUS = re.compile(f"{BETWEEN}[{re.escape(''.join(DANGEROUS))}]")


def defuse(row):
    """Defuse the texts in a row that a spreadsheet would run; one look at all of them almost always suffices."""
    if not ANY_DANGEROUS.search(f"{BETWEEN}{BETWEEN.join(row)}"):
        return row
    return [f"'{cell}" if cell.startswith(DANGEROUS) else cell for cell in row]


def write_csv(rows):
    """Rows of texts as pieces of CSV: UTF-8 with a byte-order mark, CRLF line ends, each cell defused.

    The first row goes out at once.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    buffer.write(BOM)
    most = 0
    for row in rows:
        writer.writerow(defuse(row))
        if buffer.tell() > most:
            yield buffer.getvalue().encode(errors="replace")
            buffer.seek(0)
            buffer.truncate()
            most = PIECE
    yield buffer.getvalue().encode(errors="replace")


XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
MEDIA = "application/vnd.openxmlformats-officedocument.spreadsheetml"
SHEET = f'{XML}<worksheet xmlns="{MAIN}"><sheetData>'
END = "</sheetData></worksheet>"


def make_parts(count):
    """Return what a workbook of so many sheets has beside them (ECMA-376, parts 1 and 2)."""
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


def relate(relations):
    inner = "".join(f"<Relationship {relation}/>" for relation in relations)
    return f'<Relationships xmlns="{PACKAGE}/relationships">{inner}</Relationships>'


class Pipe(io.RawIOBase):
    """A file that cannot be gone back in: what is written to it is taken out again."""

    def __init__(self):
        self.pieces = []

    def writable(self):
        return True

    def write(self, piece):
        self.pieces.append(bytes(piece))
        return len(piece)

    def take(self):
        taken, self.pieces = b"".join(self.pieces), []
        return taken


def write_xlsx(rows):
    """Yield rows as pieces of an XLSX workbook of texts.

    After as many rows as Excel takes, another sheet begins, with the first row once more.
    """
    pipe, rows = Pipe(), iter(rows)
    header, row, count = next(rows), None, 0
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book:
        while row is not None or not count:
            count += 1
            sheet_rows = chain([header], [row] if row else [], islice(rows, MOST_ROWS - 1 - bool(row)))
            with book.open(f"xl/worksheets/sheet{count}.xml", "w", force_zip64=True) as sheet:
                for piece in make_sheet(sheet_rows):
                    sheet.write(piece.encode())
                    yield pipe.take()
            row = next(rows, None)
        for name, part in make_parts(count).items():
            book.writestr(name, XML + part)
    yield pipe.take()


def make_sheet(rows):
    """Yield a sheet's XML; the first piece holds the first row only, and goes out at once."""
    waiting, size, most = [SHEET], 0, 0
    for row in rows:
        waiting.append(make_line(row))
        size += len(waiting[-1])
        if size > most:
            yield "".join(waiting)
            waiting, size, most = [], 0, PIECE
    yield f"{''.join(waiting)}{END}"


def make_line(row):
    return f"<row>{''.join(map(make_cell, row))}</row>"


def make_cell(cell):
    if not cell:
        return "<c/>"
    text = ESCAPED.sub("_x005F_", NOT_XML.sub("", cut(cell)))
    text = escape(text, quote=False).replace("\r", "&#13;")
    return f'<c t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


def cut(cell):
    """As much of a text as a cell holds; spreadsheets count what is beyond 16 bits as two."""
    if len(cell) <= LONGEST_CELL // 2:
        return cell
    return cell.encode("utf-16-le", "surrogatepass")[: 2 * LONGEST_CELL].decode("utf-16-le", "ignore")


FORMATS = {
    "csv": (write_csv, "text/csv; charset=utf-8"),
    "xlsx": (write_xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}
"""Format → how it is written, and its media type."""
