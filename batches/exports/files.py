"""Export results as files: stream them in a layout, count them beforehand, and log them."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from batches.exports.id_set import IdSet
from batches.exports.layouts import BUILT_IN, NO_PHONE, ExportRow, Layout, compile_columns, name_columns
from batches.exports.rows import CHOICE_LABELS, ExportChoices, ExportReader
from batches.files.writers import FORMATS
from batches.models import Export, ExportLayout, Item, ItemQuerySet, Upload
from batches.tracing.lifecycle import record


@dataclass
class Tally:
    """The contents of a file: its number of rows and of phone numbers, and the ids of the people in it."""

    rows: int = 0
    numbers: int = 0
    item_ids: IdSet = field(default_factory=IdSet)


def find_layout(name: str) -> Layout | None:
    """Return the layout with this name, built-in or saved. Return None if there is none."""
    if name in BUILT_IN:
        return BUILT_IN[name]
    saved = ExportLayout.objects.filter(name=name).first()
    return as_layout(saved) if saved else None


def as_layout(saved: ExportLayout) -> Layout:
    columns = [(name, field) for name, field in saved.columns]
    types = tuple(saved.types)
    return Layout(saved.name, columns, saved.per, saved.originals, saved.needs, types, saved.max_phones)


def list_layouts() -> list[str]:
    return [*BUILT_IN, *ExportLayout.objects.values_list("name", flat=True)]


def read_lines(
    upload: Upload, items: ItemQuerySet, layout: Layout, choices: ExportChoices, tally: Tally
) -> Iterator[ExportRow]:
    """Yield each line of the file, and count it in `tally`.

    A per-phone layout has a line for each phone, or one if there is none.
    """
    for row in ExportReader(upload, items, layout, choices).read():
        tally.item_ids.add(row.pk)
        tally.numbers += len(row.phones)
        for phone in (row.phones or [NO_PHONE]) if layout.is_per_phone else [NO_PHONE]:
            row.phone = phone
            tally.rows += 1
            yield row


def generate_rows(
    upload: Upload, items: ItemQuerySet, layout: Layout, choices: ExportChoices, tally: Tally
) -> Iterator[list[str]]:
    """Yield the header row and then each line of the file, as cells."""
    yield name_columns(layout, upload.all_columns)
    read = compile_columns(layout.columns)
    for row in read_lines(upload, items, layout, choices, tally):
        yield [*row.cells, *read(row)] if layout.originals else read(row)


def count_rows(upload: Upload, items: ItemQuerySet, layout: Layout, choices: ExportChoices) -> Tally:
    """Count what the file would contain."""
    tally = Tally()
    for _ in read_lines(upload, items, layout, choices, tally):
        pass
    return tally


# The export log


def stream_export(
    upload: Upload,
    items: ItemQuerySet,
    layout: Layout,
    choices: ExportChoices,
    file_format: str = "csv",
    user: User | None = None,
    chosen: dict[str, Any] | None = None,
    is_gone: Callable[[], bool] = lambda: False,
) -> Iterator[bytes]:
    """Return the file in chunks.

    The export is logged before the first chunk is sent, and the entry is completed after the last.

    `items` are the upload's items to export. `chosen` says how they were chosen, and is logged. `is_gone` returns
    whether the client has cancelled the download.
    """
    options = {"choices": choices.chosen(), "rows": chosen or {}, "layout": asdict(layout)}
    entry = Export.objects.create(upload=upload, user=user, layout=layout.name, format=file_format, choices=options)
    record(upload.pk, "exported", user=user, detail=f"{layout.name}, {file_format}: {export_summary(entry)}")
    tally = Tally()
    rows = generate_rows(upload, items, layout, choices, tally)
    return log_chunks(entry, tally, FORMATS[file_format][0](rows), is_gone)


def export_summary(entry: Export) -> str:
    """Summarise how the rows and numbers of an export were chosen."""
    chosen = entry.choices["rows"].items()
    rows = [f"{name} {', '.join(value) if isinstance(value, list) else value}" for name, value in chosen]
    without = [f"without {CHOICE_LABELS[name].lower()}" for name in entry.choices["choices"]]
    return "; ".join([*rows, *without]) or "all rows"


def log_chunks(entry: Export, tally: Tally, chunks: Iterable[bytes], is_gone: Callable[[], bool]) -> Iterator[bytes]:
    """Yield the chunks of a file. Log at the end what they contained, even if the download is cancelled."""
    digest, size, is_complete = hashlib.sha256(), 0, False
    try:
        for chunk in chunks:
            if is_gone():
                return
            digest.update(chunk)
            size += len(chunk)
            yield chunk
        is_complete = True
    finally:
        Export.objects.filter(pk=entry.pk).update(
            rows=tally.rows,
            numbers=tally.numbers,
            size=size,
            sha256=digest.hexdigest(),
            item_ids=tally.item_ids.pack(),
            ended_at=timezone.now(),
            is_complete=is_complete,
        )


def find_exports(item: Item) -> list[Export]:
    """Find the exports that contain the person, in this list or another, latest first.

    An export that never finished, for example because the server stopped, may contain anyone in its list.
    """
    same = Item.objects.filter(fingerprint=item.fingerprint) if item.fingerprint else Item.objects.filter(pk=item.pk)
    by_upload: dict[int, list[int]] = {}
    for upload_id, pk in same.values_list("upload_id", "pk"):
        by_upload.setdefault(upload_id, []).append(pk)
    exports = Export.objects.filter(upload__in=by_upload).select_related("upload", "user")
    return [entry for entry in exports if contains_any(entry, by_upload[entry.upload_id])]


def contains_any(entry: Export, ids: Iterable[int]) -> bool:
    exported = IdSet.unpack(bytes(entry.item_ids))
    return entry.ended_at is None or any(pk in exported for pk in ids)
