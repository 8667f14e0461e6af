"""The keys by which the vendor names the people of a batch.

A key means something only within its batch: with the batch's `key_base` added, it is the id of an item. A batch gets
its base when it is planned and keeps it, so an answer finds its person in whatever batch that person is now. With a
base of 0, keys are ids, which the vendor only takes up to 32 bits (docs/decisions/0088-keys-count-within-a-batch.md).
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from django.conf import settings

from batches.models import Batch
from batches.tracing.batch_plan import SizedItem
from batches.vendor.protocol import MAX_KEY, Acknowledgement

MAX_KNOWN_BASES = 10_000
"""Maximum number of batches whose bases a process remembers."""

known_bases: dict[str, int] = {}
"""Token → key base. A base never changes."""


def choose_base(ids: Collection[int]) -> int:
    """Return the base of a new batch with these items.

    It is 0 if SMALL_KEYS is off, or if an item's id could be taken for the key of another item. It is not 0 if an id is
    too great to be a key. Raise ValueError if both are true, which `can_share_base` tells beforehand.
    """
    first, last = min(ids), max(ids)
    if not can_share_base(first, last):
        raise ValueError(f"Items {first} and {last} cannot be in the same batch.")
    needs_base = last > MAX_KEY
    return first - 1 if needs_base or (settings.SMALL_KEYS and has_small_keys(first, last)) else 0


def can_share_base(first: int, last: int) -> bool:
    """Return whether items with ids from `first` to `last` can be in the same batch."""
    return last <= MAX_KEY or has_small_keys(first, last)


def has_small_keys(first: int, last: int) -> bool:
    """Return whether the keys of these items can begin with 1, so that the vendor takes them and none is an id."""
    base = first - 1
    return last - base <= min(base, MAX_KEY)


def number_runs(items: Iterable[SizedItem]) -> Iterator[tuple[int, SizedItem]]:
    """Yield each item, in the order of their ids, with the first id of its run.

    All items of a run can be in the same batch. There is one run, unless people were added to a list much later.
    """
    first = None
    for item in items:
        if first is None or not can_share_base(first, item.id):
            first = item.id
        yield first, item


def make_key(item_id: int, base: int) -> int:
    """Return the key of an item in a batch with this base."""
    return item_id - base


def find_item_id(key: int, base: int) -> int | None:
    """Return the id of the item that a key stands for in a batch with this base, or None if it is not a key of it."""
    return None if base and key > base else base + key


def find_bases(tokens: Iterable[str]) -> dict[str, int]:
    """Return token → key base for the batches with these tokens. A batch that does not exist has none.

    Bases are remembered, so that filing an answer does not take another query.
    """
    wanted = set(tokens)
    bases = {token: known_bases[token] for token in wanted if token in known_bases}
    unknown = wanted - bases.keys()
    if unknown:
        found = dict(Batch.objects.filter(token__in=unknown).order_by().values_list("token", "key_base"))
        if len(known_bases) + len(found) > MAX_KNOWN_BASES:
            known_bases.clear()
        known_bases.update(found)
        bases |= found
    return bases


def find_item_id_by_token(token: str, key: int) -> int | None:
    """Return the id of the item that a key stands for in the batch with this token, or None."""
    base = find_bases([token]).get(token)
    return None if base is None else find_item_id(key, base)


def name_items(acknowledgement: Acknowledgement, base: int) -> Acknowledgement:
    """Return an acknowledgement in which ids of items replace the keys."""
    ids = {find_item_id(key, base): request_id for key, request_id in acknowledgement.request_ids.items()}
    return replace(acknowledgement, request_ids={pk: request_id for pk, request_id in ids.items() if pk is not None})
