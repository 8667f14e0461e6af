"""Remove a person from texts in records that are not linked to them. Other apps register their own texts."""

from collections.abc import Callable, Collection
from typing import Any

from django.db import transaction
from django.db.models import Field, Model

from batches.forgetting.identity import ERASED_TEXT, Identity
from batches.models import (
    Batch,
    CallOutcome,
    Correction,
    Event,
    Export,
    ExportLayout,
    LoadedFile,
    MappingTemplate,
    PersonNote,
    Suppression,
    Upload,
)

CHUNK_SIZE = 1000
Eraser = Callable[[Identity, Collection[int], bool], int]
"""A function that removes a person with these item ids from some records, and returns the number of these records.

If its last argument is true, it only counts the records.
"""
erasers: list[Eraser] = []


def register(*added: Eraser) -> None:
    """Add functions that remove people from texts."""
    erasers.extend(added)


def in_fields(model: type[Model], *names: str) -> Eraser:
    """Return an eraser for fields of a model that hold strings, or JSON that contains strings."""

    def erase(identity: Identity, _ids: Collection[int], is_dry: bool) -> int:
        changes: list[tuple[int, dict[str, Any]]] = []
        rows = model._default_manager.order_by().values_list("pk", *names)
        for pk, *values in rows.iterator(chunk_size=CHUNK_SIZE):
            scrubbed = {name: identity.scrub(value) for name, value in zip(names, values, strict=True)}
            if list(scrubbed.values()) != values:
                changes.append((pk, {name: fit(model, name, pk, value) for name, value in scrubbed.items()}))
        if not is_dry:
            # Write only after reading everything: SQLite does not write while the same connection reads.
            for pk, fields in changes:
                model._default_manager.filter(pk=pk).update(**fields)
        return len(changes)

    return erase


def fit(model: type[Model], name: str, pk: int, value: Any) -> Any:
    """Return the value in a form that its field can hold. If it must be unique, add the id of the record."""
    column = model._meta.get_field(name)
    if not isinstance(value, str) or not isinstance(column, Field):
        return value
    if column.unique and ERASED_TEXT in value:
        value = f"{ERASED_TEXT} {pk}"
    return value[: column.max_length]


@transaction.atomic
def erase_texts(identity: Identity, ids: Collection[int], is_dry: bool = False) -> int:
    """Remove a person from all texts. With `is_dry`, only count the records. Return their number."""
    return sum(erase(identity, ids, is_dry) for erase in erasers)


register(
    in_fields(Upload, "name", "filename", "problem", "list_source", "note", "columns", "constants"),
    in_fields(Correction, "filename", "problem", "columns"),
    in_fields(MappingTemplate, "name", "columns", "constants"),
    in_fields(ExportLayout, "name", "columns"),
    in_fields(Batch, "problem", "completion"),
    in_fields(Event, "detail"),
    in_fields(Export, "choices"),
    in_fields(Suppression, "reason", "asked_by"),
    in_fields(CallOutcome, "note"),
    in_fields(LoadedFile, "filename", "problem", "problems", "terms"),
    in_fields(PersonNote, "text"),
)
