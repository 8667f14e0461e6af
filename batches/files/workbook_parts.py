"""Read the XML inside a workbook as a stream, and keep only what is asked for.

A document with a document type or entities is refused before any are expanded. No office program writes one, and the
format forbids it (ECMA-376, part 2).
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from string import digits
from typing import IO, Any
from xml.parsers import expat
from zipfile import ZipFile

WORKBOOK = "xl/workbook.xml"
RELATIONS = "xl/_rels/workbook.xml.rels"
CHUNK_SIZE = 1 << 20
"""Bytes that are parsed at a time."""
MAX_COLUMNS = 16_384
MAX_ROWS = 1_048_576
"""The limits of Excel."""

Handler = Callable[[str, dict[str, str]], None]
"""A function that is called with each element's name and attributes."""


class DamagedPart(Exception):
    """XML that cannot be read, or contains what no workbook contains."""


class LocalNames(dict[str, str]):
    """Element and attribute names without prefixes, cached."""

    def __missing__(self, name: str) -> str:
        local = self[name] = name.rpartition(":")[2]
        return local


def parse(part: IO[bytes], make_handler: Callable[[Any], Handler]) -> None:
    """Parse a part and call a handler with each element's name and attributes. Raises DamagedPart."""
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse_type
    parser.EntityDeclHandler = refuse_type
    parser.StartElementHandler = make_handler(parser)
    try:
        while piece := part.read(CHUNK_SIZE):
            parser.Parse(piece, False)
        parser.Parse(b"", True)
    except (expat.ExpatError, ValueError):
        raise DamagedPart from None


def refuse_type(*_: Any) -> None:
    raise DamagedPart


def find_sheet_part(archive: ZipFile, sheet: str) -> str | None:
    """Return the archive name of the part with a sheet's cells, or None if it is unknown."""
    names = set(archive.namelist())
    if not {WORKBOOK, RELATIONS} <= names:
        return None
    ids = {found["name"]: found["id"] for found in find_elements(archive, WORKBOOK, "sheet", ("name", "id"))}
    relations = find_elements(archive, RELATIONS, "Relationship", ("Id", "Target"))
    targets = {found["Id"]: found["Target"] for found in relations}
    target = targets.get(ids.get(sheet, ""), "")
    part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return part if part in names else None


def find_elements(archive: ZipFile, part: str, element: str, wanted: Sequence[str]) -> list[dict[str, str]]:
    """Return the wanted attributes of all elements of this name that have them all."""
    names, found = LocalNames(), []

    def handle(name: str, attributes: dict[str, str]) -> None:
        if names[name] == element:
            local = {names[key]: value for key, value in attributes.items()}
            if local.keys() >= set(wanted):
                found.append({key: local[key] for key in wanted})

    with archive.open(part) as file:
        parse(file, lambda parser: handle)
    return found


class ColumnNumbers(dict[str, int]):
    """Letters of a column → its number from 1, cached."""

    def __missing__(self, letters: str) -> int:
        if not 1 <= len(letters) <= 3 or not letters.isascii() or not letters.isalpha():
            raise ValueError
        number = 0
        for letter in letters.upper():
            number = 26 * number + ord(letter) - ord("A") + 1
        self[letters] = number
        return number


def name_column(number: int) -> str:
    """Return the letters of a column: 1 is A, 28 is AB."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


@dataclass
class SheetExtent:
    """The position of a sheet's filled cells, and the first formula without a saved result."""

    filled: int = 0
    first_row: int = 0
    last_row: int = 0
    in_last_row: int = 0
    """Number of filled cells."""
    last_row_column: int = 0
    """Row of the first filled cell."""
    in_column: Counter[int] = field(default_factory=Counter)
    """Column number → number of filled cells."""
    row_of_column: dict[int, int] = field(default_factory=dict)
    """Column number → row of its first filled cell."""
    unsaved_formula: str = ""
    """The first cell with such a formula."""
    hidden_rows: set[int] = field(default_factory=set)
    """Numbers of hidden rows with content."""
    hidden_columns: set[int] = field(default_factory=set)
    """Numbers of hidden columns with content."""

    def add(self, row: int, column: int) -> None:
        """Count a filled cell."""
        self.filled += 1
        if row > self.last_row:
            self.last_row, self.in_last_row, self.last_row_column = row, 0, column
        if row == self.last_row:
            self.in_last_row += 1
        if row < self.first_row or self.filled == 1:
            self.first_row = row
        self.in_column[column] += 1
        if column not in self.row_of_column:
            self.row_of_column[column] = row

    @property
    def height(self) -> int:
        """Number of rows from the first to the last filled one."""
        return self.last_row - self.first_row + 1 if self.filled else 0

    @property
    def box(self) -> int:
        """Number of cells in the box around all filled cells. A reader that keeps empty cells creates all of them."""
        return self.height * (max(self.in_column) - min(self.in_column) + 1) if self.filled else 0

    @property
    def outermost(self) -> str:
        """The cell that makes the box large, in its last row or its last column, whichever has fewer filled cells."""
        column = max(self.in_column)
        if self.in_last_row <= self.in_column[column]:
            return f"{name_column(self.last_row_column)}{self.last_row}"
        return f"{name_column(column)}{self.row_of_column[column]}"


def measure_sheet(archive: ZipFile, part: str) -> SheetExtent:
    """Measure where a sheet's filled cells are, without storing them. Raises DamagedPart."""
    extent = SheetExtent()
    with archive.open(part) as file:
        scan = SheetScan(extent)
        parse(file, scan.use)
        scan.end_cell()
    extent.hidden_columns = {
        column for column in extent.in_column for first, last in scan.hidden_columns if first <= column <= last
    }
    return extent


def is_hidden(attributes: dict[str, str], size: str) -> bool:
    """Return whether a row or a column is hidden, or has no height or width."""
    return attributes.get("hidden") in ("1", "true") or attributes.get(size) in ("0", "0.0")


class SheetScan:
    """Reads a sheet's elements into its extent. A cell without an address follows the previous cell.

    It is called for each element of a sheet, of which there may be millions, so a cell's position is computed only if
    the cell is filled.
    """

    def __init__(self, extent: SheetExtent) -> None:
        self.extent, self.names, self.numbers = extent, LocalNames(), ColumnNumbers()
        self.row = self.column = 0
        self.cell: dict[str, str] = {}
        self.has_formula = self.has_result = self.is_hidden = False
        self.hidden_columns: list[tuple[int, int]] = []

    def use(self, parser: Any) -> Handler:
        self.parser = parser
        return self.handle

    def handle(self, name: str, attributes: dict[str, str]) -> None:
        kind = self.names[name]
        if kind == "c":
            if self.has_formula:
                self.end_cell()
            self.cell = attributes
            self.column += 1
        elif kind == "v" or kind == "is":
            self.find_place()
            self.extent.add(self.row, self.column)
            if self.is_hidden:
                self.extent.hidden_rows.add(self.row)
            if self.has_formula:
                self.begin_result()
        elif kind == "f":
            self.has_formula, self.has_result = True, False
        elif kind == "row":
            self.row, self.column = int(attributes.get("r") or self.row + 1), 0
            self.is_hidden = is_hidden(attributes, "ht")
        elif kind == "col" and is_hidden(attributes, "width"):
            first, last = int(attributes["min"]), int(attributes["max"])
            self.hidden_columns.append((first, last))

    def find_place(self) -> None:
        if reference := self.cell.get("r"):
            letters = reference.rstrip(digits)
            self.row, self.column = int(reference[len(letters) :]), self.numbers[letters]

    def begin_result(self) -> None:
        # An empty text is a result; an empty value of another type is none.
        if self.cell.get("t") == "str":
            self.has_result = True
        else:
            self.parser.CharacterDataHandler = self.record_result

    def record_result(self, _: str) -> None:
        self.has_result = True
        self.parser.CharacterDataHandler = None

    def end_cell(self) -> None:
        if self.has_formula and not self.has_result and not self.extent.unsaved_formula:
            self.find_place()
            self.extent.unsaved_formula = f"{name_column(self.column)}{self.row}"
        self.has_formula = False
        self.parser.CharacterDataHandler = None


class XmlSheets:
    """Collects the rows of an XML spreadsheet (2003), which some programs name .xls: sheet → numbered rows."""

    def __init__(self) -> None:
        self.names = LocalNames()
        self.sheets: dict[str, list[tuple[int, list[str]]]] = {}
        self.hidden: dict[str, set[int]] = {}
        self.sheet, self.row = "", 0
        self.cells: list[str] = []
        self.text: list[str] | None = None

    def use(self, parser: Any) -> Handler:
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.add_text
        return self.begin

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        kind = self.names[name]
        local = {self.names[key]: value for key, value in attributes.items()}
        if kind == "Worksheet":
            self.sheet, self.row = local.get("Name", f"Sheet {len(self.sheets) + 1}"), 0
            self.sheets[self.sheet], self.hidden[self.sheet] = [], set()
        elif kind == "Row":
            last, self.row, self.cells = self.row, int(local.get("Index") or self.row + 1), []
            if not last < self.row <= MAX_ROWS:
                raise ValueError
            if local.get("Hidden") == "1":
                self.hidden[self.sheet].add(self.row)
        elif kind == "Cell":
            place = int(local.get("Index") or len(self.cells) + 1)
            if place > MAX_COLUMNS:
                raise ValueError
            self.cells += [""] * (place - 1 - len(self.cells))
            self.cells.append("")
            self.merged = min(int(local.get("MergeAcross") or 0), MAX_COLUMNS)
        elif kind == "Data":
            self.text = []

    def add_text(self, text: str) -> None:
        if self.text is not None:
            self.text.append(text)

    def end(self, name: str) -> None:
        kind = self.names[name]
        if kind == "Data" and self.text is not None:
            if self.cells:
                self.cells[-1] = "".join(self.text)
            self.text = None
        elif kind == "Cell":
            self.cells += [""] * self.merged
        elif kind == "Row" and self.sheet in self.sheets:
            self.sheets[self.sheet].append((self.row, self.cells))


def read_xml_sheets(file: IO[bytes]) -> XmlSheets:
    """Read all sheets of an XML spreadsheet. Raises DamagedPart."""
    sheets = XmlSheets()
    parse(file, sheets.use)
    return sheets
