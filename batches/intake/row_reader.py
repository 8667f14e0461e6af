"""One row of a file → the items that it makes, as they are stored."""

import msgspec

from batches.intake.row_check import Checked, Problem, check, check_co_owner
from batches.intake.suppression import find_suppressed, keys_of
from batches.mapping import fields
from batches.models import Item, Suppression
from batches.people.owner_names import PERSON
from batches.statuses import Companies, Outcome, OwnerKind, SuppressionKind
from batches.vendor.protocol import FIELDS

ITEM_COLUMNS = [field.column for field in Item._meta.concrete_fields if not field.primary_key]
DEFAULTS = {
    field.column: getattr(field.get_default(), "value", field.get_default())
    for field in Item._meta.concrete_fields
    if not field.primary_key
}


class RowReader:
    """Makes items of an upload's rows. What is the same for all rows is found out once."""

    def __init__(self, upload):
        self.upload, self.has_suppressions = upload, Suppression.objects.exists()
        self.width = len(upload.columns)
        self.sources = [(field, tuple(positions)) for field, positions in upload.mapping.items()]
        self.defaults = DEFAULTS | {"upload_id": upload.pk}

    def make_items(self, rows):
        """For numbered rows the values of ITEM_COLUMNS: an item each, and one more for a second owner who is traced."""
        made = (item for number, cells in rows for item in self.make_row(number, cells))
        if self.has_suppressions:
            # Looked up before the first row is stored: while PostgreSQL takes rows, it answers no question.
            made = list(made)
            self.mark_suppressed(made)
        return (tuple(values.values()) for _, values in made)

    def make_row(self, number, cells):
        """Return what was found of a row's owner and their values; the same for a second owner who is traced."""
        checked = self.check(cells)
        kept = msgspec.json.encode(cells).decode()
        yield checked, self.make_values(number, kept, checked)
        if self.upload.co_owners and checked.co_owner and not checked.problems:
            second = check_co_owner(checked)
            if not second.problems:
                yield second, self.make_values(number, kept, second) | {"owner_number": 2}

    def check(self, cells):
        joined = {}
        for field, positions in self.sources:
            if len(positions) == 1:
                joined[field] = cells[positions[0]] if positions[0] < len(cells) else ""
            else:
                joined[field] = " ".join(filter(None, (cells[p].strip() for p in positions if p < len(cells))))
        for field, text in self.upload.fixed.items():
            joined[field] = joined.get(field) or text
        checked = check(joined, self.upload.name_order)
        return too_wide(checked, len(cells), self.width) if len(cells) > self.width else checked

    def make_values(self, number, kept, checked):
        values = self.defaults | {"row_number": number, "cells": kept, "owner_kind": checked.owner_kind}
        wrong = {problem.field for problem in checked.problems}
        for name, text in checked.fields.items():
            if name in FIELD_SET and name not in wrong:
                values[name] = text
        if checked.owner_kind != PERSON and self.upload.companies == Companies.LEAVE_OUT:
            values |= {
                "outcome": Outcome.COMPANY.value,
                "message": f"Left out: {OwnerKind(checked.owner_kind).label.lower()}.",
            }
        elif checked.problems:
            values |= self.describe(checked.problems)
        else:
            values["fingerprint"] = checked.fingerprint
        return values

    def describe(self, problems):
        """How an invalid row is stored, with every problem named by its column."""
        named = [(self.name_column(problem.field), problem.sentence) for problem in problems]
        return {
            "outcome": Outcome.INVALID.value,
            "problem_columns": ", ".join(dict.fromkeys(column for column, _ in named if column)),
            "message": " ".join(f"{column}: {sentence}" if column else sentence for column, sentence in named),
        }

    def name_column(self, field):
        """How the user knows a field: by the names of its columns, else by the field's own."""
        sources = self.upload.mapping
        if field not in sources:
            split = [name for name, parts in fields.SPLIT.items() if field in parts and name in sources]
            full = [fields.FULL_NAME] if field.endswith("_name") and fields.FULL_NAME in sources else []
            field = next(iter(split + full), field)
        names = [self.upload.columns[position].strip() for position in sources.get(field, ()) if position < self.width]
        return " + ".join(filter(None, names)) or fields.LABELS.get(field, "")

    def mark_suppressed(self, made):
        keys = [keys_of(checked.fields) if values["outcome"] == Outcome.PENDING else set() for checked, values in made]
        suppressed = find_suppressed(set().union(*keys))
        for own, (_, values) in zip(keys, made, strict=True):
            if found := own & suppressed:
                kind = SuppressionKind(min(found)[0]).label.lower()
                values |= {"outcome": Outcome.SUPPRESSED.value, "message": f"On the suppression list: {kind}."}


FIELD_SET = set(FIELDS)


def trim(cells, width):
    """Drop the blank cells that a row has beyond so many."""
    while len(cells) > width and not cells[-1].strip():
        cells = cells[:-1]
    return cells


def too_wide(checked, cells, columns):
    sentence = (
        f"The row has {cells} cells, but there are {columns} columns. "
        "A comma inside a cell needs quotes around the cell."
    )
    return Checked({}, [Problem("", sentence), *checked.problems])
