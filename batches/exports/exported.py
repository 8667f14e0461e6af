"""Filter people by whether they were exported before, in the database.

A person was exported if a complete export of their list contains them. Exports store their people as one bit each
(`batches/id_set.py`), so no row of a person changes when a file is written.
"""

import hashlib
from typing import Any, NamedTuple

from django.core.cache import cache
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, F, Func, Q, QuerySet
from django.db.models.sql.compiler import SQLCompiler

from batches.id_set import IdSet
from batches.models import Export

IS_SET = {
    "postgresql": "get_bit(CAST(%s AS bytea), {id} - {first}) = 1",
    # The hexadecimal digit with the bit: SQLite has no function that reads a byte as a number.
    "sqlite": (
        "((instr('0123456789ABCDEF', substr(hex(substr(%s, ({id} - {first}) / 8 + 1, 1)), "
        "2 - ({id} - {first}) %% 8 / 4, 1)) - 1) >> (({id} - {first}) %% 8 %% 4)) & 1"
    ),
}
"""Database → the condition that the bit of an id is set."""


class IsIn(Func):
    """Whether the id of an item is in a set that is not empty."""

    output_field = BooleanField()

    def __init__(self, ids: IdSet) -> None:
        super().__init__(F("pk"))
        self.first, self.bits = ids.first or 0, bytes(ids.bits)

    def as_sql(  # type: ignore[override]  # The stubs know no parameters of bytes.
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, *args: Any, **kwargs: Any
    ) -> tuple[str, tuple[bytes, ...]]:
        column, _ = compiler.compile(self.get_source_expressions()[0])
        is_set = IS_SET[connection.vendor].format(id=column, first=self.first)
        last = self.first + 8 * len(self.bits) - 1
        return f"CASE WHEN {column} BETWEEN {self.first} AND {last} THEN {is_set} ELSE FALSE END", (self.bits,)


CACHE_SECONDS = 86_400
"""How long it is remembered who is in some exports. Those that have been made since are added."""


class Exported(NamedTuple):
    """The people in some exports."""

    exports: frozenset[int]
    people: IdSet


def was_exported(exports: QuerySet[Export]) -> Q | None:
    """Return the condition for people who are in one of these exports, or None if nobody is in any."""
    people = find_exported(exports.filter(is_complete=True).order_by())
    return Q(IsIn(people)) if people.bits else None


def find_exported(exports: QuerySet[Export]) -> IdSet:
    """Return the people in complete exports. Only those that are new since the last time are read and unpacked."""
    key = f"exported:{hashlib.blake2b(str(exports.query).encode(), digest_size=16).hexdigest()}"
    ids = frozenset(exports.values_list("pk", flat=True))
    known: Exported | None = cache.get(key)
    if known is None or not known.exports <= ids:
        known = Exported(frozenset(), IdSet())
    if ids == known.exports:
        return known.people
    new = exports.filter(pk__in=ids - known.exports) if known.exports else exports
    for packed in new.values_list("item_ids", flat=True).iterator():
        known.people.update(IdSet.unpack(bytes(packed)))
    cache.set(key, Exported(ids, known.people), CACHE_SECONDS)
    return known.people
