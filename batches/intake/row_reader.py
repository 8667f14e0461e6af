"""Turn each row of a file into the items to store."""

from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any

import msgspec

from batches.erased import ERASED_MESSAGE, Key, find_erased
from batches.intake.checked_row import CheckedRow, ProblemKind, RowProblem
from batches.intake.person_keys import hash_strings
from batches.intake.row_check import check, check_co_owner
from batches.intake.row_warnings import WarningTally
from batches.intake.suppression import find_not_to_trace, make_suppression_keys
from batches.mapping import fields
from batches.mapping.guessing import find_countries
from batches.models import ErasedKey, Item, Suppression, Upload
from batches.people.owner_words import PERSON
from batches.statuses import CompanyHandling, Outcome, OwnerKind, SuppressionKind
from batches.vendor.protocol import PERSON_FIELDS

CheckedItem = tuple[CheckedRow, dict[str, Any]]
"""The checked row of a person, and the values of the item to store as column → value."""
PERSON_FIELD_SET = set(PERSON_FIELDS)
ITEM_DEFAULTS = {
    str(field.column): getattr(field.get_default(), "value", field.get_default())
    for field in Item._meta.concrete_fields
    if not field.primary_key and not field.null
}
ITEM_COLUMNS = list(ITEM_DEFAULTS)
"""The columns that are written for a new item, in the order of the stored values."""
EMPTY_COLUMNS = dict.fromkeys(str(field.column) for field in Item._meta.concrete_fields if field.null)
"""The other columns. They are NULL in a new item, because it has no batch and no answer."""


class RowReader:
    """Make the items of an upload's rows. Anything that is the same for all rows is looked up only once."""

    def __init__(self, upload: Upload, has_suppressions: bool | None = None) -> None:
        self.upload = upload
        if has_suppressions is None:
            has_suppressions = Suppression.objects.blocking_tracing().exists() or ErasedKey.objects.exists()
        self.has_suppressions = has_suppressions
        self.width = len(upload.columns)
        self.generations: dict[str, str] = {}
        """Key of a person → the first generation, such as Jr, that a row has with this key."""
        self.countries = find_countries(upload.columns)
        self.warnings = WarningTally(getattr(upload, "warnings", ()))
        single_columns = [(field, positions[0]) for field, positions in upload.mapping.items() if len(positions) == 1]
        self.single_columns = sorted(single_columns, key=itemgetter(1))
        self.joined_columns = [
            (field, tuple(positions)) for field, positions in upload.mapping.items() if len(positions) != 1
        ]
        self.defaults = ITEM_DEFAULTS | {"upload_id": upload.pk}

    def make_items(self, rows: Iterable[tuple[int, list[str]]]) -> Iterator[tuple[Any, ...]]:
        """Yield the values of ITEM_COLUMNS for numbered rows: one item each, and another for a traced second owner."""
        items: Iterable[CheckedItem]
        items = (item for number, cells in rows for item in self.read_row(number, cells))
        if self.has_suppressions:
            # Look up before the first row is stored: during a COPY, PostgreSQL answers no queries.
            items = self.mark_suppressed(list(items))
        return (tuple(values.values()) for _, values in items)

    def read_row(self, number: int, cells: list[str]) -> Iterator[CheckedItem]:
        """Yield the item of a row, and another for a traced second owner."""
        checked = self.check(cells)
        encoded_cells = msgspec.json.encode(cells).decode()
        values = self.make_values(number, encoded_cells, checked)
        yield checked, values
        if values["outcome"] == Outcome.PENDING:
            for warning in checked.warnings:
                self.warnings.add(number, name_column(self.upload, warning.field), warning.kind)
        if self.upload.co_owners and checked.co_owner and not checked.problems:
            second = check_co_owner(checked)
            if not second.problems:
                yield second, self.make_values(number, encoded_cells, second) | {"owner_number": 2}

    def check(self, cells: list[str]) -> CheckedRow:
        """Check the fields that the upload's mapping and fixed values make of a row's cells."""
        if len(cells) < self.width:
            cells = [*cells, *[""] * (self.width - len(cells))]
        texts = {field: cells[position] for field, position in self.single_columns}
        for field, positions in self.joined_columns:
            texts[field] = " ".join(filter(None, (cells[position].strip() for position in positions)))
        for field, position in self.countries.items():
            texts[field] = cells[position]
        for field, text in self.upload.constants.items():
            texts[field] = texts.get(field) or text
        checked = check(texts, self.upload.name_order)
        return add_width_problem(checked, len(cells), self.width) if len(cells) > self.width else checked

    def make_values(self, number: int, encoded_cells: str, checked: CheckedRow) -> dict[str, Any]:
        """Return the values of the item for a checked row, as column → value."""
        values = self.defaults | {"row_number": number, "cells": encoded_cells, "owner_kind": checked.owner_kind}
        values["owner_name"] = checked.owner_name
        invalid = {problem.field for problem in checked.problems}
        if invalid or not PERSON_FIELD_SET.issuperset(checked.fields):
            stored = PERSON_FIELD_SET - invalid
            values |= {name: text for name, text in checked.fields.items() if name in stored}
        else:
            values |= checked.fields
        if checked.owner_kind != PERSON and self.upload.companies == CompanyHandling.LEAVE_OUT:
            values |= {
                "outcome": Outcome.COMPANY.value,
                "message": f"Skipped: {OwnerKind(checked.owner_kind).label.lower()}.",
            }
            return values
        values["findings"] = format_findings(checked)
        if checked.problems:
            values |= self.make_invalid_values(checked.problems)
        else:
            values["fingerprint"] = self.find_fingerprint(checked)
        return values

    def find_fingerprint(self, checked: CheckedRow) -> str:
        """Return the key of a row's person. A Jr and a Sr of the same name have different keys.

        A name without a generation has the key of the first row with one: people often leave theirs out.
        """
        key = checked.fingerprint
        if not checked.generation:
            return key
        first = self.generations.setdefault(key, checked.generation)
        return key if first == checked.generation else hash_strings([key, checked.generation])

    def make_invalid_values(self, problems: list[RowProblem]) -> dict[str, str]:
        """Return the values of an invalid row. Its message names the column of every problem."""
        named = [(name_column(self.upload, problem.field), problem.sentence) for problem in problems]
        return {
            "outcome": Outcome.INVALID.value,
            "problem_columns": ", ".join(dict.fromkeys(column for column, _ in named if column)),
            "message": " ".join(
                dict.fromkeys(f"{column}: {sentence}" if column else sentence for column, sentence in named)
            ),
        }

    def mark_suppressed(self, items: Sequence[CheckedItem]) -> Sequence[CheckedItem]:
        """Set the outcome of everyone who is on the do-not-contact list to `suppressed`. Return the same items."""
        keys = [
            make_suppression_keys(checked.fields) if values["outcome"] == Outcome.PENDING else set()
            for checked, values in items
        ]
        all_keys: set[Key] = set().union(*keys)
        suppressed, erased = find_not_to_trace(all_keys), find_erased(all_keys)
        for own_keys, (_, values) in zip(keys, items, strict=True):
            if own_keys & erased:
                values |= {"outcome": Outcome.SUPPRESSED.value, "message": ERASED_MESSAGE}
            elif found := own_keys & suppressed:
                kind, _ = min(found)
                label = SuppressionKind(kind).label.lower()
                values |= {"outcome": Outcome.SUPPRESSED.value, "message": f"On the do-not-contact list: {label}."}
        return items


def format_findings(checked: CheckedRow) -> str:
    """Return a row's problems, or its warnings if it has no problem, as `Item.findings` stores them.

    Each `field:kind` has a space on both sides, so that it can be searched for as a whole.
    """
    found = [f"{each.field}:{each.kind.value}" for each in checked.problems or checked.warnings]
    return f" {' '.join(dict.fromkeys(found))} " if found else ""


def find_mapped_field(upload: Upload, field: str) -> str:
    """Return the field whose columns a field is read from: the field itself, or a mapped one that is split into it."""
    mapping = upload.mapping
    if field in mapping:
        return field
    for name, parts in fields.SPLIT.items():
        if field in parts and name in mapping:
            return name
    if field.endswith("_name") and fields.FULL_NAME in mapping:
        return fields.FULL_NAME
    return field


def find_columns(upload: Upload, field: str) -> list[int]:
    """Return the positions of the columns that a field is read from."""
    width = len(upload.columns)
    return [position for position in upload.mapping.get(find_mapped_field(upload, field), ()) if position < width]


def name_column(upload: Upload, field: str) -> str:
    """Return what users call a field: the names of its columns, or else its label."""
    names = [upload.columns[position].strip() for position in find_columns(upload, field)]
    return " + ".join(filter(None, names)) or fields.LABELS.get(find_mapped_field(upload, field), "")


def trim(cells: list[str], width: int) -> list[str]:
    """Return a row without the blank cells at its end that are beyond `width`."""
    while len(cells) > width and not cells[-1].strip():
        cells = cells[:-1]
    return cells


def add_width_problem(checked: CheckedRow, cell_count: int, column_count: int) -> CheckedRow:
    """Return a checked row without fields, and with the problem that it has more cells than there are columns."""
    sentence = (
        f"The row has {cell_count} cells, but the file has only {column_count} columns. "
        "Put quotation marks around cells that contain a comma."
    )
    return CheckedRow({}, [RowProblem("", ProblemKind.TOO_WIDE, sentence), *checked.problems])
