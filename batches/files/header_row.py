"""Find the row that names the columns of a file, below titles and criteria, and a second such row. Pure."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

MAX_VALUE_LENGTH = 300
"""A longer cell is neither compared with values nor with column names."""
MAX_NAME_LENGTH = 60
ROWS_SEARCHED = 30
"""Number of rows that are searched for column names."""
VALUE = re.compile(r"\d{5}(-\d{4})?|\+?1?[ (.-]*\d{3}[ ).-]*\d{3}[ .-]*\d{4}|[^@\s]+@[^@\s]+\.\w+|\d+ \w+ \w.*")
"""A ZIP, a phone number, an email address, or a street address with its number."""
NAMING_WORDS = {"name", "address", "addr", "state", "zip", "phone", "email", "mail", "owner"}
HEADER_WORDS = NAMING_WORDS | {
    *(
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
    ),
    *(
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
    ),
}
"""Words that occur in column names."""
GROUP_WORDS = {
    *(
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
    ),
    *(
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
    ),
}
"""Words in a row above the column names that groups several columns."""
INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")


@dataclass(frozen=True)
class Header:
    row: int
    """The last row of column names, or 0 if there is none."""
    columns: list[str]


def is_filled(cells: Sequence[str]) -> bool:
    return any(cell.strip() for cell in cells)


def tidy_name(text: str) -> str:
    """Return a column's name on one line, without invisible characters."""
    return " ".join(unicodedata.normalize("NFC", INVISIBLE.sub("", text)).split())


def find_header(head: Sequence[tuple[int, list[str]]]) -> Header:
    """Find the row with the column names. If the first row is data already, return row 0 and invented names.

    Titles above the table fill one or two cells. The header is the first row that fills more than half of the usual
    width, unless another row between it and the first person has more column names.
    """
    widths = Counter(count_filled(cells) for _, cells in head)
    widths.pop(0, None)
    width = max(widths, key=lambda count: (widths[count], count))
    wide = [position for position, (_, cells) in enumerate(head) if count_filled(cells) > width / 2]
    first = wide[0]
    if is_data(head[first][1]):
        return Header(0, [f"Column {position}" for position in range(1, max(len(cells) for _, cells in head) + 1)])
    position = choose_row(head, wide)
    names, position = join_names(head, position)
    filled = [position for _, row in head for position, cell in enumerate(row[: len(names)]) if cell.strip()]
    return Header(head[position][0], names[: max(filled) + 1])


def count_filled(cells: Sequence[str]) -> int:
    return sum(bool(cell.strip()) for cell in cells)


def choose_row(head: Sequence[tuple[int, list[str]]], wide: Sequence[int]) -> int:
    """Choose the row with the most names among the wide rows above the first person."""
    above = []
    for position in wide:
        if position >= ROWS_SEARCHED or is_data(head[position][1]):
            break
        above.append(position)
    first = wide[0]
    best = max(above, key=lambda position: count_names(head[position][1]), default=first)
    return best if count_names(head[best][1]) > max(1, count_names(head[first][1])) else first


def join_names(head: Sequence[tuple[int, list[str]]], position: int) -> tuple[list[str], int]:
    """Return the column names, joined from two rows if both name columns, and the position of the last such row."""
    number, cells = head[position]
    names = [tidy_name(cell) for cell in cells]
    if position and head[position - 1][0] == number - 1 and is_group_row(head[position - 1][1], names):
        return join_groups(head[position - 1][1], names), position
    if (
        position + 1 < len(head)
        and head[position + 1][0] == number + 1
        and continues_header(head[position + 1][1], names)
    ):
        below = [tidy_name(cell) for cell in head[position + 1][1]]
        filled = [name for name in names if name]
        if len(set(filled)) == len(filled) >= len([name for name in below if name]):
            return names, position + 1
        return join_groups(names, below), position + 1
    return names, position


def is_group_row(cells: Sequence[str], names: Sequence[str]) -> bool:
    """Return whether a row groups several columns, such as those of one owner."""
    filled = [cell for cell in cells if cell.strip()]
    grouping = [
        cell for cell in filled if GROUP_WORDS & words_of(cell) and ":" not in cell and not VALUE.fullmatch(cell)
    ]
    return len(grouping) >= 2 and len(filled) < len([name for name in names if name]) and len(cells) <= len(names) + 1


def continues_header(cells: Sequence[str], names: Sequence[str]) -> bool:
    """Return whether the row below the column names continues them, and is not a person."""
    filled = [cell for cell in cells if cell.strip()]
    if is_data(cells) or len(filled) < 2 or len(filled) < len([name for name in names if name]) / 2:
        return False
    return count_names(cells) >= max(2, 0.7 * len(filled))


def join_groups(groups: Sequence[str], names: Sequence[str]) -> list[str]:
    """Return names with their groups, as in `Owner First` for `Owner` above `First`. Empty groups repeat the last."""
    joined, group = [], ""
    for position in range(max(len(groups), len(names))):
        above = tidy_name(groups[position]) if position < len(groups) else ""
        name = names[position] if position < len(names) else ""
        group = above or group
        is_included = group.lower() in name.lower()
        joined.append(name if is_included or (not name and not above) else f"{group} {name}".strip())
    return joined


def words_of(cell: str) -> set[str]:
    return set(re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", cell[:MAX_VALUE_LENGTH]).lower()))


def count_names(cells: Sequence[str]) -> int:
    """Return how many cells of a row could name columns."""
    return sum(
        bool(HEADER_WORDS & words_of(cell))
        and len(cell) <= MAX_NAME_LENGTH
        and ":" not in cell
        and not VALUE.fullmatch(cell.strip())
        for cell in cells
    )


def is_data(cells: Sequence[str]) -> bool:
    """Return whether a row is data: it has values of a person, and no word of a column name."""
    values = {cell for cell in cells if VALUE.fullmatch(cell.strip()[:MAX_VALUE_LENGTH])}
    names = [cell for cell in cells if cell not in values and set(re.findall(r"[a-z]+", cell.lower())) & NAMING_WORDS]
    return bool(values) and not names
