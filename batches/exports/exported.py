"""Filter people by whether they were exported before, in the database.

A person was exported if a complete export of their list contains them. Exports store their people as one bit each
(`batches/id_set.py`), so no row of a person changes when a file is written.
"""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, F, Func, Q, QuerySet
from django.db.models.sql.compiler import SQLCompiler

from batches.id_set import IdSet
from batches.models import Export

IS_SET = {
    "postgresql": "get_bit(CAST(%s AS bytea), CAST({id} - {first} AS integer)) = 1",
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


def was_exported(exports: QuerySet[Export]) -> Q | None:
    """Return the condition for people who are in one of these exports, or None if nobody is in any."""
    everyone = IdSet()
    for packed in exports.filter(is_complete=True).order_by().values_list("item_ids", flat=True).iterator():
        everyone.update(IdSet.unpack(bytes(packed)))
    return Q(IsIn(everyone)) if everyone.bits else None
