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
    """A list at the vendor, of whom so many were answered so many seconds before noon, as (seconds, outcome) each."""

    def make(*answers, count=12):
        upload = start_upload(count)
        Batch.objects.filter(upload=upload).update(status=BatchStatus.ACKNOWLEDGED)
        for item, (seconds, outcome) in zip(upload.items.order_by("pk"), answers, strict=False):
            at = NOON - timedelta(seconds=seconds)
            Item.objects.filter(pk=item.pk).update(outcome=outcome, answered_at=at)
        return upload

    return make


def look(now):
    kept = pace.read_minutes(now)
    since = pace.find_since(kept, now)
    return pace.tell_pace(progress.count_lately(progress.read_batches([], since), since, now), kept, now)


def test_a_minute_is_counted_once_it_is_over(answered):
    answered((10, "matched"), (40, "matched"), (50, "no_match"), (100, "error"))
    pace.tally_minutes(NOON)
    kept = {str(minute): (minute.matched, minute.no_match, minute.error) for minute in Minute.objects.all()}
    assert len(kept) == 60
    assert (kept["11:59"], kept["11:58"]) == ((1, 1, 0), (0, 0, 1))
    assert "12:00" not in kept


def test_a_minute_is_not_counted_before_what_came_in_it_is_stored(answered):
    answered((40, "matched"))
    pace.tally_minutes(NOON.replace(second=5))
    assert Minute.objects.latest("at").at.minute == 58


def test_counting_again_changes_nothing_and_goes_on_behind_the_last(answered):
    answered((40, "matched"))
    pace.tally_minutes(NOON)
    Item.objects.update(outcome="no_match")
    pace.tally_minutes(NOON)
    assert Minute.objects.latest("at").matched == 1
    pace.tally_minutes(NOON + timedelta(minutes=2))
    assert Minute.objects.count() == 62


def test_a_batch_that_has_closed_meanwhile_counts_as_well(answered):
    upload = answered((40, "matched"))
    upload.batches.update(status=BatchStatus.CLOSED, closed_at=NOON)
    pace.tally_minutes(NOON)
    assert Minute.objects.latest("at").matched == 1


def test_minutes_of_yesterday_are_forgotten():
    for hours in (1, 30):
        Minute.objects.create(at=NOON - timedelta(hours=hours))
    pace.forget_minutes(NOON)
    assert Minute.objects.count() == 1


def test_the_running_minute_is_told_with_those_that_were_written_down(answered):
    answered((10, "matched"), (20, "error"), (40, "matched"))
    pace.tally_minutes(NOON)
    minutes = look(NOON).minutes
    assert len(minutes) == 60
    assert [(m.at.minute, m.matched, m.error) for m in minutes[-2:]] == [(59, 1, 0), (0, 1, 1)]


def test_the_last_result_is_known_to_the_second_after_its_minute_was_written_down(answered):
    answered((40, "matched"), (31, "error"))
    pace.tally_minutes(NOON)
    assert look(NOON + timedelta(minutes=5)).last_result_at == NOON - timedelta(seconds=31)


def test_minutes_that_a_wrong_clock_wrote_down_do_no_harm(answered):
    pace.tally_minutes(NOON + timedelta(days=1))
    answered((10, "matched"), (40, "no_match"))
    pace.tally_minutes(NOON)
    told = look(NOON)
    assert [(minute.matched, minute.no_match) for minute in told.minutes[-2:]] == [(0, 1), (1, 0)]
    pace.forget_minutes(NOON)
    assert Minute.objects.latest("at").at < NOON


def test_without_a_clock_the_last_hour_is_told_all_the_same(answered):
    answered((40, "matched"), (3_000, "matched"), (5_000, "matched"))
    assert sum(minute.matched for minute in look(NOON).minutes) == 2


def test_the_pace_is_that_of_the_last_minute(answered):
    one = answered(*[(seconds, "matched") for seconds in range(1, 41)], count=50)
    other = answered(*[(2, "matched")] * 10)
    told = look(NOON)
    assert told.per_upload == pytest.approx({one.pk: 1, other.pk: 2})
    assert told.per_second == pytest.approx(50 / 40)
    assert told.last_result_at == NOON - timedelta(seconds=1)


def test_a_pace_fades_when_nothing_comes_any_more(answered):
    answered(*[(50, "matched")] * 10)
    assert look(NOON).per_second == pytest.approx(10 / 50)
    assert look(NOON + timedelta(seconds=20)).per_second == 0


def test_nothing_at_all_is_told_as_nothing():
    told = look(timezone.now())
    assert (told.per_second, told.per_upload, told.last_result_at) == (0, {}, None)
    assert {minute.total for minute in told.minutes} == {0}


@pytest.mark.parametrize("count", [1, 3])
def test_it_takes_three_queries_however_many_lists_there_are(answered, count, django_assert_num_queries):
    for _ in range(count):
        answered((10, "matched"))
    with django_assert_num_queries(3):
        look(NOON)
