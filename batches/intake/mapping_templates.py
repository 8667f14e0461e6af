"""Column mappings that are remembered: by the names of the columns, for everybody in the team."""

from batches.intake.row_check import digest
from batches.intake.trace_settings import TraceSettings
from batches.mapping.column_names import find_words
from batches.mapping.column_values import FEW, KINDS, Values
from batches.mapping.fields import LABELS
from batches.mapping.value_guesses import Guess, Guesses
from batches.models import MappingTemplate

ALIKE = 0.6
"""Share of a template's columns that must be in a file for it to be offered."""


def header_of(columns):
    """Return a key that is the same for header rows with the same names, whatever their case and spaces."""
    return digest(" ".join(name.lower().split()) for name in columns)


def remember(upload, name, user):
    """Keep an upload's mapping as the template of its header row, under a name. Return the template."""
    fields = {field: [name_column(upload.columns, p) for p in positions] for field, positions in upload.mapping.items()}
    settings = TraceSettings.from_upload(upload)
    kept = {"columns": upload.columns, "fields": fields, "fixed": settings.fixed, "options": settings.options}
    header = header_of(upload.columns)
    # Another template of that name is given way to.
    MappingTemplate.objects.filter(name=name).exclude(header=header).delete()
    kept |= {"name": name, "created_by": user}
    template, _ = MappingTemplate.objects.update_or_create(header=header, defaults=kept)
    return template


def name_column(columns, position):
    """Return a column as [name, which of that name], so that it is found wherever it stands."""
    name = columns[position]
    return [name, columns[:position].count(name)]


def find_template(columns):
    """Find the template of a header row, or of the most similar one; None if none is similar enough."""
    if same := MappingTemplate.objects.filter(header=header_of(columns)).first():
        return same
    names = {fold(name) for name in columns}
    best = max(MappingTemplate.objects.all(), key=lambda template: similarity(template, names), default=None)
    return best if best and similarity(best, names) >= ALIKE else None


def similarity(template, names):
    used = [fold(name) for sources in template.fields.values() for name, _ in sources]
    return sum(name in names for name in used) / len(used) if used else 0


def fold(name):
    """Normalise a column's name by its meaning, if that is known, so that `Zip Code` and `ZIP_CODE` are equal."""
    return " ".join(find_words(name) or name.lower().split())


def apply_template(template, columns, rows=()):
    """Apply a template to a file; ask about a column that is gone or holds another kind of value."""
    guesses = Guesses(name_order=template.options.get("name_order", Guesses.name_order))
    for field, sources in template.fields.items():
        positions = [find_column(columns, *source) for source in sources]
        found = tuple(position for position in positions if position is not None)
        gone = [name for (name, _), position in zip(sources, positions, strict=True) if position is None]
        doubt = ""
        if gone:
            doubt = f"The column “{'”, “'.join(gone)}” of the template “{template}” is not in this file."
        elif len(found) == 1 and has_changed(field, found[0], rows):
            what = LABELS[field].lower()
            doubt = f"In the template “{template}” this column is the {what}; here its values look like something else."
        guesses.fields[field] = Guess(found, 0.0 if doubt else 1.0, doubt)
    return guesses


def find_column(columns, name, number):
    """Where a column stands: by its name, else by the meaning of its name; None where it is gone."""
    same = [position for position, other in enumerate(columns) if other == name]
    if not same:
        same = [position for position, other in enumerate(columns) if fold(other) == fold(name)]
    return same[number] if number < len(same) else None


def has_changed(field, position, rows):
    kind = field.removeprefix("mail_")
    values = Values(row[position] for row in rows if position < len(row))
    return kind in KINDS and len(values) >= FEW and values.share(kind) < 0.3
