"""Read tables from HTML files as rows of text: what many county portals offer as .xls is HTML."""

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from batches.files.encodings import FALLBACK
from batches.files.file_format import CHUNK_SIZE, UnreadableFile

MARKUP_STARTS = (b"<html", b"<!doctype html", b"<table", b"<head", b"<body", b"<meta", b"<style", b"<div", b"<center")
MAX_SPAN = 100
"""Maximum number of columns that a cell can span."""


def is_html(head: bytes) -> bool:
    """Return whether a file starts like a web page."""
    return head.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\0").lower().replace(b"\0", b"").startswith(MARKUP_STARTS)


class TableParser(HTMLParser):
    """Collect the tables of a page, each as rows of text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[list[list[str]]] = []
        self.open_tables: list[list[list[str]]] = []
        """The tables that have not ended, each inside a cell of the one before it."""
        self.cell: list[str] | None = None
        """The pieces of the current cell's text."""
        self.span = 1

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.end_cell()
            self.open_tables.append([])
            self.tables.append(self.open_tables[-1])
        elif tag == "tr" and self.open_tables:
            self.end_cell()
            self.open_tables[-1].append([])
        elif tag in ("td", "th") and self.open_tables:
            self.end_cell()
            if not self.open_tables[-1]:
                self.open_tables[-1].append([])
            span = dict(attrs).get("colspan") or "1"
            self.span = min(int(span), MAX_SPAN) if span.isdecimal() else 1
            self.cell = []
        elif tag in ("br", "p", "div") and self.cell:
            self.cell.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "tr"):
            self.end_cell()
        elif tag == "table" and self.open_tables:
            self.end_cell()
            self.open_tables.pop()

    def handle_data(self, data: str) -> None:
        if self.cell is not None:
            self.cell.append(data)

    def end_cell(self) -> None:
        if self.cell is not None and self.open_tables and self.open_tables[-1]:
            lines = (" ".join(line.split()) for line in "".join(self.cell).split("\n"))
            self.open_tables[-1][-1].extend(["\n".join(filter(None, lines)), *[""] * (self.span - 1)])
        self.cell = None


def read_rows(path: str | Path, encoding: str) -> Iterator[tuple[int, list[str]]]:
    """Yield every row of a page's longest table with its number. Raise UnreadableFile if there is no table."""
    parser = TableParser()
    with Path(path).open(encoding=encoding, errors=FALLBACK if encoding.startswith("utf-8") else "replace") as file:
        while piece := file.read(CHUNK_SIZE):
            parser.feed(piece)
    parser.end_cell()
    table = max(parser.tables, key=len, default=[])
    if not table:
        raise UnreadableFile(
            "This is a web page without a table, not a list. Open it in a spreadsheet program, save it as an XLSX "
            "workbook, and upload that."
        )
    yield from enumerate(table, start=1)
