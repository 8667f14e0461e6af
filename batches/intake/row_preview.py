"""Show how one row of a file would be sent, for the columns step.

The code that checks the rows of a list is used, so the screen shows what will really be sent.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from batches.intake.checked_row import CheckedRow
from batches.intake.row_check import check_co_owner
from batches.intake.row_reader import RowReader, name_column
from batches.intake.row_warnings import WARNING_TEXTS
from batches.mapping.fields import is_derived
from batches.models import Upload
from batches.people.contacts import Phone
from batches.people.owner_words import PERSON
from batches.statuses import CompanyHandling, Outcome, OwnerKind

NAME_LABELS = {"first_name": "First name", "middle_name": "Middle name", "last_name": "Last name"}


@dataclass(frozen=True)
class PreviewLine:
    """One line of what would be sent, with notes on it, such as where a value comes from."""

    label: str
    texts: list[str]
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class RowPreview:
    """One row as it would be sent."""

    number: int
    """The row's number in the file."""
    lines: list[PreviewLine]
    left_out: list[str]
    """What is left out of the row or looks odd in it, one sentence each."""
    refusal: str = ""
    """Why the row is not sent. Empty if it is sent."""


def preview_row(upload: Upload, number: int, cells: list[str]) -> RowPreview:
    """Return how a row would be sent with an upload's settings, which need not be saved."""
    reader = RowReader(upload)
    items = list(reader.read_row(number, cells))
    if reader.has_suppressions:
        reader.mark_suppressed(items)
    checked, values = items[0]
    is_sent = values["outcome"] == Outcome.PENDING
    return RowPreview(
        number=number,
        lines=list(list_lines(upload, checked)),
        left_out=list(dict.fromkeys(list_left_out(reader, checked))) if is_sent else [],
        refusal="" if is_sent else values["message"],
    )


def list_lines(upload: Upload, checked: CheckedRow) -> Iterator[PreviewLine]:
    """Yield the lines of a row: names, contact details and both addresses."""
    fields = checked.fields
    if checked.owner_kind == PERSON:
        yield from (PreviewLine(label, [fields[name]]) for name, label in NAME_LABELS.items() if name in fields)
    else:
        yield PreviewLine(OwnerKind(checked.owner_kind).label, [checked.owner_name], [format_handling(upload)])
    if checked.co_owner:
        second = check_co_owner(checked).fields
        name = " ".join(second[part] for part in NAME_LABELS if part in second)
        note = "Traced as well" if upload.co_owners else "Not traced"
        yield PreviewLine("Second owner", [name], [note])
    if "phone" in fields:
        yield PreviewLine("Phone", [Phone(fields["phone"]).display])
    if "email" in fields:
        yield PreviewLine("Email", [fields["email"]])
    for label, prefix in (("Property", ""), ("Mailing", "mail_")):
        if lines := format_address(fields, prefix):
            yield PreviewLine(label, lines, list(list_sources(upload, fields, prefix)))


def format_handling(upload: Upload) -> str:
    """Return how owners that are not people are handled."""
    if upload.companies == CompanyHandling.LEAVE_OUT:
        return "Skipped"
    return "Not a person: sent without a name"


def format_address(fields: dict[str, str], prefix: str) -> list[str]:
    """Return an address on two lines: the street with its unit, and the place. Empty lines are left out."""
    street, unit, city, state, zip_code = (
        fields.get(f"{prefix}{part}", "") for part in ("address", "unit", "city", "state", "zip")
    )
    first_line = " ".join(filter(None, [street, unit]))
    state_and_zip = " ".join(filter(None, [state, zip_code]))
    second_line = ", ".join(filter(None, [city, state_and_zip]))
    return list(filter(None, [first_line, second_line]))


def list_sources(upload: Upload, fields: dict[str, Any], prefix: str) -> Iterator[str]:
    """Yield where the parts of an address that have no column come from."""
    known = [*upload.mapping, *upload.constants]
    if f"{prefix}state" in fields and is_derived(f"{prefix}state", known):
        yield "State from the ZIP"


def list_left_out(reader: RowReader, checked: CheckedRow) -> Iterator[str]:
    """Yield what is left out of a row or looks odd in it, one sentence each."""
    for name, reason in checked.reasons.items():
        yield f"{name_column(reader.upload, name)}: {reason}"
    for warning in checked.warnings:
        if warning.field not in checked.reasons:
            yield f"{name_column(reader.upload, warning.field)} {WARNING_TEXTS[warning.kind]}."
