"""Find the one or two rows that name the columns of a file, below titles and search criteria. Pure."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

MAX_VALUE_LENGTH = 300
"""Number of characters at the start of a cell that are compared with values and column names."""
MAX_NAME_LENGTH = 60
"""A longer cell is not taken for a column name."""
ROWS_SEARCHED = 30
"""Number of rows at the top of a file that are searched for column names."""
MIN_NAME_SHARE = 0.7
"""Share of the filled cells of a second header row that must look like column names."""
VALUE = re.compile(r"\d{5}(-\d{4})?|\+?1?[ (.-]*\d{3}[ ).-]*\d{3}[ .-]*\d{4}|[^@\s]+@[^@\s]+\.\w+|\d+ \w+ \w.*")
"""A ZIP, a phone number, an email address, or a street address with its number."""
NAMING_WORDS = {"name", "address", "addr", "state", "zip", "phone", "email", "mail", "owner"}
"""Words that occur in nearly every header row and in few values."""
HEADER_WORDS = NAMING_WORDS | {
    "city",
    "street",
    "first",
    "last",
    "middle",
    "parcel",
    "apn",
    "property",
    "situs",
    "site",
    "mailing",
    "postal",
    "unit",
    "apt",
    "zipcode",
    "firstname",
    "lastname",
    "county",
    "id",
    "date",
    "type",
    "number",
    "no",
    "code",
    "value",
    "company",
    "line",
    "suite",
}
"""Words that occur in column names."""
GROUP_WORDS = {
    "owner",
    "owners",
    "property",
    "site",
    "situs",
    "mailing",
    "mail",
    "contact",
    "location",
    "physical",
    "taxpayer",
    "buyer",
    "seller",
    "borrower",
    "primary",
    "secondary",
    "address",
    "person",
    "billing",
    "client",
    "customer",
    "resident",
    "lead",
}
"""Words that name a group of columns, in a row above the column names."""
INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")


@dataclass(frozen=True)
class Header:
    row: int
    """Number of the row with the column names; the last one if there are two, 0 if there is none."""
    columns: list[str]


def is_filled(cells: Sequence[str]) -> bool:
    return any(cell.strip() for cell in cells)


def tidy_name(text: str) -> str:
    """Return a column's name on one line, without invisible characters."""
    return " ".join(unicodedata.normalize("NFC", INVISIBLE.sub("", text)).split())


def find_header(head: Sequence[tuple[int, list[str]]]) -> Header:
    """Find the column names in the first numbered rows of a file. If there are none, return row 0 and invented names.

    Titles above the table fill one or two cells. The header is the first row that fills more than half of the usual
    width, unless another row between it and the first person has more column names.
    """
    rows = [cells for _, cells in head]
    usual_width = find_usual_width(rows)
    wide = [position for position, cells in enumerate(rows) if count_filled(cells) > usual_width / 2]
    if is_data(rows[wide[0]]):
        return Header(0, [f"Column {number}" for number in range(1, max(map(len, rows)) + 1)])
    names, position = join_names(head, choose_row(rows, wide))
    last_filled = max(column for cells in rows for column, cell in enumerate(cells[: len(names)]) if cell.strip())
    number, _ = head[position]
    return Header(number, names[: last_filled + 1])


def find_usual_width(rows: Sequence[Sequence[str]]) -> int:
    """Return the number of filled cells that most rows have, and the larger number if two are equally frequent."""
    widths = Counter(count_filled(cells) for cells in rows)
    widths.pop(0, None)
    return max(widths, key=lambda width: (widths[width], width))


def count_filled(cells: Sequence[str]) -> int:
    return sum(bool(cell.strip()) for cell in cells)


def choose_row(rows: Sequence[Sequence[str]], wide: Sequence[int]) -> int:
    """Return the position of the row with the most column names, among the wide rows above the first person."""
    candidates = []
    for position in wide:
        if position >= ROWS_SEARCHED or is_data(rows[position]):
            break
        candidates.append(position)
    first = wide[0]
    best = max(candidates, key=lambda position: count_names(rows[position]), default=first)
    return best if count_names(rows[best]) > max(1, count_names(rows[first])) else first


def join_names(head: Sequence[tuple[int, list[str]]], position: int) -> tuple[list[str], int]:
    """Return the column names, joined from two rows if both name columns, and the position of the last such row."""
    number, cells = head[position]
    names = [tidy_name(cell) for cell in cells]
    cells_by_number = dict(head[max(position - 1, 0) : position + 2])
    above, below = cells_by_number.get(number - 1, []), cells_by_number.get(number + 1, [])
    if is_group_row(above, names):
        return join_groups(above, names), position
    if continues_header(below, names):
        names_below = [tidy_name(cell) for cell in below]
        are_unique = len(set(filter(None, names))) == count_filled(names)
        if are_unique and count_filled(names) >= count_filled(names_below):
            # The first row is enough to tell the columns apart.
            return names, position + 1
        return join_groups(names, names_below), position + 1
    return names, position


def is_group_row(cells: Sequence[str], names: Sequence[str]) -> bool:
    """Return whether the row above the column names names groups of columns, such as those of one owner."""
    groups = [
        cell for cell in cells if GROUP_WORDS & split_words(cell) and ":" not in cell and not VALUE.fullmatch(cell)
    ]
    return len(groups) >= 2 and count_filled(cells) < count_filled(names) and len(cells) <= len(names) + 1


def continues_header(cells: Sequence[str], names: Sequence[str]) -> bool:
    """Return whether the row below the column names continues them, and is not a person."""
    filled = count_filled(cells)
    if is_data(cells) or filled < 2 or filled < count_filled(names) / 2:
        return False
    return count_names(cells) >= max(2, MIN_NAME_SHARE * filled)


def join_groups(groups: Sequence[str], names: Sequence[str]) -> list[str]:
    """Return names with their groups: `Owner First` for `First` below `Owner`.

    A group covers its own column and those to its right, up to the next group.
    """
    joined, group = [], ""
    for position in range(max(len(groups), len(names))):
        above = tidy_name(groups[position]) if position < len(groups) else ""
        name = names[position] if position < len(names) else ""
        group = above or group
        is_included = group.lower() in name.lower()
        joined.append(name if is_included or (not name and not above) else f"{group} {name}".strip())
    return joined


def split_words(cell: str) -> set[str]:
    """Return the words of a cell in lower case. `FirstName` is two words."""
    return set(re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", cell[:MAX_VALUE_LENGTH]).lower()))


def count_names(cells: Sequence[str]) -> int:
    """Return how many cells of a row could name columns."""
    return sum(
        bool(HEADER_WORDS & split_words(cell))
        and len(cell) <= MAX_NAME_LENGTH
        and ":" not in cell
        and not VALUE.fullmatch(cell.strip())
        for cell in cells
    )


def is_data(cells: Sequence[str]) -> bool:
    """Return whether a row is data: it has a value of a person, and no other cell has a word of a column name."""
    values = {cell for cell in cells if VALUE.fullmatch(cell.strip()[:MAX_VALUE_LENGTH])}
    names = [cell for cell in cells if cell not in values and NAMING_WORDS & set(re.findall(r"[a-z]+", cell.lower()))]
    return bool(values) and not names
