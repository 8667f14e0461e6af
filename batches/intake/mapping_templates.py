"""Mapping templates: saved column mappings, found by the column names of a file and shared by the team."""

from collections.abc import Iterable, Sequence

from django.contrib.auth.models import User

from batches.intake.row_check import digest
from batches.intake.trace_settings import TraceSettings
from batches.mapping.column_names import find_words
from batches.mapping.column_values import VALUE_TESTS, Values
from batches.mapping.fields import LABELS
from batches.mapping.value_guesses import Guess, Guesses
from batches.models import MappingTemplate, Upload

MIN_SIMILARITY = 0.6
"""Share of a template's columns that a file must have for the template to be used."""


def header_key(columns: Iterable[str]) -> str:
    """Return a key that is equal for header rows with the same names, regardless of case and spaces."""
    return digest(" ".join(name.lower().split()) for name in columns)


def save_template(upload: Upload, name: str, user: User) -> MappingTemplate:
    """Save an upload's mapping as the template of its header row. Return the template."""
    fields = {
        field: [column_reference(upload.columns, p) for p in positions] for field, positions in upload.mapping.items()
    }
    settings = TraceSettings.from_upload(upload)
    values = {"columns": upload.columns, "fields": fields, "constants": settings.constants, "options": settings.options}
    header = header_key(upload.columns)
    # A template of the same name for other columns is replaced.
    MappingTemplate.objects.filter(name=name).exclude(header=header).delete()
    values |= {"name": name, "created_by": user}
    template, _ = MappingTemplate.objects.update_or_create(header=header, defaults=values)
    return template


def column_reference(columns: Sequence[str], position: int) -> list[str | int]:
    """Return a column as [name, index among columns of that name], so that it is found at any position."""
    name = columns[position]
    return [name, columns[:position].count(name)]


def find_template(columns: Sequence[str]) -> MappingTemplate | None:
    """Return the template of a header row, or of the most similar one; None if none is similar enough."""
    if same := MappingTemplate.objects.filter(header=header_key(columns)).first():
        return same
    names = {normalise_name(name) for name in columns}
    best = max(MappingTemplate.objects.all(), key=lambda template: similarity(template, names), default=None)
    return best if best and similarity(best, names) >= MIN_SIMILARITY else None


def similarity(template: MappingTemplate, names: set[str]) -> float:
    """Return the share of a template's columns that are among normalised names."""
    used = [normalise_name(name) for sources in template.fields.values() for name, _ in sources]
    return sum(name in names for name in used) / len(used) if used else 0


def normalise_name(name: str) -> str:
    """Normalise a column name so that `Zip Code` and `ZIP_CODE` compare equal."""
    return " ".join(find_words(name) or name.lower().split())


def apply_template(template: MappingTemplate, columns: Sequence[str], rows: Iterable[Sequence[str]] = ()) -> Guesses:
    """Apply a template to a file. Columns that are missing, or hold another kind of value, become doubts."""
    guesses = Guesses(name_order=template.options.get("name_order", Guesses.name_order))
    normalised = [normalise_name(name) for name in columns]
    for field, sources in template.fields.items():
        positions = [find_column(columns, normalised, *source) for source in sources]
        found = tuple(position for position in positions if position is not None)
        missing = [name for (name, _), position in zip(sources, positions, strict=True) if position is None]
        doubt = ""
        if missing:
            doubt = f"This file has no column “{'”, “'.join(missing)}”, which the template “{template}” uses."
        elif len(found) == 1 and has_changed(field, found[0], rows):
            what = LABELS[field].lower()
            doubt = f"The template “{template}” reads this column as the {what}, but its values look different here."
        guesses.fields[field] = Guess(found, 0.0 if doubt else 1.0, doubt)
    return guesses


def find_column(columns: Sequence[str], normalised: Sequence[str], name: str, number: int) -> int | None:
    """Return the position of a column, by its name or else by its normalised name; None if it is missing."""
    same = [position for position, other in enumerate(columns) if other == name]
    if not same:
        wanted = normalise_name(name)
        same = [position for position, other in enumerate(normalised) if other == wanted]
    return same[number] if number < len(same) else None


def has_changed(field: str, position: int, rows: Iterable[Sequence[str]]) -> bool:
    """Return whether a column's values are too rarely of the kind that its field needs."""
    kind = field.removeprefix("mail_")
    values = Values(row[position] for row in rows if position < len(row))
    share = values.share(kind) if kind in VALUE_TESTS else None
    return share is not None and share < 0.3
