from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from batches.models import Batch, Item, Minute
from batches.reports import pace, progress
from batches.statuses import BatchStatus

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 2, 12, 0, 30, tzinfo=UTC)


@pytest.fixture
def answer_list(start_upload):
    """Return a function that sends a list, with answers before noon, given as (seconds before noon, outcome)."""

    def answer_list(*answers, count=12):
        upload = start_upload(count)
        Batch.objects.filter(upload=upload).update(status=BatchStatus.ACKNOWLEDGED)
        for item, (seconds, outcome) in zip(upload.items.order_by("pk"), answers, strict=False):
            at = NOON - timedelta(seconds=seconds)
            Item.objects.filter(pk=item.pk).update(outcome=outcome, answered_at=at)
        return upload

    return answer_list


def load_pace(now):
    stored = pace.read_minutes(now)
    since = pace.uncounted_since(stored, now)
    batches = progress.read_batches([], since)
    return pace.compute_pace(progress.count_recent(batches, since, now), stored, now, batches)


def test_a_minute_is_counted_once_it_is_over(answer_list):
    answer_list((10, "matched"), (40, "matched"), (50, "no_match"), (100, "error"))
    pace.tally_minutes(NOON)
    counts = {str(minute): (minute.matched, minute.no_match, minute.error) for minute in Minute.objects.all()}
    assert len(counts) == 60
    assert (counts["11:59"], counts["11:58"]) == ((1, 1, 0), (0, 0, 1))
    assert "12:00" not in counts


def test_an_answer_in_the_last_instant_of_a_minute_counts_in_this_minute(answer_list):
    answer_list((30.0001, "matched"))
    pace.tally_minutes(NOON)
    assert Minute.objects.get(matched=1).at.minute == 59


def test_a_minute_is_not_counted_before_its_results_are_stored(answer_list):
    answer_list((40, "matched"))
    pace.tally_minutes(NOON.replace(second=5))
    assert Minute.objects.latest("at").at.minute == 58


def test_counting_again_adds_only_new_minutes(answer_list):
    answer_list((40, "matched"))
    pace.tally_minutes(NOON)
    Item.objects.update(outcome="no_match")
    pace.tally_minutes(NOON)
    assert Minute.objects.latest("at").matched == 1
    pace.tally_minutes(NOON + timedelta(minutes=2))
    assert Minute.objects.count() == 62


def test_answers_of_a_batch_that_has_closed_since_are_counted_too(answer_list):
    upload = answer_list((40, "matched"))
    upload.batches.update(status=BatchStatus.CLOSED, closed_at=NOON)
    pace.tally_minutes(NOON)
    assert Minute.objects.latest("at").matched == 1


def test_old_minutes_are_deleted():
    for hours in (1, 30):
        Minute.objects.create(at=NOON - timedelta(hours=hours))
    pace.purge_minutes(NOON)
    assert Minute.objects.count() == 1


def test_the_chart_consists_of_stored_minutes_and_the_current_one(answer_list):
    answer_list((10, "matched"), (20, "error"), (40, "matched"))
    pace.tally_minutes(NOON)
    minutes = load_pace(NOON).minutes
    assert len(minutes) == 60
    assert [(minute.at.minute, minute.matched, minute.error) for minute in minutes[-2:]] == [(59, 1, 0), (0, 1, 1)]


def test_the_time_of_the_last_result_stays_exact(answer_list):
    answer_list((40, "matched"), (31, "error"))
    pace.tally_minutes(NOON)
    assert load_pace(NOON + timedelta(minutes=5)).last_result_at == NOON - timedelta(seconds=31)


def test_minutes_stored_by_a_wrong_clock_do_no_harm(answer_list):
    pace.tally_minutes(NOON + timedelta(days=1))
    answer_list((10, "matched"), (40, "no_match"))
    pace.tally_minutes(NOON)
    minutes = load_pace(NOON).minutes
    assert [(minute.matched, minute.no_match) for minute in minutes[-2:]] == [(0, 1), (1, 0)]
    pace.purge_minutes(NOON)
    assert Minute.objects.latest("at").at < NOON


def test_without_stored_minutes_the_last_hour_is_counted_from_answers(answer_list):
    answer_list((40, "matched"), (3_000, "matched"), (5_000, "matched"))
    assert sum(minute.matched for minute in load_pace(NOON).minutes) == 2


def test_the_pace_is_computed_from_the_last_minute(answer_list):
    one = answer_list(*[(seconds, "matched") for seconds in range(1, 41)], count=50)
    other = answer_list(*[(2, "matched")] * 10)
    found = load_pace(NOON)
    assert found.per_upload == pytest.approx({one.pk: 1, other.pk: 2})
    assert found.per_second == pytest.approx(50 / 40)
    assert found.last_result_at == NOON - timedelta(seconds=1)


def test_the_pace_falls_when_no_results_arrive(answer_list):
    answer_list(*[(50, "matched")] * 10)
    assert load_pace(NOON).per_second == pytest.approx(10 / 50)
    assert load_pace(NOON + timedelta(seconds=20)).per_second == 0


def test_without_results_all_numbers_are_zero():
    found = load_pace(timezone.now())
    assert (found.per_second, found.per_upload, found.last_result_at) == (0, {}, None)
    assert {minute.total for minute in found.minutes} == {0}


@pytest.mark.parametrize("count", [1, 3])
def test_reading_the_pace_takes_three_queries_for_any_number_of_lists(answer_list, count, django_assert_num_queries):
    for _ in range(count):
        answer_list((10, "matched"))
    with django_assert_num_queries(3):
        load_pace(NOON)
