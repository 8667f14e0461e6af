"""Migration operations for large tables that are in use."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import AddField, AddIndex


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

    The migration must not be atomic. If it is interrupted, drop the invalid index that it leaves, and migrate again.
    """

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        add = AddIndexConcurrently if schema_editor.connection.vendor == "postgresql" else AddIndex
        add.database_forwards(self, app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        add = AddIndexConcurrently if schema_editor.connection.vendor == "postgresql" else AddIndex
        add.database_backwards(self, app_label, schema_editor, from_state, to_state)
