"""Lists are divided into batches that the vendor accepts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batches.tracing.batch_plan import SizedItem, plan_batches
from batches.vendor.protocol import MAX_BATCH_SIZE, MAX_BODY_BYTES, MIN_BATCH_SIZE

ENVELOPE = 100
"""Bytes of a call without its items."""
LARGEST = (MAX_BODY_BYTES - ENVELOPE) // MIN_BATCH_SIZE - 1
"""Bytes of the largest items of which ten fit into a call. Each needs one more byte for its comma."""


def make_items(sizes):
    return [SizedItem(number, size) for number, size in enumerate(sizes)]


def plan_sizes(sizes):
    """Plan items of these numbers of bytes. Return the number of items in each batch."""
    return [len(batch.ids) for batch in plan_batches(make_items(sizes), ENVELOPE)]


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
def test_small_items_are_divided_by_their_number(count, expected):
    assert plan_sizes([100] * count) == expected


def test_a_batch_is_as_full_as_its_bytes_allow():
    # There are 255,900 bytes for items and their commas.
    assert plan_sizes([254] * 1100) == [1000, 100]
    assert plan_sizes([299] * 900) == [853, 47]
    assert plan_sizes([299] * 855) == [845, 10]


def test_large_items_that_do_not_fill_a_batch_are_sent_one_by_one():
    # A batch holds at most ten of these items and needs at least ten, so fifteen do not make two valid batches.
    assert plan_sizes([LARGEST] * 15) == [10, 1, 1, 1, 1, 1]
    assert plan_sizes([LARGEST] * 20) == [10, 10]


def test_a_batch_that_is_too_small_takes_items_from_the_batches_before():
    # Of batches of 30, 10 and 1, the last takes items from the second, which takes items from the first.
    size = (MAX_BODY_BYTES - ENVELOPE) // 30 - 1
    assert plan_sizes([size] * 30 + [LARGEST] * 11) == [21, 10, 10]


def test_items_so_large_that_ten_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="too large"):
        list(plan_batches(make_items([LARGEST + 1]), ENVELOPE))


@given(st.lists(st.one_of(st.integers(50, 400), st.integers(5_000, LARGEST)), max_size=400))
def test_every_plan_is_valid_ordered_and_complete(sizes):
    batches = list(plan_batches(make_items(sizes), ENVELOPE))
    assert sorted(list_ids(batches)) == list(range(len(sizes)))
    bulk_batches = [batch for batch in batches if not batch.is_single]
    for batch in bulk_batches:
        assert MIN_BATCH_SIZE <= len(batch.ids) <= MAX_BATCH_SIZE
        assert ENVELOPE + sum(sizes[number] + 1 for number in batch.ids) <= MAX_BODY_BYTES
    assert len(batches) - len(bulk_batches) < MIN_BATCH_SIZE
    bulk_ids = list_ids(bulk_batches)
    assert bulk_ids == sorted(bulk_ids)


def list_ids(batches):
    return [number for batch in batches for number in batch.ids]


@given(st.lists(st.integers(50, 2000), min_size=10, max_size=3000))
def test_there_are_as_few_batches_as_possible(sizes):
    # Fill one batch after the other, each as far as possible.
    fewest, item_count, byte_count = 1, 0, ENVELOPE
    for size in sizes:
        if item_count == MAX_BATCH_SIZE or byte_count + size + 1 > MAX_BODY_BYTES:
            fewest, item_count, byte_count = fewest + 1, 0, ENVELOPE
        item_count += 1
        byte_count += size + 1
    assert len(plan_sizes(sizes)) == fewest
