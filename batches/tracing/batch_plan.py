"""Sized items → the fewest lawful batches, in the order of the file. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from batches.vendor.protocol import BATCH_MAX, BATCH_MIN, BODY_MAX


@dataclass(frozen=True)
class SizedItem:
    id: int
    size: int
    """Bytes of the item as it will be sent."""


@dataclass(frozen=True)
class Plan:
    """Items that go in one call: 10 to 1,000 of them, or one alone over the single endpoint."""

    ids: tuple[int, ...]

    @property
    def is_single(self):
        return len(self.ids) == 1


def plan(items: Iterable[SizedItem], envelope: int) -> Iterator[Plan]:
    """Plan the batches for `items`, as few as keep their order and the vendor's limits.

    `envelope` is the size of a request without items, in bytes. No batch has over 1,000 items or 256,000
    bytes; none has under 10: a short tail takes items from its neighbours. Where there are too few items for
    that (fewer than 10 in all, or large ones), what is left over goes one by one. Only the last groups are
    held in memory. Raises ValueError for an item so large that ten of them would not fit.
    """
    full: list[list[SizedItem]] = []
    for group in fill(items, envelope):
        full.append(group)
        # The tail takes at most 9 items, so only neighbours of fewer than 19 can pass the need on.
        if len(group) >= 2 * BATCH_MIN and len(full) > 1:
            yield from whole(full[:-1])
            full = full[-1:]
    yield from whole(even_out(full))


def fill(items, envelope):
    """Yield groups as full as they may be; only the last can be under ten."""
    group, size = [], envelope
    for item in items:
        if envelope + BATCH_MIN * (item.size + 1) > BODY_MAX:
            raise ValueError(f"Item {item.id} is too large: {item.size} bytes.")
        if len(group) == BATCH_MAX or size + item.size + 1 > BODY_MAX:
            yield group
            group, size = [], envelope
        group.append(item)
        size += item.size + 1
    if group:
        yield group


def even_out(groups):
    """Move items from each group to the one behind it until only the first is short; that one is split up."""
    for index in range(len(groups) - 1, 0, -1):
        lacking = BATCH_MIN - len(groups[index])
        if lacking > 0:
            groups[index] = groups[index - 1][-lacking:] + groups[index]
            groups[index - 1] = groups[index - 1][:-lacking]
    if groups and len(groups[0]) < BATCH_MIN:
        return [*groups[1:], *([item] for item in groups[0])]
    return groups


def whole(groups):
    for group in groups:
        yield Plan(tuple(item.id for item in group))
