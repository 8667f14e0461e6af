"""Trace people who are in several lists only once, and use the answer in all of those lists.

This is decided when a batch is sent, because overlapping lists may have been planned at the same time, hours earlier.
People who have been answered in another list by then reuse that answer. People whom the vendor is tracing for another
list wait for that answer, in no batch, with `same_as` set to the other item. If it does not come, they are planned.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from batches.models import Batch, Item, ItemQuerySet, Lease, Upload
from batches.statuses import BATCH_AT_VENDOR, UPLOAD_STARTED, Outcome
from batches.tracing.counts import format_people
from batches.tracing.lifecycle import record

CHUNK_SIZE = 1_000
"""Number of items read in one statement."""
UPDATE_SIZE = 200
"""Number of items changed in one statement."""
MARKED_FIELDS = ["pk", "batch"]
"""The fields loaded to mark items. Without the batch, items of a batch would be asked for it one by one."""
MAX_RESOLVED = 20 * CHUNK_SIZE
"""Maximum number of waiting people resolved at once."""
EQUIVALENT_REQUIREMENTS = [[], ["phones"]]
"""Requirements with the same result: even without one, every match has a phone (docs/vendor.md, 1)."""


def find_comparable(upload: Upload) -> ItemQuerySet:
    """Return people of other lists whose answers `upload` can reuse, because the match requirements are the same."""
    own = upload.match_requirements
    has_same_requirements = Q()
    for requirements in EQUIVALENT_REQUIREMENTS if own in EQUIVALENT_REQUIREMENTS else [own]:
        has_same_requirements |= Q(upload__match_requirements=requirements)
    return Item.objects.filter(has_same_requirements).exclude(upload=upload).order_by()


def find_answered(upload: Upload) -> ItemQuerySet:
    """Return people of other lists with a recent answer that `upload` can reuse and that has not been purged."""
    since = timezone.now() - timedelta(days=upload.look_back)
    answered = find_comparable(upload).filter(outcome__in=[Outcome.MATCHED, Outcome.NO_MATCH], answered_at__gte=since)
    if upload.refreshes_stale:
        answered = answered.exclude(is_stale())
    return answered.exclude(answer="")


def is_stale(path: str = "") -> Q:
    """Return the condition for matches whose Do Not Call flags are stale. `path` leads to the item with the answer.

    The flags are as old as the answer. An answer without a match has none.
    """
    stale_before = timezone.now() - timedelta(days=settings.DNC_STALE_DAYS)
    return Q((f"{path}outcome", Outcome.MATCHED), (f"{path}answered_at__lt", stale_before))


def find_stale_reused(uploads: Collection[int]) -> ItemQuerySet:
    """Return people of lists with a reused answer that is stale."""
    reused = Item.objects.filter(upload__in=uploads, outcome=Outcome.REUSED, emptied="")
    return reused.filter(is_stale("same_as__"))


def find_awaited(upload: Upload) -> ItemQuerySet:
    """Return people of other lists whose answer will come and can then be reused by `upload`."""
    return find_comparable(upload).filter(is_awaited())


def is_awaited() -> Q:
    """Return the condition for people whose answer is expected: from the vendor, or from an unmatched delivery."""
    is_at_vendor = Q(outcome=Outcome.PENDING, batch__status__in=BATCH_AT_VENDOR)
    unfiled = Item.objects.filter(pk=OuterRef("pk")).with_unmatched_delivery()
    return is_at_vendor | Q(Exists(unfiled), outcome__in=[Outcome.PENDING, Outcome.MISSING])


def lock_sending() -> None:
    """Allow one transaction at a time to claim a batch, so that one of two overlapping batches sees the other."""
    Lease.lock("sending")


def remove_shared(batch: Batch) -> int:
    """Take people who are answered or awaited in other lists out of a batch that is about to be sent.

    Call this after `lock_sending`, in the transaction that moves the batch to `submitting`. Return how many people were
    removed.
    """
    upload = batch.upload
    if not upload.look_back:
        return 0
    people = batch.items.filter(outcome=Outcome.PENDING).exclude(fingerprint="")
    wanted = dict(people.values_list("fingerprint", "pk"))
    is_wanted = Q(fingerprint__in=list(wanted))
    # In this order, so that the newest answer to a fingerprint replaces older ones.
    answered = dict(find_answered(upload).filter(is_wanted).order_by("answered_at").values_list("fingerprint", "pk"))
    awaited = dict(
        find_awaited(upload).filter(is_wanted).exclude(fingerprint__in=answered).values_list("fingerprint", "pk")
    )
    reused = mark_reused([(wanted[fingerprint], source) for fingerprint, source in answered.items()], people)
    waiting = mark_waiting([(wanted[fingerprint], source) for fingerprint, source in awaited.items()], people)
    if reused or waiting:
        Batch.objects.filter(pk=batch.pk).update(moved=F("moved") + reused + waiting)
    record_reused(upload.pk, reused, "answered since the list was planned")
    if waiting:
        record(upload.pk, "waiting for other lists", batch_id=batch.pk, detail=format_people(waiting))
    return reused + waiting


def mark_reused(pairs: list[tuple[int, int]], among: QuerySet[Item]) -> int:
    """Mark items as reused, and take them out of their batches. Return how many were marked.

    `pairs` are (item id, id of the item with the answer). Only items that are still in `among` are marked.
    """
    reused = 0
    for start in range(0, len(pairs), CHUNK_SIZE):
        sources = dict(pairs[start : start + CHUNK_SIZE])
        answered_at = dict(Item.objects.filter(pk__in=set(sources.values())).values_list("pk", "answered_at"))
        items = list(among.filter(pk__in=sources).only(*MARKED_FIELDS))
        for item in items:
            item.outcome = Outcome.REUSED
            item.same_as_id = sources[item.pk]
            item.batch_id = None
            item.message = f"Traced on {answered_at[item.same_as_id]:%Y-%m-%d}."
        reused += among.bulk_update(items, ["outcome", "same_as", "batch", "message"], batch_size=UPDATE_SIZE)
    return reused


def mark_waiting(pairs: list[tuple[int, int]], among: QuerySet[Item]) -> int:
    """Take items out of their batch to wait for the answer to another list's item. Return how many were taken out.

    `pairs` are (item id, id of the other list's item). Only items that are still in `among` are taken out.
    """
    sources = dict(pairs)
    items = list(among.filter(pk__in=sources).only(*MARKED_FIELDS))
    for item in items:
        item.same_as_id = sources[item.pk]
        item.batch_id = None
    return among.bulk_update(items, ["same_as", "batch"], batch_size=UPDATE_SIZE)


def resolve_waiting(_now: datetime) -> list[int]:
    """Give waiting people the answer that has come in another list, and release those for whom none will come.

    None will come if the person in the other list is missing or an error, or is no longer with the vendor, unless a
    delivery for that person waits to be filed. Return the ids of uploads with released people, who are to be planned.
    """
    awaited = Item.objects.filter(is_awaited(), pk=OuterRef("same_as"))
    resolvable = Item.objects.waiting().filter(~Exists(awaited), upload__status__in=UPLOAD_STARTED)
    by_upload: dict[int, list[tuple[int, int]]] = {}
    for upload_id, pk, source in resolvable.values_list("upload_id", "pk", "same_as_id")[:MAX_RESOLVED]:
        by_upload.setdefault(upload_id, []).append((pk, source))
    return [upload_id for upload_id, pairs in by_upload.items() if resolve_waiting_in_list(upload_id, pairs)]


@transaction.atomic
def resolve_waiting_in_list(upload_id: int, pairs: list[tuple[int, int]]) -> int:
    """Give waiting people of one list their answer, or release them. Return how many were released.

    `pairs` are (item id, id of the other list's item).
    """
    upload = Upload.objects.select_for_update(no_key=True).get(pk=upload_id)
    answered = set(find_answered(upload).filter(pk__in=[source for _, source in pairs]).values_list("pk", flat=True))
    reused = mark_reused([(pk, source) for pk, source in pairs if source in answered], Item.objects.waiting())
    record_reused(upload_id, reused, "answered in other lists since")
    unanswered = [pk for pk, source in pairs if source not in answered]
    return release_waiting(upload_id, unanswered)


def release_all_waiting() -> None:
    """Stop everyone in started lists from waiting, so that they are planned."""
    waiting = Item.objects.waiting().filter(upload__status__in=UPLOAD_STARTED)
    for upload_id in set(waiting.values_list("upload_id", flat=True)):
        release_waiting(upload_id, waiting.filter(upload=upload_id).values("pk"))


def release_waiting(upload_id: int, ids: Iterable[int] | QuerySet[Any]) -> int:
    """Stop people from waiting, so that they are planned. Return how many were waiting."""
    released = Item.objects.waiting().filter(pk__in=ids).update(same_as=None)
    if released:
        record(upload_id, "replanned", detail=f"{format_people(released)} whose answers in other lists did not arrive")
    return released


def record_reused(upload_id: int, count: int, detail: str) -> None:
    if count:
        Upload.objects.filter(pk=upload_id).update(reused_count=F("reused_count") + count)
        record(upload_id, "reused", detail=f"{count} {detail}")
