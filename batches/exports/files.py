"""Export results as files: stream them in a layout, count them beforehand, and log them."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.models import AuditKind
from accounts.rights import Right, require
from batches.exports import certificates
from batches.exports.breakdown import Breakdown, BreakdownReader
from batches.exports.certificates import Sources
from batches.exports.layouts import BUILT_IN, Layout
from batches.exports.lines import generate_rows
from batches.exports.rows import LABELS_IN_SENTENCES, ExportChoices
from batches.files.writers import WRITERS
from batches.id_set import IdSet
from batches.models import Export, ExportLayout, Item, ItemQuerySet, Upload, in_visible_list
from batches.tracing import purposes
from batches.tracing.lifecycle import record


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


# The export log

LOGGED_AT_THE_END = ["rows", "numbers", "size", "sha256", "item_ids", "ended_at", "is_complete"]


def stream_export(
    upload: Upload,
    items: ItemQuerySet,
    layout: Layout,
    choices: ExportChoices,
    file_format: str = "csv",
    user: User | None = None,
    chosen: dict[str, Any] | None = None,
    is_disconnected: Callable[[], bool] = lambda: False,
) -> Iterator[bytes]:
    """Log an export, and return its file in chunks. The entry in the log is completed after the last chunk.

    `items` are the upload's items to export. `chosen` says how they were chosen, and is logged. `is_disconnected`
    returns whether the client has closed the connection.
    """
    require(user, Right.EXPORT)
    options = {
        "choices": choices.chosen(),
        "seen_within": choices.seen_within,
        "rows": chosen or {},
        "layout": asdict(layout),
        "purpose": purposes.make_record(upload),
    }
    entry = Export.objects.create(upload=upload, user=user, layout=layout.name, format=file_format, choices=options)
    record(upload.pk, "exported", user=user, detail=f"{layout.name}, {file_format}: {summarise_export(entry)}")
    reader = BreakdownReader(upload, items, layout, choices)
    chunks = WRITERS[file_format](generate_rows(reader, reader.breakdown.tally))
    # The request has ended by the time the last chunk is sent.
    address = audit.current_address.get()
    return log_chunks(entry, reader.breakdown, Sources(), chunks, is_disconnected, address)


def repeat_query(entry: Export) -> str | None:
    """Return the query string that makes the same choices as an export, or None if they are no longer known.

    The words that were typed and the people who were ticked are not logged.
    """
    rows = entry.choices.get("rows", {})
    if "ticked" in rows or "(text)" in rows.values():
        return None
    filters = [(name, each) for name, value in rows.items() for each in (value if isinstance(value, list) else [value])]
    chosen = [(name, "1") for name in entry.choices.get("choices", [])]
    if months := entry.choices.get("seen_within"):
        chosen.append(("seen_within", str(months)))
    return urlencode([("layout", entry.layout), ("format", entry.format), *chosen, *filters])


def summarise_export(entry: Export) -> str:
    """Summarise how the rows and numbers of an export were chosen."""
    chosen = entry.choices["rows"].items()
    rows = [f"{name} {join_values(value)}" for name, value in chosen]
    without = [f"without {LABELS_IN_SENTENCES[name]}" for name in entry.choices["choices"]]
    months = entry.choices.get("seen_within")
    seen = [f"seen within {months} months"] if months else []
    return "; ".join([*rows, *without, *seen]) or "all rows"


def join_values(value: Any) -> Any:
    return ", ".join(value) if isinstance(value, list) else value


def log_chunks(
    entry: Export,
    breakdown: Breakdown,
    sources: Sources,
    chunks: Iterable[bytes],
    is_disconnected: Callable[[], bool],
    address: str | None,
) -> Iterator[bytes]:
    """Yield the chunks of a file. At the end, log what they contained, even if the download was cancelled.

    A complete file gets a certificate.
    """
    digest, size, is_complete, tally = hashlib.sha256(), 0, False, breakdown.tally
    try:
        for chunk in chunks:
            if is_disconnected():
                return
            digest.update(chunk)
            size += len(chunk)
            yield chunk
        is_complete = True
    finally:
        entry.rows, entry.numbers, entry.size = tally.rows, tally.numbers, size
        entry.sha256, entry.item_ids = digest.hexdigest(), tally.item_ids.pack()
        entry.ended_at, entry.is_complete = timezone.now(), is_complete
        with transaction.atomic():
            entry.save(update_fields=LOGGED_AT_THE_END)
            if is_complete:
                certificates.issue(entry, breakdown, sources)
            audit.record(
                AuditKind.EXPORTED,
                entry.user,
                upload_id=entry.upload_id,
                item_ids=entry.item_ids,
                detail=f"export {entry.pk}, layout {entry.layout}",
                address=address,
            )


def find_exports(item: Item, user: User | None) -> list[Export]:
    """Find the exports that may contain the person, of all lists that `user` sees, latest first.

    An export that never finished, for example because the server stopped, may contain anyone in its list.
    """
    ids_by_upload = item.find_same_person_ids()
    visible = Export.objects.filter(in_visible_list(user))
    exports = visible.filter(upload__in=ids_by_upload).select_related("upload", "user")
    return [entry for entry in exports if may_contain_any(entry, ids_by_upload[entry.upload_id])]


def may_contain_any(entry: Export, ids: Iterable[int]) -> bool:
    """Return whether an export contains one of these items, or never finished."""
    if entry.ended_at is None:
        return True
    exported = IdSet.unpack(bytes(entry.item_ids))
    return any(pk in exported for pk in ids)
