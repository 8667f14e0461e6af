"""Erase people from deliveries that could not be filed."""

from collections.abc import Collection

from batches.forgetting.identity import Identity
from webhooks.models import UnmatchedDelivery

CHUNK_SIZE = 1000


def erase_bodies(identity: Identity, ids: Collection[int], is_dry: bool) -> int:
    """Delete the bodies of deliveries that are for these items or about this person. Return how many there were.

    With `is_dry`, only count them.
    """
    filled = UnmatchedDelivery.objects.exclude(body=b"").order_by()
    found = [
        pk
        for pk, item_id, body in filled.values_list("pk", "item_id", "body").iterator(chunk_size=CHUNK_SIZE)
        if item_id in ids or identity.is_in(bytes(body).decode(errors="replace"))
    ]
    if not is_dry:
        UnmatchedDelivery.objects.filter(pk__in=found).update(body=b"")
    return len(found)
