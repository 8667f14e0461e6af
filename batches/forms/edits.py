"""Edit one group's invalid rows on the page."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.http import QueryDict

from batches.forms.widgets import CheckboxInput, TextInput
from batches.intake.findings import Finding, find_concerned
from batches.intake.problem_groups import ProblemGroup
from batches.intake.row_check import MAX_LENGTH_READ
from batches.intake.row_reader import RowReader, trim
from batches.models import Item
from batches.statuses import Outcome

CELL_PREFIX = "cell-"
MAX_NAMED = 5
"""Maximum number of cells that the sentence above a refused form names."""
Cell = tuple[int, int]
"""A row number and the position of a column."""


@dataclass(frozen=True)
class EditedRow:
    """One row of the form."""

    item: Item
    cells: list[tuple[str, BoundField]]
    """The name of a column, and the field for its cell."""
    others: str
    """The row's other cells that go to a field, so that users recognise it."""


class EditForm(forms.Form):
    """One field for each cell that the problem concerns, in at most MAX_EDITED_ROWS rows."""

    apply_to_same = forms.BooleanField(
        required=False,
        label="Apply each change to all rows with the same value",
        widget=CheckboxInput,
    )

    def __init__(self, *args: Any, group: ProblemGroup, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.group = group
        self.items = list(group.shown_rows)
        self.further: list[Item] = []
        """Rows that the page does not show, but to which its changes apply."""
        self.edits: dict[int, list[str]] = {}
        """Row number → all of its new cells, for the rows that were changed. Filled by a valid form."""
        for item in self.items:
            for position, column in group.columns:
                self.fields[cell_field_name(item.row_number, position)] = make_field(item, position, column)
        if self.is_bound:
            self.data = self.add_unsent()

    def add_unsent(self) -> QueryDict:
        """Return the submitted data plus current values for rows that joined the group after the page was loaded."""
        data = QueryDict(mutable=True)
        data.update(self.data)
        for name, field in self.fields.items():
            if name.startswith(CELL_PREFIX):
                data.setdefault(name, field.initial)
        return data

    @property
    def rows(self) -> Iterator[EditedRow]:
        read = {position for positions in self.group.upload.mapping.values() for position in positions}
        others = sorted(read - set(self.group.positions))
        for item in self.items:
            cells = [
                (column, self[cell_field_name(item.row_number, position)]) for position, column in self.group.columns
            ]
            known = (read_cell(item, position).strip() for position in others)
            yield EditedRow(item, cells, " · ".join(filter(None, known)))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        changes = self.read_changes()
        if not changes:
            raise forms.ValidationError("Nothing was changed. Correct at least one cell, then save.")
        if cleaned.get("apply_to_same"):
            self.further = list(self.group.further_rows) if self.group.is_longer_than_page else []
            changes |= self.spread(changes)
        if not self.errors:
            self.edits = self.apply(changes)
            self.add_row_errors()
        return cleaned

    def read_changes(self) -> dict[Cell, str]:
        """Return the cells that were changed, with their new texts."""
        changes = {}
        for item in self.items:
            for position in self.group.positions:
                text = self.cleaned_data.get(cell_field_name(item.row_number, position), "")
                if text != on_one_line(read_cell(item, position)):
                    changes[item.row_number, position] = text
        return changes

    def spread(self, changes: dict[Cell, str]) -> dict[Cell, str]:
        """Return the changes for other rows with the same values. Add an error if two rows disagree."""
        cells = {
            (item.row_number, position): read_cell(item, position).strip()
            for item in (*self.items, *self.further)
            for position in self.group.positions
        }
        given: dict[tuple[int, str], dict[str, int]] = defaultdict(dict)
        for (number, position), text in changes.items():
            given[position, cells[number, position]].setdefault(text, number)
        for (position, _), texts in given.items():
            if len(texts) > 1:
                first, second, *_ = texts.values()
                sentence = (
                    f"Row {first} changes the same value to something else. Enter the same text in both, "
                    "or untick “Apply each change to all rows”."
                )
                self.add_error(cell_field_name(second, position), sentence)
        same = {cell: given.get((cell[1], text), {}) for cell, text in cells.items() if cell not in changes}
        return {cell: next(iter(texts)) for cell, texts in same.items() if texts}

    def apply(self, changes: dict[Cell, str]) -> dict[int, list[str]]:
        """Return the changed rows as row number → all cells."""
        width = len(self.group.upload.columns)
        edits = {}
        changed: dict[int, dict[int, str]] = defaultdict(dict)
        for (number, position), text in changes.items():
            changed[number][position] = text
        for item in (*self.items, *self.further):
            if own := changed.get(item.row_number):
                padded = [*item.cells, *[""] * (max(own) + 1 - len(item.cells))]
                edits[item.row_number] = trim([own.get(at, text) for at, text in enumerate(padded)], width)
        return edits

    def add_row_errors(self) -> None:
        """Add an error to each changed row on the page that still has a problem in a cell of this form.

        A row that only has other problems is saved, and moves to the group with these problems. So is a row that the
        page does not show.
        """
        reader = RowReader(self.group.upload, has_suppressions=False)
        shown_numbers = {item.row_number for item in self.items}
        for number, cells in self.edits.items():
            if number not in shown_numbers:
                continue
            checked, values = next(reader.make_row(number, cells))
            if values["outcome"] != Outcome.INVALID:
                continue
            for problem in checked.problems:
                concerned = find_concerned(self.group.upload, Finding(problem.field, problem.kind.value))
                shown = [position for position in concerned if position in self.group.positions]
                if shown:
                    self.add_error(cell_field_name(number, shown[0]), capitalise(problem.sentence))

    @property
    def refusal(self) -> str:
        """Which cells must be corrected, as a sentence. Empty if none must."""
        wrong = [str(field.label) for row in self.rows for _, field in row.cells if field.errors]
        if not wrong:
            return ""
        more = f" and {len(wrong) - MAX_NAMED:,} more" if len(wrong) > MAX_NAMED else ""
        return f"Nothing has been saved yet. Please correct: {', '.join(wrong[:MAX_NAMED])}{more}."


def cell_field_name(number: int, position: int) -> str:
    """Return the name of the form field for a cell: cell-14-4."""
    return f"{CELL_PREFIX}{number}-{position}"


def make_field(item: Item, position: int, column: str) -> forms.CharField:
    text = on_one_line(read_cell(item, position))
    return forms.CharField(
        label=f"{column} in row {item.row_number}",
        required=False,
        strip=False,
        initial=text,
        max_length=max(MAX_LENGTH_READ, len(text)),
        widget=TextInput({"class": "form-control form-control-sm", "autocomplete": "off"}),
    )


def read_cell(item: Item, position: int) -> str:
    return item.cells[position] if position < len(item.cells) else ""


def on_one_line(text: str) -> str:
    """Return a text as a browser sends it back from an input of one line."""
    return text.replace("\r", "").replace("\n", "")


def capitalise(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
