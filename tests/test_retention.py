"""A worker purges expired details in chunks, which it finds through an index."""

import time
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from batches import jobs, retention
from batches.models import Digest, EarlierAnswer, Item
from batches.statuses import Outcome
from webhooks.models import UnmatchedDelivery

pytestmark = pytest.mark.django_db
MANY = 2_000
OLD = timedelta(days=31)
INDEXES = {
    Item: "item_answer_kept_since",
    EarlierAnswer: "earlier_answer_kept_since",
    Digest: "batches_digest_kept_since",
    UnmatchedDelivery: "stray_kept_since",
}


@pytest.fixture(autouse=True)
def _thirty_days(settings):
    settings.RESULT_RETENTION_DAYS = 30


@pytest.fixture
def kept(start_upload):
    """Make thousands of rows of each kind, all with details."""
    upload, now = start_upload(1), timezone.now()
    answered = {"outcome": Outcome.MATCHED, "answer": "{}", "answered_at": now}
    items = [Item(upload=upload, row_number=n, cells=[], **answered) for n in range(10, MANY + 10)]
    Item.objects.bulk_create(items)
    items = list(Item.objects.exclude(answer=""))
    EarlierAnswer.objects.bulk_create(EarlierAnswer(item=item, **answered) for item in items)
    Digest.objects.bulk_create(Digest(item=item, search_terms="ada", found="{}", answered_at=now) for item in items)
    UnmatchedDelivery.objects.bulk_create(UnmatchedDelivery(kind="item", reason="odd", body=b"{}") for _ in items)


def grow_old():
    for kind in retention.retained:
        kind.records.update(**{kind.moment: timezone.now() - OLD})


def analyze():
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def count_with_details():
    """Return how many rows of each kind still have details."""
    return {kind.records.model: kind.records.count() for kind in retention.retained}


def test_every_kind_is_registered_once():
    assert [kind.records.model for kind in retention.retained] == list(INDEXES)


@pytest.mark.parametrize("is_emptied_since", [False, True])
def test_with_nothing_to_do_only_the_index_is_read(kept, is_emptied_since):
    """This is also true if PostgreSQL's outdated statistics still expect much to purge."""
    if is_emptied_since:
        grow_old()
    analyze()
    if is_emptied_since:
        assert retention.purge_expired(timezone.now(), 60)
    for kind in retention.retained:
        plan = kind.find_expired(timezone.now()).values_list("pk")[:1].explain()
        assert INDEXES[kind.records.model] in plan
        assert "Seq Scan" not in plan
        assert "SCAN" not in plan
        assert "Sort" not in plan
        assert "TEMP B-TREE" not in plan


def test_chunks_are_read_from_the_index(kept):
    grow_old()
    analyze()
    for kind in retention.retained:
        since = {f"{kind.moment}__gte": timezone.now() - OLD}
        plan = kind.find_expired(timezone.now()).filter(**since).values_list("pk", kind.moment)[: retention.CHUNK_SIZE]
        assert INDEXES[kind.records.model] in plan.explain()


def test_checking_costs_one_query_per_kind_and_none_without_retention(settings, django_assert_num_queries):
    with django_assert_num_queries(4):
        assert not retention.is_due(timezone.now())
    settings.RESULT_RETENTION_DAYS = 0
    with django_assert_num_queries(0):
        assert not retention.is_due(timezone.now())
        assert retention.purge_expired(timezone.now(), 60)


def test_expired_details_are_purged_in_chunks_and_others_stay(kept, monkeypatch):
    monkeypatch.setattr(retention, "CHUNK_SIZE", 350)
    for kind in retention.retained:
        pks = sorted(kind.records.values_list("pk", flat=True))
        kind.records.filter(pk__in=pks[:1_000]).update(**{kind.moment: timezone.now() - OLD})
    assert retention.is_due(timezone.now())
    assert retention.purge_expired(timezone.now(), 60)
    assert count_with_details() == dict.fromkeys(INDEXES, MANY - 1_000)
    assert not retention.is_due(timezone.now())


def test_a_run_ends_in_time_and_the_next_one_continues(kept):
    grow_old()
    slices = 0
    while not retention.purge_expired(timezone.now(), 0):
        slices += 1
        assert sum(count_with_details().values()) == 4 * MANY - retention.CHUNK_SIZE * slices
    assert set(count_with_details().values()) == {0}


def test_records_with_a_new_answer_are_not_purged(kept, monkeypatch):
    grow_old()
    kind = retention.retained[0]
    lucky = kind.records.order_by("pk").first().pk

    def forget(records):
        Item.objects.filter(pk=lucky).update(answered_at=timezone.now())
        return kind.purge(records)

    slow = retention.Retained(kind.records, kind.moment, forget)
    assert slow.purge_expired(timezone.now(), time.monotonic() + 60)
    assert kind.records.get().pk == lucky


def waiting():
    return [job.func_name for job in jobs.django_rq.get_queue("results").jobs]


@pytest.mark.django_db(transaction=True)
def test_the_clock_enqueues_a_purge_only_if_it_is_due(kept):
    jobs.sweep()
    assert "batches.jobs.purge_expired" not in waiting()
    grow_old()
    jobs.sweep()
    jobs.sweep()
    assert waiting().count("batches.jobs.purge_expired") == 1


@pytest.mark.django_db(transaction=True)
def test_the_purge_continues_behind_other_jobs(kept, monkeypatch):
    monkeypatch.setattr(jobs, "PURGE_SECONDS", 0)
    grow_old()
    jobs.purge_expired()
    assert waiting() == ["batches.jobs.purge_expired"]
    monkeypatch.setattr(jobs, "PURGE_SECONDS", 60)
    jobs.django_rq.get_queue("results").empty()
    jobs.purge_expired()
    assert waiting() == []
    assert set(count_with_details().values()) == {0}


@pytest.mark.django_db(transaction=True)
def test_the_indexes_can_be_dropped_and_added_while_the_system_runs():
    try:
        call_command("migrate", "webhooks", "0004", verbosity=0)
        assert "stray_kept_since" not in read_indexes()
    finally:
        call_command("migrate", "webhooks", verbosity=0)
    assert "stray_kept_since" in read_indexes()


def read_indexes():
    with connection.cursor() as cursor:
        return connection.introspection.get_constraints(cursor, UnmatchedDelivery._meta.db_table)
