import pytest

from batches.reports.forecast import Run, forecast, say_seconds


def test_one_list_takes_as_long_as_its_people_do():
    assert forecast([Run(1, 100, 500)], 50) == [10]


def test_of_two_that_begin_together_the_shorter_one_is_done_when_both_have_had_as_much():
    assert forecast([Run(1, 0, 100), Run(1, 0, 1000)], 10) == [20, 110]


def test_a_new_list_goes_first_until_it_has_had_as_much():
    assert forecast([Run(1, 900, 100), Run(1, 0, 500)], 10) == [60, 50]


def test_urgent_lists_go_before_all_others():
    assert forecast([Run(1, 0, 10), Run(0, 500, 500)], 10) == [51, 50]


def test_nobody_overtakes_who_is_with_the_vendor_already():
    runs = [Run(1, 9_500, 500, in_flight=500), Run(0, 0, 100_000, in_flight=1_000)]
    assert forecast(runs, 50)[0] == 30


def test_without_results_nothing_is_promised():
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
def test_lengths_of_time_are_as_coarse_as_they_are_sure(seconds, words):
    assert say_seconds(seconds) == words
