"""Migrations of long tables neither copy nor lock them."""

import re

import pytest
from django.apps import apps
from django.core.management import call_command
from django.core.management.commands import migrate as django_migrate
from django.db import connection
from django.db.migrations import Migration, RunPython
from django.db.migrations.operations import AddField
from django.db.migrations.state import ProjectState, StateApps
from django.db.models import BooleanField, Index

from batches import index_operations
from batches.index_operations import AddIndexWhileRunning
from batches.management.commands import migrate


@pytest.mark.django_db(transaction=True)
def test_columns_of_people_are_added_without_copying_their_table(capsys):
    call_command("sqlmigrate", "batches", "0016", no_color=True)
    statements = capsys.readouterr().out
    assert len(re.findall("ADD COLUMN", statements)) == 4
    # SQLite copies a table to another one with this prefix.
    assert "new__" not in statements
    assert statements.count("CREATE INDEX CONCURRENTLY") == (2 if connection.vendor == "postgresql" else 0)


@pytest.mark.django_db(transaction=True)
def test_a_migration_that_meets_a_locked_table_gives_way_and_tries_again(monkeypatch, capsys):
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one lock, and no timeout of its own for migrations.")
    holder = connection.copy()
    with holder.cursor() as cursor:
        cursor.execute("BEGIN; LOCK TABLE batches_minute")

    def alter(*_args, **_options):
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE batches_minute ALTER last_at DROP NOT NULL")

    monkeypatch.setattr(django_migrate.Command, "handle", alter)
    # The lock is released while the migration pauses.
    monkeypatch.setattr(index_operations.time, "sleep", lambda _seconds: holder.close())
    call_command("migrate")
    assert "A table is in use (attempt 1 of 30)." in capsys.readouterr().err
    assert read_setting("lock_timeout") == "0"


def read_setting(name):
    with connection.cursor() as cursor:
        cursor.execute(f"SHOW {name}")
        [value] = cursor.fetchone()
    return value


@pytest.mark.django_db(transaction=True)
def test_a_migration_does_not_keep_its_locks_until_the_disk_has_written(monkeypatch):
    if connection.vendor == "sqlite":
        pytest.skip("SQLite writes before each commit.")
    names, seen = ["lock_timeout", "synchronous_commit"], []
    before = [read_setting(name) for name in names]
    monkeypatch.setattr(
        django_migrate.Command, "handle", lambda *_, **__: seen.extend(read_setting(name) for name in names)
    )
    call_command("migrate")
    assert seen == ["300ms", "off"]
    assert [read_setting(name) for name in names] == before


@pytest.mark.django_db(transaction=True)
def test_an_index_that_an_interrupted_migration_left_is_replaced():
    model = apps.get_model("batches", "Minute")
    index = Index(fields=["last_at"], name="minute_last_at")
    operation = AddIndexWhileRunning("minute", index)
    state = ProjectState.from_apps(apps)
    for _ in range(2 if connection.vendor == "postgresql" else 1):
        with connection.schema_editor(atomic=False) as editor:
            operation.database_forwards("batches", editor, state, state)
    with connection.cursor() as cursor:
        assert "minute_last_at" in connection.introspection.get_constraints(cursor, model._meta.db_table)
    with connection.schema_editor(atomic=False) as editor:
        operation.database_backwards("batches", editor, state, state)


@pytest.mark.django_db(transaction=True)
def test_nothing_is_worked_out_while_a_table_is_locked(monkeypatch):
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one lock, and Django's own order.")
    executor = migrate.PreparedExecutor(connection)
    happened = []

    def write(models, _schema_editor):
        happened.append("data")
        models.get_model("batches", "Minute").objects.update(is_new=True)

    migration = Migration("9999_test", "batches")
    field = BooleanField(db_default=False, default=False)
    migration.operations = [AddField("minute", "is_new", field), RunPython(write, RunPython.noop)]
    state = executor.loader.project_state()
    render, forwards = StateApps.render_multiple, AddField.database_forwards

    def render_and_note(*arguments):
        happened.append("models")
        render(*arguments)

    def add_and_note(*arguments):
        happened.append("column")
        forwards(*arguments)

    monkeypatch.setattr(StateApps, "render_multiple", render_and_note)
    monkeypatch.setattr(AddField, "database_forwards", add_and_note)
    try:
        new = executor.apply_migration(state, migration)
        assert "models" in happened[: happened.index("column")]
        assert happened[happened.index("column") :] == ["column", "data"]
        assert "is_new" in new.models["batches", "minute"].fields
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE batches_minute DROP COLUMN IF EXISTS is_new")
        executor.recorder.record_unapplied("batches", "9999_test")
