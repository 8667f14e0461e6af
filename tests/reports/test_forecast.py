from datetime import UTC, datetime

import pytest

from batches.reports.forecast import AccountPace, RunningList, forecast, forecast_queue, format_duration


def test_a_single_list_takes_its_pending_people_divided_by_the_pace():
    assert forecast([RunningList(priority=1, done=100, pending=500)], per_second=50) == [10]


def test_two_lists_that_start_together_take_turns():
    short, long = RunningList(priority=1, done=0, pending=100), RunningList(priority=1, done=0, pending=1000)
    assert forecast([short, long], per_second=10) == [10, 110]


def test_a_new_list_is_sent_first_until_it_has_caught_up():
    old, new = RunningList(priority=1, done=900, pending=100), RunningList(priority=1, done=0, pending=500)
    assert forecast([old, new], per_second=10) == [60, 50]


def test_urgent_lists_go_before_all_others():
    normal, urgent = RunningList(priority=1, done=0, pending=10), RunningList(priority=0, done=500, pending=500)
    assert forecast([normal, urgent], per_second=10) == [51, 50]


def test_a_list_that_was_moved_to_the_front_goes_before_other_urgent_lists():
    urgent = RunningList(priority=0, done=0, pending=500)
    moved = RunningList(priority=0, done=900, pending=100, front_at=datetime(2031, 1, 1, tzinfo=UTC))
    assert forecast([urgent, moved], per_second=10) == [60, 10]


def test_people_with_the_vendor_are_answered_first():
    sent = RunningList(priority=1, done=9_500, pending=500, in_flight=500)
    urgent = RunningList(priority=0, done=0, pending=100_000, in_flight=1_000)
    assert forecast([sent, urgent], per_second=50)[0] == 10
    assert forecast([urgent, sent], per_second=50)[1] == 30


def test_each_account_answers_at_its_own_pace():
    slow, fast = (RunningList(priority=1, done=0, pending=1_000, accounts=[account]) for account in (1, 2))
    found = forecast_queue([slow, fast, slow], {1: AccountPace(1), 2: AccountPace(50)})
    assert [(each.starts, each.ends) for each in found] == [(0, 1_000), (0, 20), (1_000, 2_000)]


def test_people_in_flight_delay_only_lists_of_their_account():
    lists = [RunningList(priority=1, done=0, pending=100, accounts=[account]) for account in (1, None)]
    found = forecast_queue(lists, {1: AccountPace(10), None: AccountPace(10)}, [(None, 500, 1)])
    assert [each.starts for each in found] == [50, 0]


def test_a_list_is_sent_over_all_accounts_of_its_team():
    one, two = (RunningList(priority=1, done=0, pending=10_000, accounts=accounts) for accounts in ([1], [1, 2]))
    paces = {account: AccountPace(10, limit=1_000) for account in (1, 2)}
    assert forecast_queue([one], paces)[0].ends == 1_000
    assert forecast_queue([two], paces)[0].ends == 500


def test_a_batch_that_waits_for_room_keeps_only_later_ones_of_its_account():
    paces = {account: AccountPace(10, limit=1_500) for account in (1, 2)}
    urgent = RunningList(priority=0, done=0, pending=1_000, accounts=[1])
    normal = [RunningList(priority=1, done=0, pending=100, accounts=[account]) for account in (1, 2)]
    found = forecast_queue([urgent, *normal], paces, [(None, 1_000, 1), (None, 1_000, 2)])
    # The small batch would fit, but the urgent one waits for that room.
    assert [each.starts for each in found] == [100, 200, 100]


def test_without_results_there_is_no_estimate():
    assert forecast([RunningList(priority=1, done=0, pending=10)], per_second=0) == [None]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "about 5 seconds"),
        (12, "about 10 seconds"),
        (58, "about 60 seconds"),
        (61, "about 1 minute"),
        (340, "about 6 minutes"),
        (5_940, "about 99 minutes"),
        (6_400, "about 1 h 45 min"),
        (7_200, "about 2 h"),
        (400_000, "about 5 days"),
    ],
)
def test_durations_are_rounded(seconds, words):
    assert format_duration(seconds) == words
