"""The estimates that users see agree with what happens on ten simulated days."""

from tests.support.days_of_lists import simulate


def test_each_estimate_of_ten_days_is_within_a_fifth_of_the_truth_or_said_to_be_unsure():
    score = simulate(days=10, seed=2031, every=30)
    assert score.wrong == []
    assert score.unforeseen <= score.moments / 100
    # Most estimates are sure: a page that always doubts would tell nothing.
    assert score.right > 0.6 * score.moments > 1_000
