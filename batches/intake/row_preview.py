"""How one row of a file would be sent, for the columns step.

The code that checks the rows of a list computes it, so that the screen shows what will really be sent.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from batches.intake.row_check import CheckedRow, check_co_owner
from batches.intake.row_reader import RowReader, name_column
from batches.intake.row_warnings import SENTENCES
from batches.mapping.fields import is_derived
from batches.models import Upload
from batches.people.contacts import Phone
from batches.people.owner_kinds import PERSON
from batches.statuses import CompanyHandling, Outcome, OwnerKind

NAME_LABELS = {"first_name": "First name", "middle_name": "Middle name", "last_name": "Last name"}


@dataclass(frozen=True)
class PreviewLine:
    """One line of what would be sent, with notes on where it comes from."""

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
    """What is left out of the row, or odd in it, one sentence each."""
    refusal: str = ""
    """Why the row is not sent. Empty if it is."""


def preview_row(upload: Upload, number: int, cells: list[str]) -> RowPreview:
    """Return how a row would be sent with an upload's settings, which need not be saved."""
    reader = RowReader(upload)
    made = list(reader.make_row(number, cells))
    if reader.has_suppressions:
        reader.mark_suppressed(made)
    checked, values = made[0]
    is_sent = values["outcome"] == Outcome.PENDING
    return RowPreview(
        number,
        list(list_lines(upload, checked)),
        list(dict.fromkeys(list_left_out(reader, checked))) if is_sent else [],
        "" if is_sent else values["message"],
    )


def list_lines(upload: Upload, checked: CheckedRow) -> Iterator[PreviewLine]:
    """Yield the lines of a row: who, how to reach them, and both addresses."""
    fields = checked.fields
    if checked.owner_kind == PERSON:
        yield from (PreviewLine(label, [fields[name]]) for name, label in NAME_LABELS.items() if name in fields)
    else:
        yield PreviewLine(OwnerKind(checked.owner_kind).label, [checked.owner_name], [handling_label(upload)])
    if checked.co_owner:
        second = check_co_owner(checked).fields
        note = "Traced as well" if upload.co_owners else "Not traced"
        yield PreviewLine("Second owner", [" ".join(second[name] for name in NAME_LABELS if name in second)], [note])
    if "phone" in fields:
        yield PreviewLine("Phone", [Phone(fields["phone"]).display])
    if "email" in fields:
        yield PreviewLine("Email", [fields["email"]])
    for label, prefix in (("Property", ""), ("Mailing", "mail_")):
        if lines := format_address(fields, prefix):
            yield PreviewLine(label, lines, list(list_sources(upload, fields, prefix)))


def handling_label(upload: Upload) -> str:
    """Return what happens to owners that are not people."""
    if upload.companies == CompanyHandling.LEAVE_OUT:
        return "Skipped"
    return "Not a person: sent without a name"


def format_address(fields: dict[str, str], prefix: str) -> list[str]:
    """Return an address on two lines: the street with its unit, and the place. Empty lines are left out."""
    street, unit, city, state, zip_code = (
        fields.get(f"{prefix}{part}", "") for part in ("address", "unit", "city", "state", "zip")
    )
    place = ", ".join(filter(None, [city, " ".join(filter(None, [state, zip_code]))]))
    return list(filter(None, [" ".join(filter(None, [street, unit])), place]))


def list_sources(upload: Upload, fields: dict[str, Any], prefix: str) -> Iterator[str]:
    """Yield where parts of an address come from that have no column."""
    known = [*upload.mapping, *upload.constants]
    if f"{prefix}state" in fields and is_derived(f"{prefix}state", known):
        yield "State from the ZIP"


def list_left_out(reader: RowReader, checked: CheckedRow) -> Iterator[str]:
    """Yield what is left out of a row that is sent, or odd in it, one sentence each."""
    for name, reason in checked.reasons.items():
        yield f"{name_column(reader.upload, name)}: {reason}"
    for warning in checked.warnings:
        if warning.field not in checked.reasons:
            yield f"{name_column(reader.upload, warning.field)} {SENTENCES[warning.kind]}."
