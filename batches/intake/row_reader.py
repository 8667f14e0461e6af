"""Turns one row of a file into the items to store."""

from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any

import msgspec

from batches.intake.row_check import CheckedRow, ProblemKind, RowProblem, check, check_co_owner, digest
from batches.intake.row_warnings import WarningTally
from batches.intake.suppression import find_suppressed, suppression_keys
from batches.mapping import fields
from batches.mapping.guessing import find_countries
from batches.models import Item, Suppression, Upload
from batches.people.owner_kinds import PERSON
from batches.statuses import CompanyHandling, Outcome, OwnerKind, SuppressionKind
from batches.vendor.protocol import PERSON_FIELDS

MadeItem = tuple[CheckedRow, dict[str, Any]]
"""A row's check, and the values of the item that is made of it."""
FIELD_SET = set(PERSON_FIELDS)
ITEM_COLUMNS = [str(field.column) for field in Item._meta.concrete_fields if not field.primary_key]
DEFAULTS = {
    str(field.column): getattr(field.get_default(), "value", field.get_default())
    for field in Item._meta.concrete_fields
    if not field.primary_key
}


class RowReader:
    """Makes the items of an upload's rows. Whatever is the same for all rows is looked up once."""

    def __init__(self, upload: Upload, has_suppressions: bool | None = None) -> None:
        self.upload = upload
        self.has_suppressions = Suppression.objects.exists() if has_suppressions is None else has_suppressions
        self.width = len(upload.columns)
        self.generations: dict[str, str] = {}
        self.countries = find_countries(upload.columns)
        self.warnings = WarningTally(getattr(upload, "warnings", ()))
        singles = [(field, positions[0]) for field, positions in upload.mapping.items() if len(positions) == 1]
        self.singles = sorted(singles, key=itemgetter(1))
        self.joined = [(field, tuple(positions)) for field, positions in upload.mapping.items() if len(positions) != 1]
        self.defaults = DEFAULTS | {"upload_id": upload.pk}

    def make_items(self, rows: Iterable[tuple[int, list[str]]]) -> Iterator[tuple[Any, ...]]:
        """Yield the values of ITEM_COLUMNS for numbered rows: one item each, and another for a traced second owner."""
        made: Iterable[MadeItem]
        made = (item for number, cells in rows for item in self.make_row(number, cells))
        if self.has_suppressions:
            # Look up before the first row is stored: during a COPY, PostgreSQL answers no queries.
            made = self.mark_suppressed(list(made))
        return (tuple(values.values()) for _, values in made)

    def make_row(self, number: int, cells: list[str]) -> Iterator[MadeItem]:
        """Yield a row's check and its item's values, and the same for a traced second owner."""
        checked = self.check(cells)
        kept = msgspec.json.encode(cells).decode()
        values = self.make_values(number, kept, checked)
        yield checked, values
        if values["outcome"] == Outcome.PENDING:
            for warning in checked.warnings:
                self.warnings.add(number, name_column(self.upload, warning.field), warning.kind)
        if self.upload.co_owners and checked.co_owner and not checked.problems:
            second = check_co_owner(checked)
            if not second.problems:
                yield second, self.make_values(number, kept, second) | {"owner_number": 2}

    def check(self, cells: list[str]) -> CheckedRow:
        if len(cells) < self.width:
            cells = [*cells, *[""] * (self.width - len(cells))]
        joined = {field: cells[position] for field, position in self.singles}
        for field, positions in self.joined:
            joined[field] = " ".join(filter(None, (cells[position].strip() for position in positions)))
        for field, position in self.countries.items():
            joined[field] = cells[position]
        for field, text in self.upload.constants.items():
            joined[field] = joined.get(field) or text
        checked = check(joined, self.upload.name_order)
        return add_width_problem(checked, len(cells), self.width) if len(cells) > self.width else checked

    def make_values(self, number: int, kept: str, checked: CheckedRow) -> dict[str, Any]:
        values = self.defaults | {"row_number": number, "cells": kept, "owner_kind": checked.owner_kind}
        values["owner_name"] = checked.owner_name
        wrong = {problem.field for problem in checked.problems}
        if wrong or not FIELD_SET.issuperset(checked.fields):
            values |= {name: text for name, text in checked.fields.items() if name in FIELD_SET and name not in wrong}
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
            values |= self.invalid_values(checked.problems)
        else:
            values["fingerprint"] = self.find_fingerprint(checked)
        return values

    def find_fingerprint(self, checked: CheckedRow) -> str:
        """Return the key of a row's person; a Jr and a Sr of the same name have different keys.

        A name without a generation equals the first of them, because the same person is written with and without it.
        """
        key = checked.fingerprint
        if not checked.generation:
            return key
        first = self.generations.setdefault(key, checked.generation)
        return key if first == checked.generation else digest([key, checked.generation])

    def invalid_values(self, problems: list[RowProblem]) -> dict[str, str]:
        """Return the values of an invalid row. Its message names the column of every problem."""
        named = [(name_column(self.upload, problem.field), problem.sentence) for problem in problems]
        return {
            "outcome": Outcome.INVALID.value,
            "problem_columns": ", ".join(dict.fromkeys(column for column, _ in named if column)),
            "message": " ".join(
                dict.fromkeys(f"{column}: {sentence}" if column else sentence for column, sentence in named)
            ),
        }

    def mark_suppressed(self, made: Sequence[MadeItem]) -> Sequence[MadeItem]:
        """Give everyone on the do-not-contact list that outcome. Return the same items."""
        keys = [
            suppression_keys(checked.fields) if values["outcome"] == Outcome.PENDING else set()
            for checked, values in made
        ]
        suppressed = find_suppressed(set().union(*keys))
        for own, (_, values) in zip(keys, made, strict=True):
            if found := own & suppressed:
                kind = SuppressionKind(min(found)[0]).label.lower()
                values |= {"outcome": Outcome.SUPPRESSED.value, "message": f"On the do-not-contact list: {kind}."}
        return made


def format_findings(checked: CheckedRow) -> str:
    """Return a row's problems, or its warnings if it has none, in the form of `Item.findings`.

    Each `field:kind` has a space on both sides, so that it can be searched for.
    """
    found = [f"{each.field}:{each.kind.value}" for each in checked.problems or checked.warnings]
    return f" {' '.join(dict.fromkeys(found))} " if found else ""


def find_source(upload: Upload, field: str) -> str:
    """Return the mapped field that a field is read from: itself, or one that is split into it. If none is, itself."""
    sources = upload.mapping
    if field in sources:
        return field
    split = [name for name, parts in fields.SPLIT.items() if field in parts and name in sources]
    full = [fields.FULL_NAME] if field.endswith("_name") and fields.FULL_NAME in sources else []
    return next(iter(split + full), field)


def find_columns(upload: Upload, field: str) -> list[int]:
    """Return the positions of the columns that a field is read from."""
    width = len(upload.columns)
    return [position for position in upload.mapping.get(find_source(upload, field), ()) if position < width]


def name_column(upload: Upload, field: str) -> str:
    """Return the user's name for a field: its columns' names, or else its label."""
    names = [upload.columns[position].strip() for position in find_columns(upload, field)]
    return " + ".join(filter(None, names)) or fields.LABELS.get(find_source(upload, field), "")


def trim(cells: list[str], width: int) -> list[str]:
    """Return a row without blank cells beyond `width`."""
    while len(cells) > width and not cells[-1].strip():
        cells = cells[:-1]
    return cells


def add_width_problem(checked: CheckedRow, cells: int, columns: int) -> CheckedRow:
    """Return the check of a row with more cells than columns, with that as its first problem and no fields."""
    sentence = (
        f"The row has {cells} cells, but the file has only {columns} columns. "
        "Put quotation marks around cells that contain a comma."
    )
    return CheckedRow({}, [RowProblem("", ProblemKind.TOO_WIDE, sentence), *checked.problems])
