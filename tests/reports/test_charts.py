from datetime import UTC, datetime, timedelta

import pytest

from batches.reports.charts import build_plot, build_strip, draw_bar, draw_share
from batches.tracing.counts import Counts

LABELS = {"closed": "Closed", "acknowledged": "With the vendor", "planned": "Waiting"}


def test_a_few_batches_have_a_cell_each():
    strip = build_strip([("closed", 1, 1), ("acknowledged", 0.25, 1), ("planned", 0, 1)], LABELS)
    assert [(cell.status, cell.x, cell.width, cell.is_partly_done) for cell in strip.cells] == [
        ("closed", 0, 1, False),
        ("acknowledged", 1, 1, True),
        ("planned", 2, 1, False),
    ]
    assert (strip.cells[1].top, strip.cells[1].height) == ("0.75", "0.25")
    assert strip.states == [("closed", "Closed", 1), ("acknowledged", "With the vendor", 1), ("planned", "Waiting", 1)]


def test_a_single_batch_among_many_is_wide_enough_to_be_seen():
    strip = build_strip([("closed", 1, 4_000), ("acknowledged", 0.5, 1), ("planned", 0, 5_999)], LABELS)
    assert [(cell.x, cell.width) for cell in strip.cells] == [(0, 4_000), (4_000, 166.67), (4_166.67, 5_999)]
    assert strip.width == 10_165.67
    assert strip.states[1] == ("acknowledged", "With the vendor", 1)


MIDNIGHT = datetime(2026, 11, 28, tzinfo=UTC)


def plot(*results):
    return build_plot([(MIDNIGHT + timedelta(minutes=number), count) for number, count in enumerate(results)])


def test_the_highest_column_of_a_plot_fills_it_and_few_results_can_be_seen():
    drawn = plot(*[0] * 9, 1, 300, 150)
    assert [(column.y, column.height) for column in drawn.columns[-3:]] == [(34, 2), (0, 36), (18, 18)]
    assert (drawn.columns[-1].results, drawn.results) == (150, 451)


@pytest.mark.parametrize(("minutes", "shown"), [([0] * 60, 10), ([0] * 40 + [1] * 20, 20), ([5] * 60, 30)])
def test_a_plot_reaches_back_to_the_first_results(minutes, shown):
    assert plot(*minutes).minutes == shown


def test_a_bar_says_its_numbers_and_shows_outcomes_apart():
    bar = draw_bar(Counts(total=4, matched=2, error=1))
    assert 'aria-label="75% done: 2 matched, 1 error, 1 waiting"' in bar
    assert '<rect class="f-good" x="0.00" width="49.50"' in bar
    assert '<rect class="f-bad" x="50.00" width="24.50"' in bar


@pytest.mark.parametrize(
    ("part", "fill", "width"), [(50, "f-good", "50.0"), (85, "f-warn", "85.0"), (130, "f-bad", "100.0")]
)
def test_a_share_warns_when_most_of_it_is_used(part, fill, width):
    assert f'<rect class="{fill}" x="0" width="{width}"' in draw_share(part, 100, "of the budget")
