"""Read the XML parts of a workbook as streams, and keep only what is asked for.

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
OPEN_DOCUMENT = "content.xml"
COLLAPSED = ("collapse", "filter")
"""How an OpenDocument spreadsheet marks rows and columns that are hidden by hand, or by a filter."""
CHUNK_SIZE = 1 << 20
"""Bytes that are parsed at a time."""
MAX_COLUMNS = 16_384
MAX_ROWS = 1_048_576
"""The limits of Excel."""

Handler = Callable[[str, dict[str, str]], None]
"""A function that is called with the name and attributes of each element."""


class DamagedPart(Exception):
    """An XML part that cannot be read, or that contains what no workbook may contain."""


class LocalNames(dict[str, str]):
    """Cache of element and attribute names without their prefixes: `x:row` → `row`."""

    def __missing__(self, name: str) -> str:
        local = self[name] = name.rpartition(":")[2]
        return local

    def strip_prefixes(self, attributes: dict[str, str]) -> dict[str, str]:
        """Return attributes by their names without prefixes."""
        return {self[name]: value for name, value in attributes.items()}


def parse(part: IO[bytes], make_handler: Callable[[Any], Handler]) -> None:
    """Parse a part, and call a handler for each element. `make_handler` gets the parser.

    Raise DamagedPart if the part cannot be read.
    """
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse_declaration
    parser.EntityDeclHandler = refuse_declaration
    parser.StartElementHandler = make_handler(parser)
    try:
        while piece := part.read(CHUNK_SIZE):
            parser.Parse(piece, False)
        parser.Parse(b"", True)
    except (expat.ExpatError, ValueError):
        raise DamagedPart from None


def refuse_declaration(*_: Any) -> None:
    raise DamagedPart


def find_sheet_part(archive: ZipFile, sheet: str) -> str | None:
    """Return the archive name of the part that holds a sheet's cells, or None if there is no such part."""
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
    """Return the wanted attributes of each element of this name that has all of them."""
    names, found = LocalNames(), []

    def handle(name: str, attributes: dict[str, str]) -> None:
        if names[name] == element:
            local = names.strip_prefixes(attributes)
            if local.keys() >= set(wanted):
                found.append({key: local[key] for key in wanted})

    with archive.open(part) as file:
        parse(file, lambda parser: handle)
    return found


class ColumnNumbers(dict[str, int]):
    """Cache of column numbers: A is 1, AB is 28."""

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
    """The position of a sheet's filled cells, its hidden rows and columns, and its first formula without a result."""

    filled: int = 0
    """Number of filled cells."""
    first_row: int = 0
    """Number of the first row with a filled cell."""
    last_row: int = 0
    """Number of the last row with a filled cell."""
    filled_in_last_row: int = 0
    """Number of filled cells in the last row."""
    first_column_in_last_row: int = 0
    """Column of the first filled cell in the last row."""
    filled_in_column: Counter[int] = field(default_factory=Counter)
    """Column number → number of filled cells."""
    first_row_in_column: dict[int, int] = field(default_factory=dict)
    """Column number → row of its first filled cell."""
    unsaved_formula: str = ""
    """The first cell with a formula whose result was not saved, such as `C7`."""
    hidden_rows: set[int] = field(default_factory=set)
    """Numbers of hidden rows with content."""
    hidden_columns: set[int] = field(default_factory=set)
    """Numbers of hidden columns with content."""

    def add(self, row: int, column: int) -> None:
        """Count a filled cell."""
        self.filled += 1
        if row > self.last_row:
            self.last_row, self.filled_in_last_row, self.first_column_in_last_row = row, 0, column
        if row == self.last_row:
            self.filled_in_last_row += 1
        if row < self.first_row or self.filled == 1:
            self.first_row = row
        self.filled_in_column[column] += 1
        if column not in self.first_row_in_column:
            self.first_row_in_column[column] = row

    @property
    def height(self) -> int:
        """Number of rows from the first to the last filled one."""
        return self.last_row - self.first_row + 1 if self.filled else 0

    @property
    def box_size(self) -> int:
        """Number of cells in the box around all filled cells, which a reader that keeps empty cells creates."""
        return self.height * (max(self.filled_in_column) - min(self.filled_in_column) + 1) if self.filled else 0

    @property
    def outermost_cell(self) -> str:
        """A cell that makes the box large: the first in its last row or column, whichever has fewer filled cells."""
        column = max(self.filled_in_column)
        if self.filled_in_last_row <= self.filled_in_column[column]:
            return f"{name_column(self.first_column_in_last_row)}{self.last_row}"
        return f"{name_column(column)}{self.first_row_in_column[column]}"


def measure_sheet(archive: ZipFile, part: str) -> SheetExtent:
    """Measure where a sheet's filled cells are, without storing them. Raise DamagedPart if it cannot be read."""
    extent = SheetExtent()
    with archive.open(part) as file:
        scan = SheetScan(extent)
        parse(file, scan.make_handler)
        scan.end_cell()
    extent.hidden_columns = {
        column for column in extent.filled_in_column for first, last in scan.hidden_columns if first <= column <= last
    }
    return extent


def is_hidden(attributes: dict[str, str], size_name: str) -> bool:
    """Return whether a row or column is hidden, or its size (`ht` or `width`) is 0."""
    return attributes.get("hidden") in ("1", "true") or attributes.get(size_name) in ("0", "0.0")


class SheetScan:
    """Read a sheet's elements into its extent. A cell without an address follows the previous cell.

    A sheet may have millions of elements, so a cell's position is computed only if the cell is filled.
    """

    def __init__(self, extent: SheetExtent) -> None:
        self.extent, self.names, self.numbers = extent, LocalNames(), ColumnNumbers()
        self.row = self.column = 0
        self.cell: dict[str, str] = {}
        self.has_formula = self.has_result = self.is_hidden = False
        self.hidden_columns: list[tuple[int, int]] = []

    def make_handler(self, parser: Any) -> Handler:
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
            self.find_position()
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

    def find_position(self) -> None:
        if reference := self.cell.get("r"):
            letters = reference.rstrip(digits)
            self.row, self.column = int(reference[len(letters) :]), self.numbers[letters]

    def begin_result(self) -> None:
        # An empty string is a result. An empty value of another type is not, so wait for its characters.
        if self.cell.get("t") == "str":
            self.has_result = True
        else:
            self.parser.CharacterDataHandler = self.record_result

    def record_result(self, _: str) -> None:
        self.has_result = True
        self.parser.CharacterDataHandler = None

    def end_cell(self) -> None:
        if self.has_formula and not self.has_result and not self.extent.unsaved_formula:
            self.find_position()
            self.extent.unsaved_formula = f"{name_column(self.column)}{self.row}"
        self.has_formula = False
        self.parser.CharacterDataHandler = None


class OpenDocumentScan:
    """Find the hidden rows and columns with content in one sheet of an OpenDocument spreadsheet.

    An element can stand for several rows or cells that are alike.
    """

    def __init__(self, sheet: str, extent: SheetExtent) -> None:
        self.sheet, self.extent, self.names = sheet, extent, LocalNames()
        self.is_wanted = False
        self.rows = self.columns = self.cells = range(1, 1)
        """The numbers that the last element of each kind stands for."""
        self.is_hidden = False
        self.hidden_columns: set[int] = set()

    def make_handler(self, parser: Any) -> Handler:
        return self.handle

    def handle(self, name: str, attributes: dict[str, str]) -> None:
        kind = self.names[name]
        if kind == "table":
            self.is_wanted = self.names.strip_prefixes(attributes).get("name") == self.sheet
        elif not self.is_wanted:
            return
        elif kind == "table-column":
            local = self.names.strip_prefixes(attributes)
            self.columns = next_numbers(self.columns, local.get("number-columns-repeated"), MAX_COLUMNS)
            if local.get("visibility") in COLLAPSED:
                self.hidden_columns.update(self.columns)
        elif kind == "table-row":
            local = self.names.strip_prefixes(attributes)
            self.rows = next_numbers(self.rows, local.get("number-rows-repeated"), MAX_ROWS)
            self.cells, self.is_hidden = range(1, 1), local.get("visibility") in COLLAPSED
        elif kind in ("table-cell", "covered-table-cell"):
            local = self.names.strip_prefixes(attributes)
            self.cells = next_numbers(self.cells, local.get("number-columns-repeated"), MAX_COLUMNS)
        elif kind == "p":
            if self.is_hidden:
                self.extent.hidden_rows.update(self.rows)
            self.extent.hidden_columns.update(self.hidden_columns.intersection(self.cells))


def next_numbers(previous: range, repeated: str | None, maximum: int) -> range:
    """Return the row or column numbers of an element that stands for `repeated` of them, after the previous one's.

    No number is above `maximum`.
    """
    return range(previous.stop, min(previous.stop + int(repeated or 1), maximum + 1))


def find_hidden(archive: ZipFile, sheet: str) -> SheetExtent:
    """Find what a sheet of an OpenDocument spreadsheet hides. Raise DamagedPart if it cannot be read."""
    extent = SheetExtent()
    with archive.open(OPEN_DOCUMENT) as file:
        parse(file, OpenDocumentScan(sheet, extent).make_handler)
    return extent


class XmlSheets:
    """Collect the numbered rows of each sheet of an XML spreadsheet (2003), which some programs name .xls."""

    def __init__(self) -> None:
        self.names = LocalNames()
        self.sheets: dict[str, list[tuple[int, list[str]]]] = {}
        self.hidden: dict[str, set[int]] = {}
        self.sheet, self.row = "", 0
        self.cells: list[str] = []
        self.text: list[str] | None = None

    def make_handler(self, parser: Any) -> Handler:
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.add_text
        return self.begin

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        kind = self.names[name]
        local = self.names.strip_prefixes(attributes)
        if kind == "Worksheet":
            self.sheet, self.row = local.get("Name", f"Sheet {len(self.sheets) + 1}"), 0
            self.sheets[self.sheet], self.hidden[self.sheet] = [], set()
        elif kind == "Row":
            row = int(local.get("Index") or self.row + 1)
            if not self.row < row <= MAX_ROWS:
                raise ValueError
            self.row, self.cells = row, []
            if local.get("Hidden") == "1":
                self.hidden[self.sheet].add(self.row)
        elif kind == "Cell":
            column = int(local.get("Index") or len(self.cells) + 1)
            if column > MAX_COLUMNS:
                raise ValueError
            self.cells += [""] * (column - 1 - len(self.cells))
            self.cells.append("")
            self.merged_columns = min(int(local.get("MergeAcross") or 0), MAX_COLUMNS)
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
            self.cells += [""] * self.merged_columns
        elif kind == "Row" and self.sheet in self.sheets:
            self.sheets[self.sheet].append((self.row, self.cells))


def read_xml_sheets(file: IO[bytes]) -> XmlSheets:
    """Read all sheets of an XML spreadsheet. Raise DamagedPart if it cannot be read."""
    sheets = XmlSheets()
    parse(file, sheets.make_handler)
    return sheets
