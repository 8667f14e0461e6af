"""The tables of people are partitioned and made whole again, and everything works on either shape."""

from contextlib import suppress

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection
from django.db.migrations import AddField
from django.db.migrations.state import ProjectState
from django.db.models import Index, IntegerField

from batches import index_operations, jobs, partitions, wide_ids
from batches.index_operations import AddFieldWhileRunning, AddIndexWhileRunning, is_partitioned, list_partitions
from batches.models import Item, Upload
from batches.statuses import Outcome
from tests.factories import answer_for, people
from webhooks.inbound.filing import Delivery, Fate, file_deliveries
from webhooks.models import DeliveryKind

pytestmark = pytest.mark.django_db(transaction=True)
needs_postgresql = pytest.mark.skipif(
    "config.getoption('database') != 'postgresql'", reason="Only PostgreSQL has partitions."
)
PEOPLE = 100
"""People per partition."""


@pytest.fixture
def partition(request):
    """Return a function that partitions the tables, which are whole again after the test."""
    if request.config.getoption("people_per_partition"):
        pytest.skip("The tables are partitioned for the whole run.")
    yield lambda: partitions.partition(PEOPLE)
    partitions.join()
    partitions.forget()


def read_shape(table):
    """Return the indexes and constraints of a table, in words."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = to_regclass(%s) ORDER BY 1", [table]
        )
        indexes = cursor.fetchall()
        cursor.execute(
            "SELECT conname, conrelid::regclass::text, pg_get_constraintdef(oid), convalidated FROM pg_constraint"
            " WHERE to_regclass(%s) IN (conrelid, confrelid) AND conparentid = 0 ORDER BY 1, 2",
            [table],
        )
        return indexes, cursor.fetchall()


def find_partitions(model):
    """Return the names of the partitions that rows of a model are in."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT DISTINCT tableoid::regclass::text FROM {model._meta.db_table}")  # noqa: S608
        return {name for (name,) in cursor.fetchall()}


def skip_ids(count):
    """Have people who come later get ids that are higher by `count`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT setval(pg_get_serial_sequence('batches_item', 'id'), %s)", [partitions.read_last_id() + count]
        )


@needs_postgresql
def test_what_was_stored_before_stays_and_what_comes_later_is_stored_in_other_partitions(partition, make_upload):
    before = make_upload(people(3))
    partition()
    assert find_partitions(Item) == {"batches_item_0"}
    skip_ids(2 * PEOPLE)
    partitions.extend()
    after = make_upload(people(3))
    assert before.items.count() == after.items.count() == 3
    assert len(find_partitions(Item)) == 2
    assert Upload.objects.get(pk=before.pk).items.get(row_number=2).pk in range(partitions.read_last_id())


@needs_postgresql
def test_a_list_may_be_in_two_partitions(partition, make_upload):
    partition()
    [boundary] = [end for begin, end in partitions.read_bounds(partitions.PEOPLE_TABLE) if begin == 0]
    skip_ids(boundary - partitions.read_last_id() - 5)
    upload = make_upload(people(10))
    assert len(find_partitions(Item)) == 2
    assert [item.row_number for item in upload.items.order_by("row_number")] == list(range(2, 12))


@needs_postgresql
def test_partitioning_twice_does_nothing_more(partition):
    assert partition()
    assert not partition()


@needs_postgresql
def test_the_whole_tables_are_as_they_were_before(partition, make_upload):
    shapes = [read_shape(table.name) for table in partitions.TABLES]
    first = make_upload(people(3)).items.first()
    partition()
    assert partitions.join()
    assert [read_shape(table.name) for table in partitions.TABLES] == shapes
    assert Item.objects.get(pk=first.pk).address == first.address
    assert make_upload(people(1)).items.get().pk > first.pk
    assert not partitions.join()


@needs_postgresql
@pytest.mark.parametrize("step", ["swap", "validate_foreign_keys", "add_partition"])
def test_an_interrupted_command_is_continued(partition, make_upload, monkeypatch, step):
    make_upload(people(3))
    shapes = [constraints for _, constraints in (read_shape(table.name) for table in partitions.TABLES)]

    original = getattr(partitions, step)
    for failing in partitions.TABLES:

        def interrupt(table, *args, failing=failing):
            if table == failing:
                raise InterruptedError
            return original(table, *args)

        with monkeypatch.context() as patch, suppress(InterruptedError):
            patch.setattr(partitions, step, interrupt)
            partition()
    partition()
    assert all(is_partitioned(connection, table.name) for table in partitions.TABLES)
    assert all(partitions.has_rest(table) for table in partitions.TABLES)
    # The row numbers are unique within each partition.
    unique = "item_once_per_row_and_owner"
    assert [read_shape(table.name)[1] for table in partitions.TABLES] == [
        [constraint for constraint in constraints if constraint[0] != unique] for constraints in shapes
    ]


@needs_postgresql
def test_rows_are_unique_in_each_partition(partition, make_upload):
    partition()
    skip_ids(2 * PEOPLE)
    partitions.extend()
    item = make_upload(people(1)).items.get()
    item.pk = None
    with pytest.raises(IntegrityError):
        item.save(force_insert=True)


@needs_postgresql
def test_a_person_for_whom_there_is_no_partition_is_stored_and_partitions_follow(partition, make_upload):
    partition()
    skip_ids(50 * PEOPLE)
    make_upload(people(3))
    assert find_partitions(Item) == {"batches_item_rest"}
    partitions.extend()
    partitions.extend()
    begin, end = max(partitions.read_bounds(partitions.PEOPLE_TABLE))
    assert end - begin == PEOPLE
    assert partitions.read_last_id() < end - PEOPLE
    assert partitions.read_bounds(partitions.PEOPLE_TABLE) == partitions.read_bounds(partitions.TABLES[1])
    skip_ids(2 * PEOPLE)
    make_upload(people(3))
    assert len(find_partitions(Item)) == 2


@needs_postgresql
def test_the_clock_keeps_a_whole_partition_free(partition):
    partition()
    assert partitions.extend in jobs.every_minute.steps
    for _ in range(5):
        skip_ids(PEOPLE)
        partitions.extend()
        _, end = max(partitions.read_bounds(partitions.PEOPLE_TABLE))
        assert partitions.read_last_id() < end - PEOPLE
    count = len(list_partitions(connection, "batches_item"))
    partitions.extend()
    assert len(list_partitions(connection, "batches_item")) == count


@needs_postgresql
def test_a_change_gives_way_to_whoever_uses_a_table(partition, make_upload, monkeypatch):
    make_upload(people(1))
    holder = connection.copy()
    with holder.cursor() as cursor:
        cursor.execute("BEGIN; SELECT 1 FROM batches_item")
    pauses = []

    def pause(seconds):
        pauses.append(is_partitioned(connection, "batches_item"))
        holder.close()

    monkeypatch.setattr(index_operations.time, "sleep", pause)
    try:
        assert partition()
    finally:
        holder.close()
    assert pauses == [False]


@needs_postgresql
def test_a_column_can_be_added_and_removed(partition, make_upload):
    partition()
    make_upload(people(1))
    state = ProjectState.from_apps(apps)
    operation = AddFieldWhileRunning("item", "is_new", IntegerField(db_default=7, default=7))
    new = state.clone()
    operation.state_forwards("batches", new)
    with connection.schema_editor() as editor:
        operation.database_forwards("batches", editor, state, new)
    with connection.cursor() as cursor:
        cursor.execute("SELECT is_new FROM batches_item")
        assert cursor.fetchall() == [(7,)]
    with connection.schema_editor() as editor:
        AddField.database_backwards(operation, "batches", editor, new, state)


@needs_postgresql
@pytest.mark.parametrize("is_interrupted", [False, True])
def test_an_index_is_built_in_each_partition_without_blocking(partition, make_upload, is_interrupted):
    partition()
    make_upload(people(1))
    index = Index(fields=["zip"], name="item_by_zip")
    operation = AddIndexWhileRunning("item", index)
    state = ProjectState.from_apps(apps)
    if is_interrupted:
        with connection.cursor() as cursor:
            cursor.execute("CREATE INDEX item_by_zip ON ONLY batches_item (zip)")
            cursor.execute("CREATE INDEX item_by_zip_0 ON batches_item_0 (zip)")
    with connection.schema_editor(atomic=False, collect_sql=False) as editor:
        operation.database_forwards("batches", editor, state, state)
        operation.database_forwards("batches", editor, state, state)
    with connection.cursor() as cursor:
        cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = 'item_by_zip'::regclass")
        assert cursor.fetchall() == [(True,)]
        cursor.execute("SELECT count(*) FROM pg_index WHERE indrelid = 'batches_item_0'::regclass AND indnatts = 1")
    assert len(list_partitions(connection, "item_by_zip")) == len(list_partitions(connection, "batches_item"))
    skip_ids(PEOPLE)
    partitions.extend()
    assert len(list_partitions(connection, "item_by_zip")) == len(list_partitions(connection, "batches_item"))
    with connection.schema_editor(atomic=False) as editor:
        operation.database_backwards("batches", editor, state, state)
    assert not list_partitions(connection, "item_by_zip")


@needs_postgresql
@pytest.mark.parametrize(
    ("statement", "undo"),
    [
        ("CREATE VIEW people_of_others AS SELECT id FROM batches_item", "DROP VIEW people_of_others"),
        (
            "CREATE TRIGGER people_of_others BEFORE UPDATE ON batches_item FOR EACH ROW"
            " EXECUTE FUNCTION suppress_redundant_updates_trigger()",
            "DROP TRIGGER people_of_others ON batches_item",
        ),
    ],
)
def test_views_and_triggers_of_the_table_are_not_forgotten(partition, statement, undo):
    with connection.cursor() as cursor:
        cursor.execute(statement)
    try:
        with pytest.raises(CommandError, match="people_of_others"):
            call_command("partition")
    finally:
        with connection.cursor() as cursor:
            cursor.execute(undo)
    assert not is_partitioned(connection, "batches_item")


@needs_postgresql
def test_nothing_is_partitioned_while_ids_are_widened(partition, capsys):
    holder = connection.copy()
    try:
        with holder.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [wide_ids.ADVISORY_LOCK])
        with pytest.raises(CommandError, match="Another process is changing the tables of people"):
            call_command("partition")
    finally:
        holder.close()
    call_command("partition", people=PEOPLE)
    assert "The tables are partitioned." in capsys.readouterr().out
    call_command("partition", undo=True)
    assert "The tables are whole again." in capsys.readouterr().out


@needs_postgresql
def test_the_clock_asks_little(partition, django_assert_num_queries, django_assert_max_num_queries):
    with django_assert_num_queries(1):
        partitions.extend()
    partition()
    with django_assert_max_num_queries(15):
        partitions.extend()


@needs_postgresql
def test_answers_are_filed_in_the_partition_of_the_person(partition, make_upload, django_assert_num_queries):
    first = make_upload(people(1)).items.get()
    assert partitions.find_partition(first.pk) == "batches_item"
    partition()
    partitions.forget()
    assert partitions.find_partition(first.pk) == "batches_item_0"
    skip_ids(PEOPLE)
    partitions.extend()
    [(_, end)] = [bounds for bounds in partitions.read_bounds(partitions.PEOPLE_TABLE) if bounds[0] == 0]
    assert partitions.find_partition(end - 1) == "batches_item_0"
    assert partitions.find_partition(end) == f"batches_item_{end}"
    # No other partition than the ones that are known is named, and they are not read again each time.
    beyond = partitions.read_last_id() + 50 * PEOPLE
    with django_assert_num_queries(0):
        assert partitions.find_partition(beyond) == "batches_item"


@needs_postgresql
@pytest.mark.parametrize("is_whole_again", [False, True])
def test_a_process_that_knows_other_partitions_files_answers(partition, start_upload, is_whole_again):
    batch = start_upload(12).batches.get()
    first, second = batch.items.order_by("pk")[:2]
    if is_whole_again:
        partition()
    partitions.find_partition(first.pk)
    partitions.join() if is_whole_again else partition()
    answers = [Delivery(DeliveryKind.ITEM, batch.token, answer_for(item)) for item in (first, second)]
    assert file_deliveries(answers) == [Fate.FILED, Fate.FILED]
    assert batch.items.filter(outcome=Outcome.MATCHED).count() == 2


def test_only_postgresql_has_partitions():
    if connection.vendor == "postgresql":
        pytest.skip("It has.")
    with pytest.raises(CommandError, match="Only PostgreSQL has partitions"):
        call_command("partition")
    # The clock does nothing.
    partitions.extend()
