"""The form that edits the rows of one group on the page."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.http import QueryDict

from batches.forms.widgets import CheckboxInput, TextInput
from batches.intake.checked_row import CheckedRow
from batches.intake.findings import Finding, find_concerned_columns
from batches.intake.problem_groups import ProblemGroup
from batches.intake.row_check import MAX_LENGTH_READ
from batches.intake.row_reader import RowReader, trim
from batches.intake.row_warnings import WARNING_TEXTS
from batches.models import Item
from batches.statuses import Outcome

CELL_PREFIX = "cell-"
MAX_CELLS_NAMED = 5
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
    """The row's other cells that go to a field, by which users recognise the row."""


class EditForm(forms.Form):
    """A form with a field for each cell that the group's problem or warning concerns, for the rows on the page."""

    apply_to_same = forms.BooleanField(
        required=False,
        label="Apply each change to all rows with the same value",
        widget=CheckboxInput,
    )

    def __init__(self, *args: Any, group: ProblemGroup, limit: int | None = None, **kwargs: Any) -> None:
        """Show at most `limit` rows. Rows that are missing from the submitted form keep their cells."""
        super().__init__(*args, **kwargs)
        self.group = group
        self.items = list(group.shown_rows[:limit])
        self.further_items: list[Item] = []
        """Rows that the page does not show, but to which its changes apply."""
        self.edits: dict[int, list[str]] = {}
        """Row number → all of its new cells, for the rows that were changed. Filled by a valid form."""
        for item in self.items:
            for position, column in group.columns:
                self.fields[cell_field_name(item.row_number, position)] = make_field(item, position, column)
        if self.is_bound:
            self.data = self.add_unsent()

    def add_unsent(self) -> QueryDict:
        """Return the submitted data, with current values for rows that joined the group after the page was loaded."""
        data = QueryDict(mutable=True)
        data.update(self.data)
        for name, field in self.fields.items():
            if name.startswith(CELL_PREFIX):
                data.setdefault(name, field.initial)
        return data

    @property
    def rows(self) -> Iterator[EditedRow]:
        mapped = {position for positions in self.group.upload.mapping.values() for position in positions}
        others = sorted(mapped - set(self.group.positions))
        for item in self.items:
            cells = [
                (column, self[cell_field_name(item.row_number, position)]) for position, column in self.group.columns
            ]
            other_cells = (read_cell(item, position).strip() for position in others)
            yield EditedRow(item, cells, " · ".join(filter(None, other_cells)))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        changes = self.read_changes()
        if not changes:
            raise forms.ValidationError("Nothing was changed. Correct at least one cell, then save.")
        if cleaned.get("apply_to_same"):
            self.further_items = list(self.group.further_rows) if self.group.is_longer_than_page else []
            changes |= self.find_same_changes(changes)
        if not self.errors:
            self.edits = self.apply_changes(changes)
            self.add_row_errors()
        return cleaned

    def read_changes(self) -> dict[Cell, str]:
        """Return the cells that were changed, with their new values."""
        changes = {}
        for item in self.items:
            for position in self.group.positions:
                text = self.cleaned_data.get(cell_field_name(item.row_number, position), "")
                if text != remove_line_breaks(read_cell(item, position)):
                    changes[item.row_number, position] = text
        return changes

    def find_same_changes(self, changes: dict[Cell, str]) -> dict[Cell, str]:
        """Return the same changes for unchanged cells with the same values. Add an error if two rows disagree."""
        old_texts: dict[Cell, str] = {
            (item.row_number, position): read_cell(item, position).strip()
            for item in (*self.items, *self.further_items)
            for position in self.group.positions
        }
        # (position, old text) → new text → the first row that has it.
        new_texts: dict[tuple[int, str], dict[str, int]] = defaultdict(dict)
        for (row_number, position), text in changes.items():
            new_texts[position, old_texts[row_number, position]].setdefault(text, row_number)
        for (position, _), row_numbers in new_texts.items():
            if len(row_numbers) > 1:
                first, second, *_ = row_numbers.values()
                sentence = (
                    f"Row {first} changes the same value to something else. Enter the same text in both, "
                    "or untick “Apply each change to all rows”."
                )
                self.add_error(cell_field_name(second, position), sentence)
        same_changes: dict[Cell, str] = {}
        for (row_number, position), old_text in old_texts.items():
            row_numbers = new_texts.get((position, old_text), {})
            if row_numbers and (row_number, position) not in changes:
                same_changes[row_number, position] = next(iter(row_numbers))
        return same_changes

    def apply_changes(self, changes: dict[Cell, str]) -> dict[int, list[str]]:
        """Return the changed rows as row number → all cells."""
        column_count = len(self.group.upload.columns)
        changes_by_row: dict[int, dict[int, str]] = defaultdict(dict)
        for (row_number, position), text in changes.items():
            changes_by_row[row_number][position] = text
        edits = {}
        for item in (*self.items, *self.further_items):
            row_changes = changes_by_row.get(item.row_number)
            if not row_changes:
                continue
            cells = [*item.cells, *[""] * (max(row_changes) + 1 - len(item.cells))]
            for position, text in row_changes.items():
                cells[position] = text
            edits[item.row_number] = trim(cells, column_count)
        return edits

    def add_row_errors(self) -> None:
        """Add an error to each changed row on the page that still has a problem or warning in a cell of this form.

        A row that only has others is saved, and moves to their group. So is a row that the page does not show.
        """
        reader = RowReader(self.group.upload, has_suppressions=False)
        shown_numbers = {item.row_number for item in self.items}
        for row_number, cells in self.edits.items():
            if row_number not in shown_numbers:
                continue
            checked, values = next(reader.read_row(row_number, cells))
            problems = explain_problems(checked) if values["outcome"] == Outcome.INVALID else []
            warnings = [] if problems or self.group.is_invalid else explain_warnings(checked)
            for finding, sentence in problems + warnings:
                concerned = find_concerned_columns(self.group.upload, finding)
                shown = [position for position in concerned if position in self.group.positions]
                if shown:
                    self.add_error(cell_field_name(row_number, shown[0]), sentence)

    @property
    def refusal(self) -> str:
        """A sentence that names the cells to correct; empty if there are none."""
        refused = [str(field.label) for row in self.rows for _, field in row.cells if field.errors]
        if not refused:
            return ""
        more = f" and {len(refused) - MAX_CELLS_NAMED:,} more" if len(refused) > MAX_CELLS_NAMED else ""
        return f"Nothing has been saved yet. Please correct: {', '.join(refused[:MAX_CELLS_NAMED])}{more}."


def explain_problems(checked: CheckedRow) -> list[tuple[Finding, str]]:
    """Return what makes a row invalid, each with a sentence."""
    return [(Finding(each.field, each.kind.value), capitalise(each.sentence)) for each in checked.problems]


def explain_warnings(checked: CheckedRow) -> list[tuple[Finding, str]]:
    """Return what is left out of a row or odd in it, each with a sentence."""
    return [(Finding(each.field, each.kind.value), f"This {WARNING_TEXTS[each.kind]}.") for each in checked.warnings]


def cell_field_name(row_number: int, position: int) -> str:
    """Return the name of the form field for a cell, such as cell-14-4 for position 4 in row 14."""
    return f"{CELL_PREFIX}{row_number}-{position}"


def make_field(item: Item, position: int, column: str) -> forms.CharField:
    text = remove_line_breaks(read_cell(item, position))
    return forms.CharField(
        label=f"{column} in row {item.row_number}",
        required=False,
        strip=False,
        initial=text,
        max_length=max(MAX_LENGTH_READ, len(text)),
        widget=TextInput({"class": "input s", "autocomplete": "off"}),
    )


def read_cell(item: Item, position: int) -> str:
    return item.cells[position] if position < len(item.cells) else ""


def remove_line_breaks(text: str) -> str:
    """Return a string as a browser sends it back from a single-line input."""
    return text.replace("\r", "").replace("\n", "")


def capitalise(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
