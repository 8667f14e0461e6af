import pytest

from batches.reports.charts import build_chart, build_strip, round_up

LABELS = {"closed": "Closed", "acknowledged": "With the vendor", "planned": "Waiting"}


def test_few_batches_have_a_cell_each():
    strip = build_strip([("closed", 1, 1), ("acknowledged", 0.25, 1), ("planned", 0, 1)], LABELS)
    assert [(cell.status, cell.x, cell.width, cell.is_begun) for cell in strip.cells] == [
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


def test_columns_are_stacked_from_the_bottom():
    chart = build_chart([{"matched": 6, "error": 2}, {"matched": 0, "error": 1}], ["matched", "error"])
    assert (chart.top, chart.most) == (10, 8)
    assert chart.columns == [[("matched", 0, 4, 6), ("error", 0, 2, 2)], [("error", 1, 9, 1)]]


@pytest.mark.parametrize(("number", "top"), [(0, 10), (10, 10), (11, 20), (49, 50), (51, 100), (2999, 5000)])
def test_the_scale_has_few_steps(number, top):
    assert round_up(number) == top
