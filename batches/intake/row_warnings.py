"""Count the warnings about a list's rows by column and kind. A value with a warning is left out or looks odd."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from batches.intake.checked_row import WarningKind

MAX_LISTED_ROWS = 20
"""Maximum number of rows that are listed by number for one warning."""
WARNING_TEXTS = {
    WarningKind.UNREADABLE: "could not be read and is left out",
    WarningKind.FILLER: "is only a placeholder and is left out",
    WarningKind.FOREIGN: "is outside the United States and is left out",
    WarningKind.INCOMPLETE: "is incomplete and is left out",
    WarningKind.ELSEWHERE: "is not in the state",
    WarningKind.ONE_WORD: "is one unknown word and is treated as a company",
    WarningKind.NO_NAME: "consists of words that are not names and is treated as a company",
    WarningKind.PERHAPS_COMPANY: "may be a company and is treated as a person",
    WarningKind.PERHAPS_PERSON: "may be a person and is not treated as one",
    WarningKind.NO_SURNAME: "may have no last name",
}
"""Kind of warning → the words that follow the name of its column."""


@dataclass
class WarningCount:
    """How many rows have a warning, and the numbers of the first of them."""

    column: str
    kind: str
    count: int = 0
    rows: list[int] = field(default_factory=list)


class WarningTally:
    """Count warnings while rows are read, starting from the counts of an interrupted run."""

    def __init__(self, counted: Iterable[dict[str, Any]] = ()) -> None:
        self.counts = {(each["column"], each["kind"]): WarningCount(**each) for each in counted}

    def add(self, row_number: int, column: str, kind: WarningKind) -> None:
        counted = self.counts.setdefault((column, kind.value), WarningCount(column, kind.value))
        counted.count += 1
        if len(counted.rows) < MAX_LISTED_ROWS:
            counted.rows.append(row_number)

    def remove(self, row_number: int, column: str, kind: WarningKind) -> None:
        """Remove a row's warning, because the row is about to be checked again."""
        if not (counted := self.counts.get((column, kind.value))):
            return
        counted.count -= 1
        counted.rows = [number for number in counted.rows if number != row_number]
        if counted.count <= 0:
            del self.counts[column, kind.value]

    def as_list(self) -> list[dict[str, Any]]:
        """Return the counts as they are saved with the list, the largest first."""
        return [asdict(each) for each in sorted(self.counts.values(), key=lambda each: -each.count)]
