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
from batches.index_operations import AddFieldWhileRunning, AddIndexWhileRunning, list_partitions
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


@pytest.fixture
def partitioned():
    """Return the name of a model whose table is partitioned during the test."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE batches_minute RENAME TO batches_minute_whole")
        cursor.execute("CREATE TABLE batches_minute (LIKE batches_minute_whole) PARTITION BY RANGE (last_at)")
        cursor.execute("CREATE TABLE batches_minute_rest PARTITION OF batches_minute DEFAULT")
    yield "minute"
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE batches_minute; ALTER TABLE batches_minute_whole RENAME TO batches_minute")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_interrupted", [False, True])
def test_a_partitioned_table_gets_an_index_and_a_column_while_it_is_used(request, is_interrupted):
    if connection.vendor == "sqlite":
        pytest.skip("Only PostgreSQL has partitions.")
    model_name = request.getfixturevalue("partitioned")
    state = ProjectState.from_apps(apps)
    add_index = AddIndexWhileRunning(model_name, Index(fields=["last_at"], name="minute_last_at"))
    add_field = AddFieldWhileRunning(model_name, "is_new", BooleanField(db_default=False, default=False))
    new = state.clone()
    add_field.state_forwards("batches", new)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE batches_minute_new PARTITION OF batches_minute"
            " FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')"
        )
        if is_interrupted:
            cursor.execute("CREATE INDEX minute_last_at ON ONLY batches_minute (last_at)")
            cursor.execute("CREATE INDEX minute_last_at_rest ON batches_minute_rest (last_at)")
    with connection.schema_editor(atomic=False) as editor:
        add_index.database_forwards("batches", editor, state, state)
        add_field.database_forwards("batches", editor, state, new)
    assert sorted(list_partitions(connection, "minute_last_at")) == ["minute_last_at_new", "minute_last_at_rest"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = 'minute_last_at'::regclass")
        assert cursor.fetchall() == [(True,)]
        cursor.execute("SELECT is_new FROM batches_minute_rest")
    with connection.schema_editor(atomic=False) as editor:
        add_index.database_forwards("batches", editor, new, new)
        add_index.database_backwards("batches", editor, new, new)
    assert not list_partitions(connection, "minute_last_at")


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
