"""Change large tables that are in use: how to wait for locks, and operations of migrations."""

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import TypeVar

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.utils import CursorWrapper
from django.db.migrations import AddField, AddIndex, AlterField
from django.db.models import Index, Model

LOCK_TIMEOUT = "300ms"
"""How long `manage.py migrate` waits for a lock.

Others who need the same table wait that long too, and then for the migration's statements. In all, they are to wait
for 500 ms at most.
"""
LOCK_NOT_AVAILABLE = "55P03"
ATTEMPTS = 30
PAUSE_SECONDS = 2
SESSION_SETTINGS = {
    "lock_timeout": LOCK_TIMEOUT,
    # A change keeps its locks until its commit is on the disk, which takes long while the disk is busy. It need not
    # wait: if the server crashes before, the change has not been made, and neither has anything that came after it.
    "synchronous_commit": "off",
}
"""What PostgreSQL does differently for a session that changes tables."""
MAX_REWRITTEN_BYTES = 8 * 2**20
"""The size up to which tables are rewritten at once, although nobody can use them in the meantime."""


Result = TypeVar("Result")


class TableInUse(Exception):
    """A table was locked at each attempt."""


def is_partitioned(connection: BaseDatabaseWrapper, table: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relkind = 'p' FROM pg_class WHERE oid = to_regclass(%s)", [table])
        row = cursor.fetchone()
    return bool(row and row[0])


def list_partitions(connection: BaseDatabaseWrapper, table: str) -> list[str]:
    """Return the names of a table's partitions, or an empty list if it has none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = to_regclass(%s) ORDER BY inhrelid",
            [table],
        )
        return [name for (name,) in cursor.fetchall()]


@contextmanager
def short_locks(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Keep others from waiting long for the locks of this session, on PostgreSQL."""
    with connection.cursor() as cursor:
        for name, value in SESSION_SETTINGS.items():
            cursor.execute("SELECT set_config(%s, %s, false)", [name, value])
    try:
        yield
    finally:
        if connection.is_usable():
            with connection.cursor() as cursor:
                for name in SESSION_SETTINGS:
                    cursor.execute(f"RESET {name}")


def retry_while_locked(
    change: Callable[[], Result], report: Callable[[str], object], attempts: int = ATTEMPTS
) -> Result:
    """Make a change, and try again while a table is locked. Raise TableInUse after the last attempt.

    Whatever is interrupted must have been rolled back, or be repaired by the next attempt.
    """
    for attempt in range(1, attempts + 1):
        try:
            return change()
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) != LOCK_NOT_AVAILABLE:
                raise
        report(f"A table is in use (attempt {attempt} of {attempts}). Nothing is waiting for us in the meantime.")
        if attempt < attempts:
            time.sleep(PAUSE_SECONDS)
    raise TableInUse


@contextmanager
def without_lock_timeout(session: BaseDatabaseSchemaEditor | CursorWrapper) -> Iterator[None]:
    """Let a block wait for older transactions, however long they take. The block itself must keep nobody waiting."""
    session.execute("SET lock_timeout = 0")
    yield
    session.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")


class AddFieldWhileRunning(AddField):
    """Add a column with a constant `db_default`, which databases can do without rewriting the rows.

    On SQLite, Django would copy the whole table, which is necessary only for other kinds of columns.
    """

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor != "sqlite":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        model = to_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            BaseDatabaseSchemaEditor.add_field(schema_editor, model, model._meta.get_field(self.name))


class AddIndexWhileRunning(AddIndexConcurrently):
    """Add an index without blocking writes on PostgreSQL, or as usual on SQLite.

    PostgreSQL cannot do so for a partitioned table. There, the index is built in one partition after the other.

    The migration must not be atomic. If it is interrupted, migrate again: the invalid index that it left is replaced.
    """

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor != "postgresql":
            AddIndex.database_forwards(self, app_label, schema_editor, from_state, to_state)
            return
        model = to_state.apps.get_model(app_label, self.model_name)
        # To write down the statements, there need not be a database.
        if not schema_editor.collect_sql and is_partitioned(schema_editor.connection, model._meta.db_table):
            if self.allow_migrate_model(schema_editor.connection.alias, model):
                add_partitioned_index(schema_editor, model, self.index)
            return
        with without_lock_timeout(schema_editor):
            schema_editor.remove_index(model, self.index, concurrently=True)
            super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        model = from_state.apps.get_model(app_label, self.model_name)
        is_removed_at_once = schema_editor.connection.vendor != "postgresql" or (
            not schema_editor.collect_sql and is_partitioned(schema_editor.connection, model._meta.db_table)
        )
        if is_removed_at_once:
            AddIndex.database_backwards(self, app_label, schema_editor, from_state, to_state)
            return
        with without_lock_timeout(schema_editor):
            super().database_backwards(app_label, schema_editor, from_state, to_state)


def add_partitioned_index(schema_editor: BaseDatabaseSchemaEditor, model: type[Model], index: Index) -> None:
    """Build an index in each partition of a table while it is in use, and attach them to an index of the table.

    If this was interrupted, continue: partitions that have the index keep it.
    """
    table, name = model._meta.db_table, index.name
    statement = str(index.create_sql(model, schema_editor))
    on_table = f"ON {schema_editor.quote_name(table)}"
    if not has_index(schema_editor, name):
        schema_editor.execute(statement.replace(on_table, f"ON ONLY {schema_editor.quote_name(table)}", 1))
    # A partition that is added from now on has the index from the start.
    attached = list_partitions(schema_editor.connection, name)
    for partition in list_partitions(schema_editor.connection, table):
        if any(has_index(schema_editor, found, partition) for found in attached):
            continue
        part = name_part(name, partition)
        in_partition = statement.replace(on_table, f"ON {partition}", 1)
        in_partition = in_partition.replace(schema_editor.quote_name(name), schema_editor.quote_name(part), 1)
        with without_lock_timeout(schema_editor):
            schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {schema_editor.quote_name(part)}")
            schema_editor.execute(in_partition.replace("CREATE INDEX", "CREATE INDEX CONCURRENTLY", 1))
        schema_editor.execute(
            f"ALTER INDEX {schema_editor.quote_name(name)} ATTACH PARTITION {schema_editor.quote_name(part)}"
        )


def name_part(index: str, partition: str) -> str:
    """Return the name of a partition's part of an index: that of the index, with the end of the partition's name."""
    return f"{index[:40]}_{partition.rpartition('_')[2]}"


def has_index(schema_editor: BaseDatabaseSchemaEditor, name: str, table: str | None = None) -> bool:
    """Return whether an index of this name exists, and belongs to `table` if one is given."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "SELECT indrelid::regclass::text FROM pg_index WHERE indexrelid = to_regclass(%s)",
            [schema_editor.quote_name(name)],
        )
        row = cursor.fetchone()
    return row is not None and table in (None, row[0])


class WidenWhileShort(AlterField):
    """Turn a primary key into a BigAutoField, with all that refers to it, if its tables are short.

    PostgreSQL rewrites the tables, and nobody can read them in the meantime. Long ones are left to `manage.py
    widen_ids`. On SQLite, all integers have 64 bits. Going back changes nothing, because older code can use wide ids.
    """

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor != "postgresql":
            return
        model = to_state.apps.get_model(app_label, self.model_name)
        table = model._meta.db_table
        tables = {table, *(each.related_model._meta.db_table for each in model._meta.related_objects)}
        if not schema_editor.collect_sql:
            if measure_tables(schema_editor.connection, tables) > MAX_REWRITTEN_BYTES:
                return
            # Otherwise each of them would be waited for, while others wait for those that are locked already.
            quoted = ", ".join(map(schema_editor.quote_name, sorted(tables - {table})))
            schema_editor.execute(f"LOCK TABLE {schema_editor.quote_name(table)}")
            schema_editor.execute(f"LOCK TABLE {quoted} NOWAIT")
        super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        pass


def measure_tables(connection: BaseDatabaseWrapper, tables: Collection[str]) -> int:
    """Return the size of tables with all that belongs to them, in bytes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(pg_total_relation_size(name::regclass)) FROM unnest(%s::text[]) name", [list(tables)]
        )
        return cursor.fetchone()[0]
