"""Plan the fewest batches that the vendor accepts, in the order of the file. Pure: no database."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from batches.vendor.protocol import MAX_BATCH_SIZE, MAX_BODY_BYTES, MIN_BATCH_SIZE

COMMA_BYTES = 1
"""Bytes that separate an item from the next one."""


@dataclass(frozen=True)
class SizedItem:
    """An item that is to be put into a batch, with the size of its part of the request."""

    id: int
    size: int
    """Encoded size in bytes."""


@dataclass(frozen=True)
class PlannedBatch:
    """The ids of the items of one call: 10 to 1,000 of them, or one for the single endpoint."""

    ids: tuple[int, ...]

    @property
    def is_single(self) -> bool:
        return len(self.ids) == 1


def plan_batches(items: Iterable[SizedItem], envelope: int) -> Iterator[PlannedBatch]:
    """Plan as few batches for `items` as their order and the vendor's limits allow.

    A batch has 10 to 1,000 items and at most 256,000 bytes; `envelope` is the size of a request without items, in
    bytes. If the last batch is too short, it takes items from the one before it. If there are too few items for that,
    some are sent one by one. Only the last groups are held in memory. Raise ValueError if an item is so large that ten
    of its size do not fit into a request.
    """
    held_back: list[list[SizedItem]] = []
    for group in fill_groups(items, envelope):
        held_back.append(group)
        # A short group takes at most 9 items, so a group of 20 or more never has to be refilled from earlier groups.
        if len(group) >= 2 * MIN_BATCH_SIZE and len(held_back) > 1:
            yield from to_planned_batches(held_back[:-1])
            held_back = held_back[-1:]
    yield from to_planned_batches(balance_tail(held_back))


def fill_groups(items: Iterable[SizedItem], envelope: int) -> Iterator[list[SizedItem]]:
    """Group items into groups that are as full as allowed. Only the last can have fewer than ten items."""
    group: list[SizedItem] = []
    size = envelope
    for item in items:
        if envelope + MIN_BATCH_SIZE * (item.size + COMMA_BYTES) > MAX_BODY_BYTES:
            raise ValueError(f"Item {item.id} is too large: {item.size} bytes.")
        if len(group) == MAX_BATCH_SIZE or size + item.size + COMMA_BYTES > MAX_BODY_BYTES:
            yield group
            group, size = [], envelope
        group.append(item)
        size += item.size + COMMA_BYTES
    if group:
        yield group


def balance_tail(groups: list[list[SizedItem]]) -> list[list[SizedItem]]:
    """Fill each group that is too short with items of the group before it, starting at the end.

    If the first group is then too short itself, plan its items one by one, after the other groups.
    """
    for index in range(len(groups) - 1, 0, -1):
        shortage = MIN_BATCH_SIZE - len(groups[index])
        if shortage > 0:
            groups[index] = groups[index - 1][-shortage:] + groups[index]
            groups[index - 1] = groups[index - 1][:-shortage]
    if groups and len(groups[0]) < MIN_BATCH_SIZE:
        single_items = [[item] for item in groups[0]]
        return [*groups[1:], *single_items]
    return groups


def to_planned_batches(groups: Iterable[list[SizedItem]]) -> Iterator[PlannedBatch]:
    for group in groups:
        yield PlannedBatch(tuple(item.id for item in group))
