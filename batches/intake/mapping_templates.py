"""Save column mappings as templates, find the template for a file by its column names, and apply it."""

from collections.abc import Iterable, Sequence

from django.contrib.auth.models import User
from django.db.models import QuerySet

from accounts import audit
from accounts.models import AuditKind
from accounts.rights import Right, require
from batches.intake.person_keys import hash_strings
from batches.intake.trace_settings import TraceSettings
from batches.mapping.column_names import find_words
from batches.mapping.column_values import VALUE_TESTS, Values
from batches.mapping.fields import LABELS
from batches.mapping.value_guesses import Guess, Guesses
from batches.models import MappingTemplate, Upload
from batches.statuses import UploadStatus

MIN_SIMILARITY = 0.6
"""Minimum share of a template's columns that a file must have for the template to be used."""
MAX_DRAFTS_COMPARED = 60
"""Maximum number of a user's last drafts that are searched for those with the same column names."""
MIN_FITTING_SHARE = 0.3
"""Minimum share of a column's values that must be of the kind that its field needs."""


def header_key(columns: Iterable[str]) -> str:
    """Return a key that is equal for lists of the same column names, regardless of case and spaces."""
    return hash_strings(" ".join(name.lower().split()) for name in columns)


def find_alike_drafts(upload: Upload, user: User) -> QuerySet[Upload]:
    """Return the user's other recent drafts with the same column names, in the order of their upload."""
    header = header_key(upload.columns)
    recent = Upload.objects.visible_to(user).filter(created_by=user, status=UploadStatus.DRAFT).exclude(pk=upload.pk)
    named = recent.order_by("-pk").values_list("pk", "columns")[:MAX_DRAFTS_COMPARED]
    alike = [pk for pk, columns in named if header_key(columns) == header]
    return Upload.objects.filter(pk__in=alike).order_by("pk")


def save_template(upload: Upload, name: str, user: User) -> MappingTemplate:
    """Save an upload's mapping as the template of its header row. Return the template."""
    require(user, Right.UPLOAD)
    fields = {
        field: [make_column_reference(upload.columns, position) for position in positions]
        for field, positions in upload.mapping.items()
    }
    settings = TraceSettings.from_upload(upload)
    values = {"columns": upload.columns, "fields": fields, "constants": settings.constants, "options": settings.options}
    header = header_key(upload.columns)
    # Names are unique: the new template replaces one of the same name for other columns.
    MappingTemplate.objects.filter(name=name).exclude(header=header).delete()
    values |= {"name": name, "created_by": user}
    template, _ = MappingTemplate.objects.update_or_create(header=header, defaults=values)
    audit.record(AuditKind.TEMPLATE_CHANGED, user, detail=name)
    return template


def make_column_reference(columns: Sequence[str], position: int) -> list[str | int]:
    """Return a column's name and its index among the columns with that name. They identify it at any position."""
    name = columns[position]
    return [name, columns[:position].count(name)]


def find_template(columns: Sequence[str]) -> MappingTemplate | None:
    """Return the template for these column names, or the most similar one, or None if none is similar enough."""
    if same := MappingTemplate.objects.filter(header=header_key(columns)).first():
        return same
    names = {normalise_name(name) for name in columns}
    best = max(MappingTemplate.objects.all(), key=lambda template: measure_similarity(template, names), default=None)
    return best if best and measure_similarity(best, names) >= MIN_SIMILARITY else None


def measure_similarity(template: MappingTemplate, names: set[str]) -> float:
    """Return the share of a template's used columns whose normalised names are in `names`."""
    used = [normalise_name(name) for sources in template.fields.values() for name, _ in sources]
    return sum(name in names for name in used) / len(used) if used else 0


def normalise_name(name: str) -> str:
    """Normalise a column's name, so that `Zip Code` and `ZIP_CODE` are equal."""
    return " ".join(find_words(name) or name.lower().split())


def apply_template(template: MappingTemplate, columns: Sequence[str], rows: Iterable[Sequence[str]] = ()) -> Guesses:
    """Return what a template says about a file. A column that is missing, or has other values, becomes a doubt."""
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


def find_column(columns: Sequence[str], normalised: Sequence[str], name: str, index: int) -> int | None:
    """Return the position of a column, by its name or else its normalised name, or None if it is missing.

    `index` is the column's index among those with that name.
    """
    same = [position for position, other in enumerate(columns) if other == name]
    if not same:
        wanted = normalise_name(name)
        same = [position for position, other in enumerate(normalised) if other == wanted]
    return same[index] if index < len(same) else None


def has_changed(field: str, position: int, rows: Iterable[Sequence[str]]) -> bool:
    """Return whether a column's values are too rarely of the kind that its field needs."""
    kind = field.removeprefix("mail_")
    values = Values(row[position] for row in rows if position < len(row))
    share = values.share(kind) if kind in VALUE_TESTS else None
    return share is not None and share < MIN_FITTING_SHARE
