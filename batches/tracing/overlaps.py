"""Trace people who are in several lists only once, and give the answer to all of those lists.

This is decided when a batch is sent, because overlapping lists may be planned at the same time, hours earlier. People
who have been answered in another list by then are reused from there. People whom the vendor is tracing for another list
wait for that answer, in no batch, with `same_as` naming the other item. If it does not come, they are planned again.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from batches.models import Batch, Item, ItemQuerySet, Lease, Upload
from batches.statuses import BATCH_AT_VENDOR, UPLOAD_STARTED, Outcome
from batches.tracing.counts import format_people
from batches.tracing.lifecycle import record

CHUNK_SIZE = 1_000
EQUIVALENT_REQUIREMENTS = [[], ["phones"]]
"""Without a requirement, every match has a phone (docs/vendor.md, 1)."""


def find_alike(upload: Upload) -> ItemQuerySet:
    """Return people of other lists whose answers count for `upload`: those with the same match requirements."""
    equivalent = upload.match_requirements in EQUIVALENT_REQUIREMENTS
    same_requirements = Q()
    for requirements in EQUIVALENT_REQUIREMENTS if equivalent else [upload.match_requirements]:
        same_requirements |= Q(upload__match_requirements=requirements)
    return Item.objects.filter(same_requirements).exclude(upload=upload).order_by()


def find_earlier(upload: Upload) -> ItemQuerySet:
    """Return people of other lists with a recent answer that counts for `upload` and has not been purged."""
    since = timezone.now() - timedelta(days=upload.look_back)
    answered = find_alike(upload).filter(outcome__in=[Outcome.MATCHED, Outcome.NO_MATCH], answered_at__gte=since)
    return answered.exclude(answer="")


def find_awaited(upload: Upload) -> ItemQuerySet:
    """Return people of other lists whom the vendor is tracing, or may be, or whose answer waits to be filed."""
    return find_alike(upload).filter(is_awaited())


def is_awaited() -> Q:
    """Return the condition for people whose answer will come: from the vendor, or from a delivery to be filed."""
    is_at_vendor = Q(outcome=Outcome.PENDING, batch__status__in=BATCH_AT_VENDOR)
    unfiled = Item.objects.filter(pk=OuterRef("pk")).with_unmatched_delivery()
    return is_at_vendor | Q(Exists(unfiled), outcome__in=[Outcome.PENDING, Outcome.MISSING])


def lock_sending() -> None:
    """Let one transaction at a time claim a batch, so that the second of two overlapping batches sees the first."""
    Lease.lock("sending")


def remove_answered(batch: Batch) -> int:
    """Take people who are answered or awaited in other lists out of a batch that is about to be sent.

    Call it after `lock_sending`, in the transaction that moves the batch to `submitting`. Return how many were removed.
    """
    upload = batch.upload
    if not upload.look_back:
        return 0
    people = batch.items.filter(outcome=Outcome.PENDING).exclude(fingerprint="")
    wanted = dict(people.values_list("fingerprint", "pk"))
    is_wanted = Q(fingerprint__in=list(wanted))
    known = dict(find_earlier(upload).filter(is_wanted).order_by("answered_at").values_list("fingerprint", "pk"))
    awaited = dict(
        find_awaited(upload).filter(is_wanted).exclude(fingerprint__in=known).values_list("fingerprint", "pk")
    )
    reused = mark_reused([(wanted[key], source) for key, source in known.items()], people)
    waiting = mark_waiting([(wanted[key], source) for key, source in awaited.items()], people)
    Batch.objects.filter(pk=batch.pk).update(moved=F("moved") + reused + waiting)
    record_reused(upload.pk, reused, "answered since the list was planned")
    if waiting:
        record(
            upload.pk,
            "waiting for other lists",
            batch_id=batch.pk,
            detail=format_people(waiting),
        )
    return reused + waiting


def mark_reused(pairs: list[tuple[int, int]], among: QuerySet[Item]) -> int:
    """Mark items as reused, given as (item id, id of the item with the answer), and take them out of their batches.

    Only items that are still `among` the given ones are marked. Return how many.
    """
    reused = 0
    for start in range(0, len(pairs), CHUNK_SIZE):
        sources = dict(pairs[start : start + CHUNK_SIZE])
        answered_at = dict(Item.objects.filter(pk__in=set(sources.values())).values_list("pk", "answered_at"))
        items = list(among.filter(pk__in=sources).only("pk"))
        for item in items:
            item.outcome, item.same_as_id, item.batch_id = Outcome.REUSED, sources[item.pk], None
            item.message = f"Traced on {answered_at[item.same_as_id]:%Y-%m-%d}."
        reused += among.bulk_update(items, ["outcome", "same_as", "batch", "message"], batch_size=200)
    return reused


def mark_waiting(pairs: list[tuple[int, int]], among: QuerySet[Item]) -> int:
    """Take items out of their batch to wait for the answer to another list's item. Return how many."""
    items = list(among.filter(pk__in=dict(pairs)).only("pk"))
    sources = dict(pairs)
    for item in items:
        item.same_as_id, item.batch_id = sources[item.pk], None
    return among.bulk_update(items, ["same_as", "batch"], batch_size=200)


def resolve_waiting(_now: datetime) -> list[int]:
    """Answer waiting people whose awaited answer has come, and release those whose answer will not come.

    An answer will not come if it is missing or an error, if its batch was closed, or if the vendor did not accept it,
    unless a delivery for it waits to be filed.
    Return the ids of uploads with released people, to be planned.
    """
    awaited = Item.objects.filter(is_awaited(), pk=OuterRef("same_as"))
    resolvable = Item.objects.waiting().filter(~Exists(awaited), upload__status__in=UPLOAD_STARTED)
    by_upload: dict[int, list[tuple[int, int]]] = {}
    for upload_id, pk, source in resolvable.values_list("upload_id", "pk", "same_as_id")[: 20 * CHUNK_SIZE]:
        by_upload.setdefault(upload_id, []).append((pk, source))
    return [upload_id for upload_id, pairs in by_upload.items() if resolve_list(upload_id, pairs)]


@transaction.atomic
def resolve_list(upload_id: int, pairs: list[tuple[int, int]]) -> int:
    """Answer or release waiting people of one list, given as (item id, awaited id). Return how many were released."""
    upload = Upload.objects.select_for_update(no_key=True).get(pk=upload_id)
    answered = set(find_earlier(upload).filter(pk__in=[source for _, source in pairs]).values_list("pk", flat=True))
    reused = mark_reused([pair for pair in pairs if pair[1] in answered], Item.objects.waiting())
    record_reused(upload_id, reused, "answered in other lists since")
    others = [pk for pk, source in pairs if source not in answered]
    return release(upload_id, others)


def release_all() -> None:
    """Stop everyone in started lists from waiting, so that they are planned."""
    waiting = Item.objects.waiting().filter(upload__status__in=UPLOAD_STARTED)
    for upload_id in set(waiting.values_list("upload_id", flat=True)):
        release(upload_id, waiting.filter(upload=upload_id).values("pk"))


def release(upload_id: int, ids: Iterable[int] | QuerySet[Any]) -> int:
    """Stop people from waiting, so that they are planned. Return how many."""
    released = Item.objects.waiting().filter(pk__in=ids).update(same_as=None)
    if released:
        record(upload_id, "replanned", detail=f"{format_people(released)} whose answers in other lists did not arrive")
    return released


def record_reused(upload_id: int, count: int, detail: str) -> None:
    if count:
        Upload.objects.filter(pk=upload_id).update(reused_count=F("reused_count") + count)
        record(upload_id, "reused", detail=f"{count} {detail}")
