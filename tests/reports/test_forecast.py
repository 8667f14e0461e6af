import pytest

from batches.reports.forecast import Run, forecast, format_duration


def test_one_list_takes_as_long_as_its_people():
    assert forecast([Run(1, 100, 500)], 50) == [10]


def test_two_lists_that_start_together_share_the_pace_until_the_shorter_is_complete():
    assert forecast([Run(1, 0, 100), Run(1, 0, 1000)], 10) == [20, 110]


def test_a_new_list_is_sent_first_until_it_has_caught_up():
    assert forecast([Run(1, 900, 100), Run(1, 0, 500)], 10) == [60, 50]


def test_urgent_lists_go_before_all_others():
    assert forecast([Run(1, 0, 10), Run(0, 500, 500)], 10) == [51, 50]


def test_people_with_the_vendor_are_answered_first():
    runs = [Run(1, 9_500, 500, in_flight=500), Run(0, 0, 100_000, in_flight=1_000)]
    assert forecast(runs, 50)[0] == 30


def test_without_results_there_is_no_estimate():
    assert forecast([Run(1, 0, 10)], 0) == [None]


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
