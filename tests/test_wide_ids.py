"""Ids that grow with people have 64 bits, and those of an older database get them while it is used."""

import json
import threading
from contextlib import closing

import psycopg
import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from batches import index_operations, wide_ids
from batches.models import (
    Assignment,
    CallOutcome,
    Digest,
    EarlierAnswer,
    Item,
    MatchDecision,
    PersonNote,
    Upload,
)
from batches.statuses import Outcome, UploadStatus
from batches.tracing import item_keys
from tests.factories import answer_for
from webhooks.management.commands import check_setup
from webhooks.models import UnmatchedDelivery

SHORT = {"account", "admin", "auth", "contenttypes", "mfa", "socialaccount", "usersessions"}
"""Apps of others, whose tables have a row for each user or for what a user does by hand."""

SINGLE = {"batches_filestore", "batches_vendorkey"}
"""Tables with one row."""


def list_id_columns():
    """Return table → columns that hold the ids of a model of ours."""
    columns = {}
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.local_concrete_fields:
            target = field.target_field if field.is_relation else field
            owner = target.model._meta
            if target.primary_key and owner.app_label not in SHORT and owner.db_table not in SINGLE:
                columns.setdefault(model._meta.db_table, set()).add(field.column)
    return columns


def list_short_columns():
    """Return table → columns whose integers have at most 32 bits, on PostgreSQL."""
    short = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns "
            "WHERE table_schema = current_schema() AND data_type IN ('integer', 'smallint')"
        )
        for table, column in cursor.fetchall():
            short.setdefault(table, set()).add(column)
    return short


@pytest.mark.django_db
def test_the_ids_of_a_new_database_have_64_bits():
    if connection.vendor == "sqlite":
        pytest.skip("On SQLite, all integers have 64 bits.")
    columns, short = list_id_columns(), list_short_columns()
    assert {"id", "same_as_id", "upload_id"} <= columns["batches_item"]
    assert columns["webhooks_stray"] == {"id", "item_id"}
    assert {table: both for table in columns if (both := columns[table] & short.get(table, set()))} == {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT sequencename FROM pg_sequences WHERE data_type <> 'bigint'::regtype")
        assert {name for (name,) in cursor.fetchall() if name.startswith(("batches_", "webhooks_"))} == set()


def answer_by_key(item, _position):
    return answer_for(Item(pk=item_keys.make_key(item.pk, item.batch.key_base)))


@pytest.mark.django_db
def test_people_with_long_ids_are_traced_found_and_exported(long_ids, finish_upload, browser):
    upload = finish_upload(12, answers=answer_by_key)
    first, *_, last = upload.items.order_by("pk")
    assert first.pk > long_ids
    assert last.outcome == Outcome.MATCHED
    assert browser.get(f"/items/{last.pk}/").status_code == 200
    assert browser.post(f"/items/{last.pk}/note/", {"text": "Rang twice."}).status_code == 302
    assert PersonNote.objects.get().item_id == last.pk
    lines = b"".join(browser.get(f"/uploads/{upload.pk}/export/", {"item": f"{first.pk},{last.pk}"})).splitlines()
    assert len(lines) == 3
    for exported, count in (("yes", 2), ("no", 10)):
        page = browser.get("/items/", {"upload": upload.pk, "exported": exported})
        assert len(page.context["table"].page.object_list) == count
    assert f"/items/{last.pk}/" in browser.get("/items/", {"upload": upload.pk}).content.decode()
    assert browser.get(f"/items/{10**16}/").status_code == 404


# A database in which they had 32 bits

COLUMNS = {
    "batches_assignment": ["item_id"],
    "batches_calloutcome": ["item_id"],
    "batches_digest": ["item_id"],
    "batches_earlieranswer": ["item_id"],
    "batches_item": ["id", "same_as_id"],
    "batches_matchdecision": ["item_id"],
    "batches_personnote": ["item_id"],
    "webhooks_stray": ["item_id"],
}
STEPS = ["add_copies", "fill_copies", "copy_indexes", "check_copies", "copy_foreign_keys"]
EXCHANGES = ["exchange_foreign_key", "exchange_columns"]


def change_types(new):
    with connection.cursor() as cursor:
        for table, columns in COLUMNS.items():
            changes = ", ".join(f"ALTER {column} TYPE {new}" for column in columns)
            cursor.execute(f"ALTER TABLE {table} {changes}")


@pytest.fixture
def old_database(transactional_db, monkeypatch):
    """Make the database one of the version before, which was too long to be widened by the migration."""
    if connection.vendor == "sqlite":
        pytest.skip("On SQLite, all integers have 64 bits.")
    call_command("migrate", "batches", "0047", verbosity=0)
    change_types("integer")
    set_last_id(1000)
    monkeypatch.setattr(index_operations, "MAX_REWRITTEN_BYTES", 0)
    call_command("migrate", verbosity=0)
    monkeypatch.setattr(wide_ids, "SLICE_SIZE", 7)
    assert wide_ids.find_short() == COLUMNS
    yield
    if wide_ids.find_short():
        wide_ids.widen(print)
    # The tests that come later would otherwise have long ids, or too long ones for this fixture.
    set_last_id(1000)


def set_last_id(number):
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval(pg_get_serial_sequence('batches_item', 'id'), %s)", [number])


@pytest.fixture
def people(old_database, charlie):
    """Fill all tables that refer to people."""
    upload = Upload.objects.create(name="people", status=UploadStatus.RUNNING, row_count=50)
    items = Item.objects.bulk_create(Item(upload=upload, row_number=row, cells=[str(row)]) for row in range(2, 52))
    Item.objects.filter(pk__in=[item.pk for item in items[10:20]]).update(same_as=items[0])
    now = timezone.now()
    for item in items[::3]:
        Digest.objects.create(item=item, search_terms="ada", match="sure", answered_at=now)
        Assignment.objects.create(item=item, user=charlie, by=charlie)
        CallOutcome.objects.create(item=item, by=charlie, number=7035550100, outcome="voicemail")
        EarlierAnswer.objects.create(item=item, outcome="error", answered_at=now)
        MatchDecision.objects.create(item=item, by=charlie, verdict="sure")
        PersonNote.objects.create(item=item, by=charlie, text="Rang twice.")
        UnmatchedDelivery.objects.create(item=item, kind="item", reason="UNKNOWN_ITEM", body=b"{}")
    return items


def read_all():
    """Return table → its rows, in any order, with their columns by name."""
    rows = {}
    with connection.cursor() as cursor:
        for table in COLUMNS:
            cursor.execute(f"SELECT to_jsonb(t) FROM {table} t")  # noqa: S608 - names from above
            rows[table] = sorted(
                str(sorted((name, value) for name, value in json.loads(row).items() if not name.startswith("wide_")))
                for (row,) in cursor.fetchall()
            )
    return rows


def describe_all():
    return {table: wide_ids.describe(table) for table in COLUMNS}


def list_copies():
    """Return whatever the work has left behind."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name::name FROM information_schema.columns WHERE column_name LIKE 'wide\\_%%' UNION ALL "
            "SELECT relname FROM pg_class WHERE relname LIKE 'wide\\_%%' UNION ALL "
            "SELECT conname FROM pg_constraint WHERE conname LIKE 'wide\\_%%' UNION ALL "
            "SELECT tgname FROM pg_trigger WHERE tgname LIKE 'wide\\_%%' UNION ALL "
            "SELECT proname FROM pg_proc WHERE proname LIKE 'wide\\_%%'",
            [],
        )
        return cursor.fetchall()


def assert_wide(rows, description):
    assert wide_ids.find_short() == {}
    assert read_all() == rows
    assert describe_all() == description
    assert list_copies() == []


def test_a_long_database_is_widened_and_nothing_else_changes(people, capsys):
    rows, description = read_all(), describe_all()
    call_command("widen_ids")
    assert "batches_item: 50 rows filled" in capsys.readouterr().out
    assert_wide(rows, description)
    assert Item.objects.create(upload=people[0].upload, row_number=99, cells=[]).pk == people[-1].pk + 1
    call_command("widen_ids")
    assert capsys.readouterr().out == "All ids have 64 bits.\n"


def test_ids_continue_beyond_32_bits(people):
    set_last_id(2147483646)
    wide_ids.widen(print)
    new = [
        Item.objects.create(upload=people[0].upload, row_number=row, cells=[], same_as=people[3]) for row in (98, 99)
    ]
    assert [item.pk for item in new] == [2147483647, 2147483648]
    Digest.objects.create(item=new[1], search_terms="ada")
    assert Item.objects.get(digest__search_terms="ada", pk__gt=2147483647).same_as_id == people[3].pk


def test_migrations_find_the_constraints_and_indexes_of_a_widened_database(people, monkeypatch):
    wide_ids.widen(print)
    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(cursor, "batches_digest")
    assert [each["columns"] for each in constraints.values() if each["primary_key"]] == [["item_id"]]
    assert [each["foreign_key"] for each in constraints.values() if each["foreign_key"]] == [("batches_item", "id")]
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
    call_command("migrate", "batches", "0047", verbosity=0)
    # Now the migration drops and adds them by the names that it finds.
    monkeypatch.setattr(index_operations, "MAX_REWRITTEN_BYTES", 10**12)
    call_command("migrate", verbosity=0)
    assert wide_ids.find_short() == {}
    assert Digest.objects.filter(item__in=people).count() == 17


class Interrupted(Exception):
    pass


@pytest.mark.parametrize("name", [*STEPS, *EXCHANGES])
def test_an_interrupted_run_is_continued(people, monkeypatch, name):
    """Interrupt before and after each call of each step, and write in between as the version before does."""
    rows, description = read_all(), describe_all()
    step, done = getattr(wide_ids, name), []

    def interrupt(*arguments):
        if arguments in done:
            return step(*arguments)
        if len(done) % 2 == 0:
            step(*arguments)
        done.append(arguments)
        raise Interrupted

    monkeypatch.setattr(wide_ids, name, interrupt)
    for attempt in range(30):
        try:
            wide_ids.widen(print)
            break
        except Interrupted:
            # What users do in the meantime.
            item = Item.objects.create(upload=people[0].upload, row_number=1000 + attempt, cells=[], same_as=people[1])
            Digest.objects.create(item=item, search_terms="ada")
            Item.objects.filter(pk=item.pk).update(same_as=people[2])
            Digest.objects.filter(item=item).delete()
            item.delete()
    assert len(done) >= 6
    assert_wide(rows, description)


def test_an_index_that_an_interrupted_run_left_is_built_again(people, monkeypatch):
    rows, description = read_all(), describe_all()
    monkeypatch.setattr(wide_ids, "check_copies", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        wide_ids.widen(print)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'wide_batches_item_pkey'::regclass")
    monkeypatch.undo()
    wide_ids.widen(print)
    assert_wide(rows, description)


def test_others_insert_and_change_people_in_the_meantime(people):
    copied = [field.column for field in Item._meta.concrete_fields if field.column not in ("id", "row_number")]
    copy = (
        f"INSERT INTO batches_item (row_number, {', '.join(copied)}) "  # noqa: S608 - names of the model
        f"SELECT %s, {', '.join(copied)} FROM batches_item WHERE id = %s RETURNING id"
    )
    written, has_begun, is_over = [], threading.Event(), threading.Event()

    def write():
        with closing(psycopg.connect(**connection.get_connection_params() | {"autocommit": True})) as session:
            while not is_over.is_set():
                [pk] = session.execute(copy, [2000 + len(written), people[4].pk]).fetchone()
                session.execute("UPDATE batches_item SET same_as_id = %s WHERE id = %s", [people[5].pk, pk])
                session.execute("UPDATE batches_item SET message = 'x' WHERE id = %s", [people[len(written) % 50].pk])
                written.append(pk)
                has_begun.set()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        has_begun.wait(30)
        wide_ids.widen(print)
    finally:
        is_over.set()
        thread.join()
    new = Item.objects.filter(row_number__gte=2000).order_by("pk")
    assert list(new.values_list("pk", flat=True)) == written != []
    assert not new.exclude(same_as=people[5]).exists()
    assert wide_ids.find_short() == {}
    assert list_copies() == []


def test_a_table_that_would_change_stays_as_it_is(people, monkeypatch):
    description = describe_all()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE batches_personnote ADD CONSTRAINT odd CHECK (item_id > 0)")
    with pytest.raises(CommandError, match="stays as it is: constraint odd"):
        call_command("widen_ids")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE batches_personnote DROP CONSTRAINT odd")
    call_command("widen_ids")
    assert describe_all() == description


def test_two_runs_do_not_work_at_once(people):
    with closing(psycopg.connect(**connection.get_connection_params() | {"autocommit": True})) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [wide_ids.ADVISORY_LOCK])
        with pytest.raises(CommandError, match="running already"):
            call_command("widen_ids")


def test_the_check_of_the_setup_says_when_ids_are_to_be_widened(people):
    assert check_setup.check_ids() == "0% of 32 bits are used up; manage.py widen_ids gives them 64"
    set_last_id(1_200_000_000)
    with pytest.raises(check_setup.Problem, match=r"^56% of 32 bits are used up\. Run manage\.py widen_ids\.$"):
        check_setup.check_ids()


@pytest.mark.django_db
def test_the_ids_of_a_new_database_need_nothing(capsys):
    assert check_setup.check_ids() == "64 bits"
    call_command("widen_ids")
    assert capsys.readouterr().out == "All ids have 64 bits.\n"
