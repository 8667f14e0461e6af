import time
from functools import partial
from typing import Any, NamedTuple

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import OperationalError, connections
from django.db.migrations import Migration, RunPython
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.transaction import atomic

from batches.index_operations import LOCK_TIMEOUT

LOCK_NOT_AVAILABLE = "55P03"
ATTEMPTS = 30
PAUSE_SECONDS = 2
SESSION_SETTINGS = {
    "lock_timeout": LOCK_TIMEOUT,
    # A migration keeps its locks until its commit is on the disk, which takes long while the disk is busy. It need not
    # wait: if the server crashes before, the migration has not run, and neither has anything that came after it.
    "synchronous_commit": "off",
}
"""What PostgreSQL does differently for the session of `manage.py migrate`."""


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
        with connection.cursor() as cursor:
            for name, value in SESSION_SETTINGS.items():
                cursor.execute("SELECT set_config(%s, %s, false)", [name, value])
        try:
            self.migrate_patiently(*args, **options)
        finally:
            if connection.is_usable():
                with connection.cursor() as cursor:
                    for name in SESSION_SETTINGS:
                        cursor.execute(f"RESET {name}")

    def migrate_patiently(self, *args: Any, **options: Any) -> None:
        """Migrate, and try again while a table is locked. What was interrupted is rolled back or can be repeated."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                super().handle(*args, **options)
                return
            except OperationalError as error:
                if getattr(error.__cause__, "sqlstate", None) != LOCK_NOT_AVAILABLE:
                    raise
            self.stderr.write(
                f"A table is in use (attempt {attempt} of {ATTEMPTS}). Nothing is waiting for us in the meantime."
            )
            time.sleep(PAUSE_SECONDS)
        raise CommandError("A table was in use at each attempt. Run the migration again at a quieter time.")
