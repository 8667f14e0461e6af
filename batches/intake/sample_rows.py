"""Find out what the first rows of a file show about its columns, for the columns step."""

from collections import Counter
from collections.abc import Iterable, Sequence

from batches.intake.checked_row import WarningKind
from batches.intake.row_addresses import read_zip
from batches.intake.row_reader import RowReader
from batches.models import Upload
from batches.people import cells as cell_texts
from batches.people import zip_codes

COUNTED_FIELDS = ("phone", "email", "zip", "mail_zip")
"""Fields for which the columns step says how many values cannot be read."""


def find_zip_states(rows: Iterable[Sequence[str]], positions: Iterable[int]) -> list[str]:
    """Return the states of the ZIPs in these columns, as two letters each. Leave out ZIPs that are not certain.

    `positions` is empty if the ZIP is not mapped.
    """
    texts = {cells[position] for position in positions for cells in rows if position < len(cells)}
    states = {zip_codes.find_state(read_zip(cell_texts.clean(text), "")[0]) for text in texts}
    return sorted(states - {""})


def count_unreadable(upload: Upload, rows: Iterable[Sequence[str]]) -> Counter[str]:
    """Return field → how many rows have a value for it that cannot be read.

    The code that checks the rows of a list is used, with the settings of the upload, which need not be saved.
    """
    counted: Counter[str] = Counter()
    if wanted := {name for name in COUNTED_FIELDS if name in upload.mapping}:
        reader = RowReader(upload, has_suppressions=False)
        for row in rows:
            warnings = reader.check(list(row)).warnings
            counted.update(wanted & {each.field for each in warnings if each.kind == WarningKind.UNREADABLE})
    return counted
