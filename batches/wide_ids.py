"""Give ids 64 bits in a large PostgreSQL database, while the system runs.

Each column that is too short gets a copy of 64 bits beside it, which a trigger keeps equal. Once the copy is filled and
has the same indexes and constraints, it takes the place of the column. What is left to do is read from the database's
catalogue, so an interrupted run is continued by the next one. The models say which columns must be how wide
(docs/decisions/0090-long-ids-are-prepared-beside-the-short-ones.md).
"""

import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

from django.apps import apps
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from batches.index_operations import retry_while_locked, short_locks, without_lock_timeout

SLICE_SIZE = 1_000
"""Number of rows that are filled in one statement, for which their other writers wait."""
PREFIX = "wide_"
"""What the names of copies begin with: of columns, indexes, constraints and triggers."""
ADVISORY_LOCK = 4_764_801
"""Any number, by which a second run recognises that one is at work."""
MAX_SHORT_ID = 2**31 - 1
REPORT_SECONDS = 10

Report = Callable[[str], object]


class AlreadyRunning(Exception):
    """Ids are being widened by another process."""


class Unexpected(Exception):
    """A table would be different afterwards. Nothing has been changed."""


class ForeignKey(NamedTuple):
    name: str
    table: str
    column: str
    parent: str
    parent_column: str
    options: str
    """What follows in its definition, such as DEFERRABLE INITIALLY DEFERRED."""


class Index(NamedTuple):
    name: str
    definition: str
    constraint: str | None
    """PRIMARY KEY or UNIQUE, if the index belongs to a constraint."""


class SequenceState(NamedTuple):
    sequence: str
    last_value: int
    is_called: bool


# What is left to do


def find_short() -> dict[str, list[str]]:
    """Return table → columns that have 32 bits in the database, although the models say 64. Empty on SQLite."""
    if connection.vendor != "postgresql":
        return {}
    wide = {
        (model._meta.db_table, field.column)
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.local_concrete_fields
        if field.db_type(connection) == "bigint"
    }
    short: dict[str, list[str]] = defaultdict(list)
    rows = query(
        "SELECT table_name, column_name FROM information_schema.columns "
        "WHERE table_schema = current_schema() AND data_type = 'integer' ORDER BY 1, 2"
    )
    for table, column in rows:
        if (table, column) in wide:
            short[table].append(column)
    return dict(short)


def measure_use() -> float:
    """Return the greatest share of their 32 bits that columns have used up which should have 64."""
    sequences = [
        f"pg_get_serial_sequence('{table}', '{name}')" for table, names in find_short().items() for name in names
    ]
    rows = query(f"SELECT pg_sequence_last_value(name) FROM unnest(ARRAY[{', '.join(sequences)}]::text[]) name")  # noqa: S608
    return max((last or 0 for (last,) in rows), default=0) / MAX_SHORT_ID if sequences else 0.0


def widen(report: Report) -> None:
    """Give 64 bits to all columns of `find_short`. Call `report` with a line for each step."""
    with short_locks(connection), exclusively():
        short = find_short()
        steps = (add_copies, fill_copies, copy_indexes, check_copies, copy_foreign_keys)
        for step in steps:
            for table, columns in short.items():
                step(table, columns, report)
        for foreign_key in find_copied_foreign_keys():
            retry_while_locked(partial(exchange_foreign_key, foreign_key), report)
        for table, columns in short.items():
            retry_while_locked(partial(exchange_columns, table, columns), report)
            report(f"{table}: {' and '.join(columns)} exchanged")


@contextmanager
def exclusively() -> Iterator[None]:
    """Raise AlreadyRunning if another process is at work."""
    [(is_ours,)] = query("SELECT pg_try_advisory_lock(%s)", [ADVISORY_LOCK])
    if not is_ours:
        raise AlreadyRunning
    try:
        yield
    finally:
        if connection.is_usable():
            query("SELECT pg_advisory_unlock(%s)", [ADVISORY_LOCK])


# The steps


def add_copies(table: str, columns: list[str], report: Report) -> None:
    """Add an empty copy of each column, and a trigger that fills those of new rows."""
    if exists("pg_trigger WHERE tgname = %s AND tgrelid = %s::regclass", [f"{PREFIX}{table}", table]):
        return
    copies = "".join(f" NEW.{copy_of(name)} := NEW.{name};" for name in columns)

    def change() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            lock(cursor, table)
            added = ", ".join(f"ADD COLUMN {copy_of(name)} bigint" for name in columns)
            cursor.execute(f"ALTER TABLE {table} {added}")
            cursor.execute(
                f"CREATE FUNCTION {PREFIX}{table}() RETURNS trigger LANGUAGE plpgsql AS "
                f"$$BEGIN{copies} RETURN NEW; END$$"
            )
            cursor.execute(
                f"CREATE TRIGGER {PREFIX}{table} BEFORE INSERT OR UPDATE OF {', '.join(columns)} ON {table} "
                f"FOR EACH ROW EXECUTE FUNCTION {PREFIX}{table}()"
            )

    retry_while_locked(change, report)


def fill_copies(table: str, columns: list[str], report: Report) -> None:
    """Fill the copies of earlier rows, a slice at a time, and pause as long as each slice has taken."""
    [(key,)] = query(
        "SELECT attname FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0] "
        "WHERE indisprimary AND indrelid = %s::regclass",
        [table],
    )
    is_left = " OR ".join(f"{copy_of(name)} IS DISTINCT FROM {name}" for name in columns)
    values = ", ".join(f"{copy_of(name)} = {name}" for name in columns)
    # The rows are locked in the order of their ids, as those are that file answers.
    statement = (
        f"WITH slice AS (SELECT {key} AS k, {is_left} AS is_left FROM {table} "  # noqa: S608 - names of the catalogue
        f"WHERE {key} > %s ORDER BY {key} LIMIT %s), "
        f"locked AS (SELECT {key} AS k FROM {table} WHERE {key} IN (SELECT k FROM slice WHERE is_left) "
        f"ORDER BY {key} FOR NO KEY UPDATE), "
        f"filled AS (UPDATE {table} SET {values} FROM locked WHERE {key} = k RETURNING 1) "
        "SELECT max(k), (SELECT count(*) FROM filled) FROM slice"
    )
    last, total, reported_at = 0, 0, time.monotonic()
    while last is not None:
        began_at = time.monotonic()
        fill = partial(query, statement, [last, SLICE_SIZE])
        [(last, filled)] = retry_while_locked(fill, report)
        total += filled
        if filled:
            time.sleep(time.monotonic() - began_at)
        if time.monotonic() - reported_at > REPORT_SECONDS:
            report(f"{table}: {total:,} rows filled so far")
            reported_at = time.monotonic()
    report(f"{table}: {total:,} rows filled")


def copy_indexes(table: str, columns: list[str], report: Report) -> None:
    """Build the indexes of the columns for their copies. Nobody waits for it."""
    for index in list_indexes(table, columns):
        name, (head, _, tail) = copy_of(index.name), index.definition.partition(" USING ")
        if exists("pg_index WHERE indexrelid = to_regclass(%s) AND indisvalid", [name]):
            continue
        kind = "UNIQUE INDEX" if head.startswith("CREATE UNIQUE") else "INDEX"
        with connection.cursor() as cursor, without_lock_timeout(cursor):
            # What an interrupted run has left is not valid.
            cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            cursor.execute(f"CREATE {kind} CONCURRENTLY {name} ON {table} USING {name_copies(tail, columns)}")
        report(f"{table}: index {index.name} built")


def check_copies(table: str, columns: list[str], report: Report) -> None:
    """Let the database check that the copies are equal, and collect their statistics for the planner."""
    mandatory = list_mandatory(table)
    parts = [
        f"{copy_of(name)} IS NOT NULL AND {copy_of(name)} = {name}"
        if name in mandatory
        else f"{copy_of(name)} IS NOT DISTINCT FROM {name}"
        for name in columns
    ]
    add_constraint(table, f"{PREFIX}{table}", f"CHECK ({' AND '.join(parts)})", report)
    query(f"ANALYZE {table} ({', '.join(map(copy_of, columns))})")


def copy_foreign_keys(table: str, columns: list[str], report: Report) -> None:
    """Add the foreign keys of the columns to their copies, and those that refer to them."""
    short = find_short()
    for each in list_foreign_keys():
        if each.name.startswith(PREFIX) or table not in (each.table, each.parent):
            continue
        column, parent_column = (
            copy_of(name) if name in short.get(owner, []) else name
            for owner, name in ((each.table, each.column), (each.parent, each.parent_column))
        )
        if (column, parent_column) != (each.column, each.parent_column):
            definition = f"FOREIGN KEY ({column}) REFERENCES {each.parent} ({parent_column}){each.options}"
            add_constraint(each.table, copy_of(each.name), definition, report, parent=each.parent)


def exchange_foreign_key(copy: ForeignKey) -> None:
    """Put the copy of a foreign key in the place of the original."""
    [name] = [each.name for each in list_foreign_keys() if (each.table, copy_of(each.name)) == (copy.table, copy.name)]
    with transaction.atomic(), connection.cursor() as cursor:
        lock(cursor, copy.parent, copy.table)
        cursor.execute(f"ALTER TABLE {copy.table} DROP CONSTRAINT {name}")
        cursor.execute(f"ALTER TABLE {copy.table} RENAME CONSTRAINT {copy.name} TO {name}")


def exchange_columns(table: str, columns: list[str]) -> None:
    """Put the copies in the place of the columns. Raise Unexpected if anything but their types would change."""
    mandatory, indexes = list_mandatory(table), list_indexes(table, columns)
    with transaction.atomic(), connection.cursor() as cursor:
        lock(cursor, table)
        before = describe(table)
        sequences = [(name, state) for name in columns if (state := read_sequence(table, name))]
        cursor.execute(f"DROP TRIGGER {PREFIX}{table} ON {table}; DROP FUNCTION {PREFIX}{table}()")
        # Because of the copies' check, which goes with the columns, the rows need not be read for this.
        for name in mandatory & set(columns):
            cursor.execute(f"ALTER TABLE {table} ALTER COLUMN {copy_of(name)} SET NOT NULL")
        for index in indexes:
            if index.constraint:
                cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {index.name}")
        for name in columns:
            # Other indexes go with the column.
            cursor.execute(f"ALTER TABLE {table} DROP COLUMN {name}")
            cursor.execute(f"ALTER TABLE {table} RENAME COLUMN {copy_of(name)} TO {name}")
        for index in indexes:
            copy = copy_of(index.name)
            cursor.execute(
                f"ALTER TABLE {table} ADD CONSTRAINT {index.name} {index.constraint} USING INDEX {copy}"
                if index.constraint
                else f"ALTER INDEX {copy} RENAME TO {index.name}"
            )
        for name, state in sequences:
            identity = f"GENERATED BY DEFAULT AS IDENTITY (SEQUENCE NAME {state.sequence})"
            cursor.execute(f"ALTER TABLE {table} ALTER COLUMN {name} ADD {identity}")
            cursor.execute("SELECT setval(%s, %s, %s)", state)
        if changed := before ^ describe(table):
            raise Unexpected("; ".join(" ".join(map(str, each)) for each in sorted(changed, key=str)))


# The catalogue


def copy_of(name: str) -> str:
    """Return the name of the copy of a column, index or constraint. PostgreSQL's names have at most 63 bytes."""
    return f"{PREFIX}{name}"[:63]


def name_copies(sql: str, columns: Iterable[str]) -> str:
    """Return an expression with the copies' names instead of the columns'."""
    for name in columns:
        sql = re.sub(rf"\b{name}\b", copy_of(name), sql)
    return sql


def query(statement: str, parameters: list[Any] | dict[str, Any] | None = None) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []


def exists(condition: str, parameters: list[Any]) -> bool:
    return bool(query(f"SELECT 1 FROM {condition}", parameters))  # noqa: S608 - constant text


def lock(cursor: CursorWrapper, first: str, *others: str, mode: str = "ACCESS EXCLUSIVE") -> None:
    """Lock tables. Only the first is waited for: others would wait for it in the meantime."""
    cursor.execute(f"LOCK TABLE {first} IN {mode} MODE")
    for table in others:
        cursor.execute(f"LOCK TABLE {table} IN {mode} MODE NOWAIT")


def add_constraint(table: str, name: str, definition: str, report: Report, parent: str | None = None) -> None:
    """Add a constraint that holds for new rows at once, and let the database check the others while it is used."""

    def change() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            if parent:
                lock(cursor, parent, table, mode="SHARE ROW EXCLUSIVE")
            cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition} NOT VALID")

    condition = "pg_constraint WHERE conname = %s AND conrelid = %s::regclass"
    if not exists(condition, [name, table]):
        retry_while_locked(change, report)
    if not exists(f"{condition} AND convalidated", [name, table]):
        with connection.cursor() as cursor, without_lock_timeout(cursor):
            cursor.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")


def list_mandatory(table: str) -> set[str]:
    rows = query(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND attnotnull", [table]
    )
    return {name for (name,) in rows}


def list_indexes(table: str, columns: list[str]) -> list[Index]:
    """Return the indexes that contain or mention one of these columns."""
    rows = query(
        "SELECT relname, pg_get_indexdef(indexrelid), "
        "CASE contype WHEN 'p' THEN 'PRIMARY KEY' WHEN 'u' THEN 'UNIQUE' END "
        "FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid "
        "LEFT JOIN pg_constraint ON conindid = indexrelid AND conrelid = indrelid AND contype IN ('p', 'u') "
        "WHERE indrelid = %s::regclass ORDER BY relname",
        [table],
    )
    found = [Index(*row) for row in rows]
    return [each for each in found if (tail := each.definition.partition(" USING ")[2]) != name_copies(tail, columns)]


def list_foreign_keys() -> list[ForeignKey]:
    """Return all foreign keys of one column."""
    rows = query(
        "SELECT conname, conrelid::regclass::text, child.attname, confrelid::regclass::text, parent.attname, "
        "regexp_replace(pg_get_constraintdef(pg_constraint.oid), '^.* REFERENCES [^)]*\\)(.*?)( NOT VALID)?$', '\\1') "
        "FROM pg_constraint "
        "JOIN pg_attribute child ON child.attrelid = conrelid AND child.attnum = conkey[1] "
        "JOIN pg_attribute parent ON parent.attrelid = confrelid AND parent.attnum = confkey[1] "
        "WHERE contype = 'f' AND cardinality(conkey) = 1 AND connamespace = current_schema()::regnamespace "
        "ORDER BY conname"
    )
    return [ForeignKey(*row) for row in rows]


def find_copied_foreign_keys() -> list[ForeignKey]:
    return [each for each in list_foreign_keys() if each.name.startswith(PREFIX)]


def read_sequence(table: str, column: str) -> SequenceState | None:
    """Return the state of the sequence of an identity column."""
    [(name,)] = query("SELECT pg_get_serial_sequence(%s, %s)", [table, column])
    return SequenceState(name, *query(f"SELECT last_value, is_called FROM {name}")[0]) if name else None  # noqa: S608


def describe(table: str) -> set[tuple[str, ...]]:
    """Return the columns without their types, indexes, constraints and triggers of a table, as if without copies."""
    rows = query(
        "SELECT 'column', attname, attnotnull::text, attidentity::text, coalesce(pg_get_expr(adbin, adrelid), '') "
        "FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum "
        "WHERE attrelid = %(table)s::regclass AND attnum > 0 AND NOT attisdropped "
        "UNION ALL SELECT 'index', relname, pg_get_indexdef(indexrelid), indisvalid::text, indisprimary::text "
        "FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid WHERE indrelid = %(table)s::regclass "
        "UNION ALL SELECT 'constraint', conname, conrelid::regclass::text, pg_get_constraintdef(oid), '' "
        "FROM pg_constraint WHERE %(table)s::regclass IN (conrelid, confrelid) AND contype <> 'n' "
        "UNION ALL SELECT 'trigger', tgname, pg_get_triggerdef(oid), '', '' "
        "FROM pg_trigger WHERE tgrelid = %(table)s::regclass AND NOT tgisinternal",
        {"table": table},
    )
    # Foreign keys have been exchanged before, so they may contain names of copies.
    return {tuple(re.sub(rf"\b{PREFIX}", "", text) for text in row) for row in rows if not row[1].startswith(PREFIX)}
