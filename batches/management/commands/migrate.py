from functools import partial
from typing import Any, NamedTuple

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import connections
from django.db.migrations import Migration, RunPython
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.transaction import atomic

from batches.index_operations import TableInUse, retry_while_locked, short_locks


class Step(NamedTuple):
    operation: Operation
    before: ProjectState
    after: ProjectState


class PreparedExecutor(MigrationExecutor):
    """Apply migrations without thinking while a table is locked.

    Django works out the models after each operation between the statements of a transaction, which takes longer than
    the statements: seconds for some migrations, on a busy computer.
    """

    def apply_migration(self, state: ProjectState, migration: Migration, *args: Any, **options: Any) -> ProjectState:
        if self.connection.vendor != "postgresql":
            return super().apply_migration(state, migration, *args, **options)
        steps = list_steps(migration, state)
        migration.apply = partial(run_steps, migration, steps)  # type: ignore[method-assign]
        try:
            return super().apply_migration(state, migration, *args, **options)
        finally:
            # The executor keeps its migrations, and the models of all steps take hundreds of megabytes.
            del migration.apply


# Django's command has no other place for it.
migrate.MigrationExecutor = PreparedExecutor  # type: ignore[attr-defined]


def list_steps(migration: Migration, state: ProjectState) -> list[Step]:
    """Return the operations of a migration, each with the models before and after it."""
    steps = []
    for operation in migration.operations:
        before, state = state, state.clone()
        operation.state_forwards(migration.app_label, state)
        if isinstance(operation, RunPython):
            # It needs models that know all others. Otherwise it would work them out itself.
            before.clear_delayed_apps_cache()
            before.is_delayed = False
        # The first use of this works out the models.
        _ = before.apps, state.apps
        steps.append(Step(operation, before, state))
    return steps


def run_steps(migration: Migration, steps: list[Step], state: ProjectState, schema_editor: Any) -> ProjectState:
    """Do what `migration.apply` does. Return the models after the last step."""
    for operation, before, after in steps:
        if operation.atomic and not schema_editor.atomic_migration:
            with atomic(schema_editor.connection.alias):
                operation.database_forwards(migration.app_label, schema_editor, before, after)
        else:
            operation.database_forwards(migration.app_label, schema_editor, before, after)
        state = after
    return state


class Command(migrate.Command):
    """Migrate without waiting long for a lock: whatever comes later would wait too, even the vendor's results."""

    def handle(self, *args: Any, **options: Any) -> None:
        connection = connections[options["database"]]
        if connection.vendor != "postgresql":
            super().handle(*args, **options)
            return
        migrate_once = partial(super().handle, *args, **options)
        with short_locks(connection):
            try:
                retry_while_locked(migrate_once, self.stderr.write)
            except TableInUse:
                message = "A table was in use at each attempt. Run the migration again at a quieter time."
                raise CommandError(message) from None
