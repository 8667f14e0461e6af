import pytest
from hypothesis import given
from hypothesis import strategies as st

from batches.tracing.batch_plan import SizedItem, plan
from batches.vendor.protocol import MAX_BATCH_SIZE, MAX_BODY_BYTES, MIN_BATCH_SIZE

ENVELOPE = 100
LARGEST = (MAX_BODY_BYTES - ENVELOPE) // MIN_BATCH_SIZE - 1


def sized(sizes):
    return [SizedItem(number, size) for number, size in enumerate(sizes)]


def lengths(sizes):
    return [len(group.ids) for group in plan(sized(sizes), ENVELOPE)]


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, []),
        (1, [1]),
        (9, [1] * 9),
        (10, [10]),
        (1000, [1000]),
        (1001, [991, 10]),
        (1009, [999, 10]),
        (1010, [1000, 10]),
        (2003, [1000, 993, 10]),
        (2345, [1000, 1000, 345]),
    ],
)
def test_small_items_are_split_by_their_number(count, expected):
    assert lengths([100] * count) == expected


def test_a_batch_is_as_full_as_its_bytes_allow():
    # 255,900 bytes for items, each with its comma.
    assert lengths([254] * 1100) == [1000, 100]
    assert lengths([299] * 900) == [853, 47]
    assert lengths([299] * 855) == [845, 10]


def test_large_items_that_fit_no_batch_are_sent_one_by_one():
    # A batch has room for ten, not for eleven, so fifteen cannot make two valid batches.
    assert lengths([LARGEST] * 15) == [10, 1, 1, 1, 1, 1]
    assert lengths([LARGEST] * 20) == [10, 10]


def test_a_shortage_is_passed_on_to_earlier_groups():
    # Three groups of 30, 10 and 1: the last takes items from the second, which takes items from the first.
    size = (MAX_BODY_BYTES - ENVELOPE) // 30 - 1
    assert lengths([size] * 30 + [LARGEST] * 11) == [21, 10, 10]


def test_an_item_so_large_that_ten_do_not_fit_is_an_error():
    with pytest.raises(ValueError, match="too large"):
        list(plan(sized([LARGEST + 1]), ENVELOPE))


@given(st.lists(st.one_of(st.integers(50, 400), st.integers(5_000, LARGEST)), max_size=400))
def test_every_plan_is_valid_ordered_and_complete(sizes):
    groups = list(plan(sized(sizes), ENVELOPE))
    ids = [number for group in groups for number in group.ids]
    assert sorted(ids) == list(range(len(sizes)))
    bulk = [group for group in groups if not group.is_single]
    for group in bulk:
        assert MIN_BATCH_SIZE <= len(group.ids) <= MAX_BATCH_SIZE
        assert ENVELOPE + sum(sizes[number] + 1 for number in group.ids) <= MAX_BODY_BYTES
    assert sum(group.is_single for group in groups) < MIN_BATCH_SIZE
    assert [n for group in bulk for n in group.ids] == sorted(n for group in bulk for n in group.ids)


@given(st.lists(st.integers(50, 2000), min_size=10, max_size=3000))
def test_there_are_as_few_batches_as_possible(sizes):
    needed, count, size = 1, 0, ENVELOPE
    for item in sizes:
        if count == MAX_BATCH_SIZE or size + item + 1 > MAX_BODY_BYTES:
            needed, count, size = needed + 1, 0, ENVELOPE
        count, size = count + 1, size + item + 1
    assert len(lengths(sizes)) == needed
