"""Plan the fewest batches that the vendor accepts, in the order of the file. Pure: no database."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from batches.vendor.protocol import MAX_BATCH_SIZE, MAX_BODY_BYTES, MIN_BATCH_SIZE


@dataclass(frozen=True)
class SizedItem:
    id: int
    size: int
    """Encoded size in bytes."""


@dataclass(frozen=True)
class Plan:
    """The items of one call: 10 to 1,000 of them, or one over the single endpoint."""

    ids: tuple[int, ...]

    @property
    def is_single(self) -> bool:
        return len(self.ids) == 1


def plan(items: Iterable[SizedItem], envelope: int) -> Iterator[Plan]:
    """Plan as few batches for `items` as their order and the vendor's limits allow.

    A batch has 10 to 1,000 items and at most 256,000 bytes; `envelope` is the size of a request without items, in
    bytes. A short last batch takes items from its neighbours. If there are too few items for that, the rest are sent
    one by one. Only the last groups are held in memory. Raise ValueError if ten items of the
    size of one do not fit.
    """
    full: list[list[SizedItem]] = []
    for group in fill_groups(items, envelope):
        full.append(group)
        # The last group takes at most 9 items, so only a neighbour with fewer than 19 may need some too.
        if len(group) >= 2 * MIN_BATCH_SIZE and len(full) > 1:
            yield from as_plans(full[:-1])
            full = full[-1:]
    yield from as_plans(balance_tail(full))


def fill_groups(items: Iterable[SizedItem], envelope: int) -> Iterator[list[SizedItem]]:
    """Yield groups that are as full as allowed. Only the last can have fewer than ten items."""
    group: list[SizedItem] = []
    size = envelope
    for item in items:
        if envelope + MIN_BATCH_SIZE * (item.size + 1) > MAX_BODY_BYTES:
            raise ValueError(f"Item {item.id} is too large: {item.size} bytes.")
        if len(group) == MAX_BATCH_SIZE or size + item.size + 1 > MAX_BODY_BYTES:
            yield group
            group, size = [], envelope
        group.append(item)
        size += item.size + 1
    if group:
        yield group


def balance_tail(groups: list[list[SizedItem]]) -> list[list[SizedItem]]:
    """Move items from each short group's predecessor into it, and split the first group if it is then too short."""
    for index in range(len(groups) - 1, 0, -1):
        shortage = MIN_BATCH_SIZE - len(groups[index])
        if shortage > 0:
            groups[index] = groups[index - 1][-shortage:] + groups[index]
            groups[index - 1] = groups[index - 1][:-shortage]
    if groups and len(groups[0]) < MIN_BATCH_SIZE:
        return [*groups[1:], *([item] for item in groups[0])]
    return groups


def as_plans(groups: Iterable[list[SizedItem]]) -> Iterator[Plan]:
    for group in groups:
        yield Plan(tuple(item.id for item in group))
