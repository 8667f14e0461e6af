"""The rows of the table on the columns step: one for each column of the file, and for each field that lacks one."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.forms.boundfield import BoundField

from batches.mapping.fields import GROUPS

SAMPLE_COUNT = 2
"""Maximum number of values shown for a column."""
MAX_SAMPLE_LENGTH = 60
"""Maximum length of a value as shown."""
MAX_READ_LENGTH = 300
"""Maximum number of characters of a value that are read to show it. A cell may hold a whole document."""


@dataclass(frozen=True)
class ColumnRow:
    """One column of the file."""

    position: int
    name: str
    samples: list[str]
    select: BoundField
    """The select for the field that the column goes to."""
    more: list[BoundField]
    """Selects for further fields. Empty if the column cannot be used twice."""
    notes: list[str]
    """What is done with the column's values."""
    doubt: str = ""
    """Why the user is asked to confirm the column; empty if it is certain."""
    group: str = ""
    """Heading of the column's field; empty if the column goes to none."""
    is_refused: bool = False
    """Whether too many columns go to the column's field. The error is shown at the last of them."""
    errors: list[str] = field(default_factory=list)

    @property
    def is_used_twice(self) -> bool:
        return any(select.value() for select in self.more)


@dataclass(frozen=True)
class MissingRow:
    """A field that has no column."""

    name: str
    label: str
    sentence: str
    """What happens without a column, or why the user is asked about the field."""
    source: BoundField | None
    """The select for where the field's value comes from, if there is a choice."""
    fixed: BoundField | None
    """The input for the field's fixed value, if it can have one."""
    is_asked: bool
    """Whether the field needs a look."""
    group: str
    """Heading of the field."""
    is_derived: bool = False
    """Whether the field can be derived from another one."""


@dataclass(frozen=True)
class ColumnGroup:
    """Rows under one heading."""

    heading: str
    missing: list[MissingRow] = field(default_factory=list)
    columns: list[ColumnRow] = field(default_factory=list)
    is_asked: bool = False

    @property
    def key(self) -> str:
        """The group's name in HTML ids."""
        return "asked" if self.is_asked else self.heading.lower()

    @property
    def has_errors(self) -> bool:
        return any(row.errors for row in self.columns)


def group_rows(columns: Sequence[ColumnRow], missing: Sequence[MissingRow]) -> list[ColumnGroup]:
    """Return the groups, including empty ones: first what needs a look, then the other rows by heading."""
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
    samples: list[str] = []
    for cells in rows:
        cell = cells[position] if position < len(cells) else ""
        text = " ".join(cell[:MAX_READ_LENGTH].split())
        if len(text) > MAX_SAMPLE_LENGTH:
            text = f"{text[: MAX_SAMPLE_LENGTH - 1]}…"
        if text and text not in samples:
            samples.append(text)
        if len(samples) == SAMPLE_COUNT:
            break
    return samples
