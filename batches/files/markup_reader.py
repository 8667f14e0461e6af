"""Read tables from HTML files, which county portals name .xls, as rows of text. Pure."""

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from batches.files.encodings import FALLBACK
from batches.files.file_format import CHUNK_SIZE, UnreadableFile

MARKUP_STARTS = (b"<html", b"<!doctype html", b"<table", b"<head", b"<body", b"<meta", b"<style", b"<div", b"<center")


def is_html(head: bytes) -> bool:
    """Return whether a file starts like a web page."""
    return head.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\0").lower().replace(b"\0", b"").startswith(MARKUP_STARTS)


class Tables(HTMLParser):
    """Collects the tables of a page, each as rows of texts."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[list[list[str]]] = []
        self.open: list[list[list[str]]] = []
        self.cell: list[str] | None = None
        self.span = 1

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.end_cell()
            self.open.append([])
            self.tables.append(self.open[-1])
        elif tag == "tr" and self.open:
            self.end_cell()
            self.open[-1].append([])
        elif tag in ("td", "th") and self.open:
            self.end_cell()
            if not self.open[-1]:
                self.open[-1].append([])
            span = dict(attrs).get("colspan") or "1"
            self.span = min(int(span), 100) if span.isdecimal() else 1
            self.cell = []
        elif tag in ("br", "p", "div") and self.cell:
            self.cell.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "tr"):
            self.end_cell()
        elif tag == "table" and self.open:
            self.end_cell()
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.cell is not None:
            self.cell.append(data)

    def end_cell(self) -> None:
        if self.cell is not None and self.open and self.open[-1]:
            lines = (" ".join(line.split()) for line in "".join(self.cell).split("\n"))
            self.open[-1][-1].extend(["\n".join(filter(None, lines)), *[""] * (self.span - 1)])
        self.cell = None


def read_rows(path: str | Path, encoding: str) -> Iterator[tuple[int, list[str]]]:
    """Yield every row of a page's longest table with its number. Raises UnreadableFile if it has none."""
    parser = Tables()
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
