"""The rows of the table on the columns step: one for each column of the file, and for each field that lacks one."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.forms.boundfield import BoundField

from batches.mapping.fields import GROUPS

SAMPLE_COUNT = 3
"""Maximum number of values shown for a column."""
MAX_SAMPLE_LENGTH = 60
"""Maximum length of a value as shown."""
MAX_READ_LENGTH = 300
"""Maximum number of characters of a value that are read for this."""


@dataclass(frozen=True)
class ColumnRow:
    """One column of the file."""

    position: int
    name: str
    samples: list[str]
    select: BoundField
    """The field it is mapped to."""
    more: list[BoundField]
    """Selects for further fields. Empty if it cannot be used twice."""
    notes: list[str]
    """What is done with it."""
    doubt: str = ""
    """Why the user is asked to confirm it; empty if certain."""
    group: str = ""
    """Heading of its field; empty if not mapped."""
    is_refused: bool = False
    """Whether too many columns go to its field. The error is shown at the last of them."""
    errors: list[str] = field(default_factory=list)

    @property
    def is_used_twice(self) -> bool:
        return any(each.value() for each in self.more)


@dataclass(frozen=True)
class MissingRow:
    """A field that has no column."""

    name: str
    label: str
    sentence: str
    source: BoundField | None
    """Where it comes from, if there is a choice."""
    fixed: BoundField | None
    """Its value for every row, if it can have one."""
    is_asked: bool
    group: str
    is_derived: bool = False
    """Whether it can be derived from another field."""


@dataclass(frozen=True)
class ColumnGroup:
    """Rows under one heading."""

    heading: str
    missing: list[MissingRow] = field(default_factory=list)
    columns: list[ColumnRow] = field(default_factory=list)
    is_asked: bool = False

    @property
    def key(self) -> str:
        """Its name in ids."""
        return "asked" if self.is_asked else self.heading.lower()

    @property
    def has_errors(self) -> bool:
        return any(row.errors for row in self.columns)


def group_rows(columns: Sequence[ColumnRow], missing: Sequence[MissingRow]) -> list[ColumnGroup]:
    """Return the groups, even if they are empty: first what needs a look, then the fields by heading."""
    asked = ColumnGroup(
        "Needs a look", [row for row in missing if row.is_asked], [row for row in columns if row.doubt], is_asked=True
    )
    by_heading = [
        ColumnGroup(
            heading,
            [row for row in missing if row.group == heading and not row.is_asked],
            [row for row in columns if row.group == heading and not row.doubt],
        )
        for heading in GROUPS
    ]
    return [asked, *by_heading]


def count_asked(groups: Sequence[ColumnGroup]) -> int:
    """Return how many columns and fields need a look."""
    return sum(len(group.columns) + len(group.missing) for group in groups if group.is_asked)


def find_samples(rows: Sequence[Sequence[str]], position: int) -> list[str]:
    """Return the first distinct values of a column, cut to a length that fits on a line."""
    found: dict[str, None] = {}
    for cells in rows:
        if position < len(cells) and (text := " ".join(cells[position][:MAX_READ_LENGTH].split())):
            found[text if len(text) <= MAX_SAMPLE_LENGTH else f"{text[: MAX_SAMPLE_LENGTH - 1]}…"] = None
        if len(found) == SAMPLE_COUNT:
            break
    return list(found)
