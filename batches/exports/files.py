"""Results → files: streamed in a layout, counted beforehand, and written down in the log of exports."""

import hashlib
from dataclasses import asdict, dataclass, field

from django.utils import timezone

from batches.exports.id_set import Members
from batches.exports.layouts import BUILT_IN, NO_PHONE, Layout, compile_columns, name_columns
from batches.exports.rows import CHOICES, Source
from batches.files.writers import FORMATS
from batches.models import Export, ExportLayout, Item
from batches.tracing.lifecycle import record


@dataclass
class Tally:
    """What a file holds."""

    rows: int = 0
    numbers: int = 0
    members: Members = field(default_factory=Members)


def find_layout(name):
    """Return the layout of this name, built-in or the team's; None if there is none."""
    if name in BUILT_IN:
        return BUILT_IN[name]
    kept = ExportLayout.objects.filter(name=name).first()
    return kept and as_layout(kept)


def as_layout(kept):
    columns = [tuple(pair) for pair in kept.columns]
    types = tuple(kept.types)
    return Layout(kept.name, columns, kept.per, kept.originals, kept.needs, types, kept.most_phones)


def layout_names():
    return [*BUILT_IN, *ExportLayout.objects.values_list("name", flat=True)]


def read_lines(upload, items, layout, choices, tally):
    """Each line of the file as a Row, in a layout for each phone with that phone; `tally` follows."""
    for row in Source(upload, items, layout, choices).read():
        tally.members.add(row.pk)
        tally.numbers += len(row.phones)
        for phone in (row.phones or [NO_PHONE]) if layout.is_per_phone else [NO_PHONE]:
            row.phone = phone
            tally.rows += 1
            yield row


def make_rows(upload, items, layout, choices, tally):
    """Yield the header and then each line of the file as a list of cells."""
    yield name_columns(layout, upload.all_columns)
    read = compile_columns(layout.columns)
    for row in read_lines(upload, items, layout, choices, tally):
        yield [*row.cells, *read(row)] if layout.originals else read(row)


def count(upload, items, layout, choices):
    """How many rows and numbers the file would have, as a Tally."""
    tally = Tally()
    for _ in read_lines(upload, items, layout, choices, tally):
        pass
    return tally


# The log of exports


def export(upload, items, layout, choices, file_format="csv", user=None, chosen=None, is_gone=lambda: False):
    """Yield the file in pieces of bytes, logged before the first piece goes out and once more after the last.

    `items` are those of the upload whose rows are wanted; `chosen` says for the log how they were chosen; `is_gone`
    tells whether whoever downloads it has broken off.
    """
    described = {"choices": choices.chosen(), "rows": chosen or {}, "layout": asdict(layout)}
    kept = Export.objects.create(upload=upload, user=user, layout=layout.name, format=file_format, choices=described)
    record(upload.pk, "exported", user=user, detail=f"{layout.name}, {file_format}: {describe(kept)}")
    tally = Tally()
    rows = make_rows(upload, items, layout, choices, tally)
    return write_down(kept, tally, FORMATS[file_format][0](rows), is_gone)


def describe(kept):
    """How the rows and numbers of an export were chosen, in words."""
    rows = [f"{name} {', '.join(of) if isinstance(of, list) else of}" for name, of in kept.choices["rows"].items()]
    return "; ".join([*rows, *(CHOICES[name].lower() for name in kept.choices["choices"])]) or "all rows"


def write_down(kept, tally, pieces, is_gone):
    """Yield the pieces of a file, and log what they held at the end, even if the end comes early."""
    digest, size, is_complete = hashlib.sha256(), 0, False
    try:
        for piece in pieces:
            if is_gone():
                return
            digest.update(piece)
            size += len(piece)
            yield piece
        is_complete = True
    finally:
        Export.objects.filter(pk=kept.pk).update(
            rows=tally.rows,
            numbers=tally.numbers,
            size=size,
            sha256=digest.hexdigest(),
            held=tally.members.pack(),
            ended_at=timezone.now(),
            is_complete=is_complete,
        )


def find_exports(item):
    """Find the exports that held the person of an item, in this list or another, the latest first.

    One that ended without a word, as the server was stopped, may have held anybody of its list.
    """
    same = Item.objects.filter(fingerprint=item.fingerprint) if item.fingerprint else Item.objects.filter(pk=item.pk)
    by_upload = {}
    for upload_id, pk in same.values_list("upload_id", "pk"):
        by_upload.setdefault(upload_id, []).append(pk)
    of_lists = Export.objects.filter(upload__in=by_upload).select_related("upload", "user")
    return [kept for kept in of_lists if held_any(kept, by_upload[kept.upload_id])]


def held_any(kept, ids):
    members = Members.unpack(bytes(kept.held))
    return kept.ended_at is None or any(pk in members for pk in ids)
