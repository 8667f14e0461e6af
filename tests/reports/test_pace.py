from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from batches.models import Batch, Item, Minute
from batches.reports import pace, progress
from batches.statuses import BatchStatus

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 2, 12, 0, 30, tzinfo=UTC)


@pytest.fixture
def answered(start_upload):
    """Make a list at the vendor with answers before noon, given as (seconds before noon, outcome) each."""

    def make(*answers, count=12):
        upload = start_upload(count)
        Batch.objects.filter(upload=upload).update(status=BatchStatus.ACKNOWLEDGED)
        for item, (seconds, outcome) in zip(upload.items.order_by("pk"), answers, strict=False):
            at = NOON - timedelta(seconds=seconds)
            Item.objects.filter(pk=item.pk).update(outcome=outcome, answered_at=at)
        return upload

    return make


def load_pace(now):
    kept = pace.read_minutes(now)
    since = pace.uncounted_since(kept, now)
    return pace.compute_pace(progress.count_recent(progress.read_batches([], since), since, now), kept, now)


def test_a_minute_is_counted_once_it_is_over(answered):
    answered((10, "matched"), (40, "matched"), (50, "no_match"), (100, "error"))
    pace.tally_minutes(NOON)
    kept = {str(minute): (minute.matched, minute.no_match, minute.error) for minute in Minute.objects.all()}
    assert len(kept) == 60
    assert (kept["11:59"], kept["11:58"]) == ((1, 1, 0), (0, 0, 1))
    assert "12:00" not in kept


def test_a_minute_is_not_counted_before_its_results_are_stored(answered):
    answered((40, "matched"))
    pace.tally_minutes(NOON.replace(second=5))
    assert Minute.objects.latest("at").at.minute == 58


def test_counting_again_changes_nothing_and_continues(answered):
    answered((40, "matched"))
    pace.tally_minutes(NOON)
    Item.objects.update(outcome="no_match")
    pace.tally_minutes(NOON)
    assert Minute.objects.latest("at").matched == 1
    pace.tally_minutes(NOON + timedelta(minutes=2))
    assert Minute.objects.count() == 62


def test_a_batch_that_has_closed_since_counts_as_well(answered):
    upload = answered((40, "matched"))
    upload.batches.update(status=BatchStatus.CLOSED, closed_at=NOON)
    pace.tally_minutes(NOON)
    assert Minute.objects.latest("at").matched == 1


def test_old_minutes_are_deleted():
    for hours in (1, 30):
        Minute.objects.create(at=NOON - timedelta(hours=hours))
    pace.purge_minutes(NOON)
    assert Minute.objects.count() == 1


def test_the_chart_has_stored_minutes_and_the_current_one(answered):
    answered((10, "matched"), (20, "error"), (40, "matched"))
    pace.tally_minutes(NOON)
    minutes = load_pace(NOON).minutes
    assert len(minutes) == 60
    assert [(m.at.minute, m.matched, m.error) for m in minutes[-2:]] == [(59, 1, 0), (0, 1, 1)]


def test_the_time_of_the_last_result_stays_exact(answered):
    answered((40, "matched"), (31, "error"))
    pace.tally_minutes(NOON)
    assert load_pace(NOON + timedelta(minutes=5)).last_result_at == NOON - timedelta(seconds=31)


def test_minutes_stored_by_a_wrong_clock_do_no_harm(answered):
    pace.tally_minutes(NOON + timedelta(days=1))
    answered((10, "matched"), (40, "no_match"))
    pace.tally_minutes(NOON)
    seen = load_pace(NOON)
    assert [(minute.matched, minute.no_match) for minute in seen.minutes[-2:]] == [(0, 1), (1, 0)]
    pace.purge_minutes(NOON)
    assert Minute.objects.latest("at").at < NOON


def test_without_stored_minutes_the_last_hour_is_counted_from_answers(answered):
    answered((40, "matched"), (3_000, "matched"), (5_000, "matched"))
    assert sum(minute.matched for minute in load_pace(NOON).minutes) == 2


def test_the_pace_is_that_of_the_last_minute(answered):
    one = answered(*[(seconds, "matched") for seconds in range(1, 41)], count=50)
    other = answered(*[(2, "matched")] * 10)
    seen = load_pace(NOON)
    assert seen.per_upload == pytest.approx({one.pk: 1, other.pk: 2})
    assert seen.per_second == pytest.approx(50 / 40)
    assert seen.last_result_at == NOON - timedelta(seconds=1)


def test_the_pace_falls_when_no_results_arrive(answered):
    answered(*[(50, "matched")] * 10)
    assert load_pace(NOON).per_second == pytest.approx(10 / 50)
    assert load_pace(NOON + timedelta(seconds=20)).per_second == 0


def test_without_results_all_numbers_are_zero():
    seen = load_pace(timezone.now())
    assert (seen.per_second, seen.per_upload, seen.last_result_at) == (0, {}, None)
    assert {minute.total for minute in seen.minutes} == {0}


@pytest.mark.parametrize("count", [1, 3])
def test_reading_the_pace_takes_three_queries_for_any_number_of_lists(answered, count, django_assert_num_queries):
    for _ in range(count):
        answered((10, "matched"))
    with django_assert_num_queries(3):
        load_pace(NOON)
