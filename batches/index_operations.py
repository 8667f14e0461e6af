"""Migration operations for large tables that are in use."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import AddField, AddIndex, AlterField

LOCK_TIMEOUT = "300ms"
"""How long `manage.py migrate` waits for a lock.

Others who need the same table wait that long too, and then for the migration's statements. In all, they are to wait
for 500 ms at most.
"""
MAX_REWRITTEN_BYTES = 8 * 2**20
"""The size up to which tables are rewritten at once, although nobody can use them in the meantime."""


@contextmanager
def without_lock_timeout(schema_editor: BaseDatabaseSchemaEditor) -> Iterator[None]:
    """Let a block wait for older transactions, however long they take. The block itself must keep nobody waiting."""
    schema_editor.execute("SET lock_timeout = 0")
    yield
    schema_editor.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")


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

    The migration must not be atomic. If it is interrupted, migrate again: the invalid index that it left is replaced.
    """

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor != "postgresql":
            AddIndex.database_forwards(self, app_label, schema_editor, from_state, to_state)
            return
        model = to_state.apps.get_model(app_label, self.model_name)
        with without_lock_timeout(schema_editor):
            schema_editor.remove_index(model, self.index, concurrently=True)
            super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor != "postgresql":
            AddIndex.database_backwards(self, app_label, schema_editor, from_state, to_state)
            return
        with without_lock_timeout(schema_editor):
            super().database_backwards(app_label, schema_editor, from_state, to_state)


class WidenWhileShort(AlterField):
    """Turn a primary key into a BigAutoField, with all that refers to it, if its tables are short.

    PostgreSQL rewrites the tables, and nobody can read them in the meantime. Long ones are left as they are.
    On SQLite, all integers have 64 bits. Going back changes nothing, because older code can use wide ids.
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
