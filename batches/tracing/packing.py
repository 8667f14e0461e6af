"""Put items into batches and take them out: plan an upload, dissolve a batch, split a refused batch.

Items are moved only by conditional UPDATEs; docs/locking.md lists them all.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby, islice
from math import ceil
from operator import itemgetter

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Max, Q

from batches.models import Batch, Event, Item, ItemQuerySet, Upload, make_token
from batches.statuses import BatchKind, BatchStatus, Outcome, UploadStatus
from batches.tracing import item_keys
from batches.tracing.batch_plan import PlannedBatch, SizedItem, plan_batches
from batches.tracing.counts import format_people
from batches.tracing.lifecycle import record, transition_batch
from batches.vendor import protocol

SAMPLE_ITEMS = 5_000
"""How many items of a long list are planned to estimate its number of batches."""
CHUNK_SIZE = 1_000
"""Number of items read in one statement."""
MAX_FRUITLESS_REFUSALS = 7
"""The number of refusals if a batch, its halves and its quarters are refused. Then no single item is at fault."""


def answer_url(token: str) -> str:
    """Return the callback address for answers of the batch with this token."""
    return f"{settings.PUBLIC_URL}/webhooks/item/{token}/"


def completion_url(token: str) -> str:
    """Return the callback address for the completion call of the batch with this token."""
    return f"{settings.PUBLIC_URL}/webhooks/complete/{token}/"


# Planning


def plan_upload(upload_id: int, on_first: Callable[[], object] | None = None) -> int:
    """Put the unplanned items of a started upload into batches. Return the number of batches created.

    Call `on_first` once the first batch may be sent: planning a long list takes minutes.

    Two of these calls may run at once: items are claimed by a conditional UPDATE, and a batch that does not get all of
    its items is rolled back.
    """
    upload = Upload.objects.get(pk=upload_id)
    if not upload.is_started:
        return 0
    created = 0
    may_hold_resent = upload.batches.filter(moved__gt=0).exists()
    for planned in plan_items(size_items(upload)):
        if not make_batch(upload, planned, may_hold_resent):
            break
        created += 1
        if created == 1 and on_first:
            on_first()
    return created


def plan_items(items: Iterable[SizedItem]) -> Iterator[PlannedBatch]:
    """Plan batches for items. The size of a request without items is the same for any token."""
    envelope = protocol.measure_envelope(completion_url(make_token()))
    for _, run in groupby(item_keys.number_runs(items), key=itemgetter(0)):
        yield from plan_batches((item for _, item in run), envelope)


def estimate_batches(upload: Upload) -> int:
    """Return how many batches the upload's unplanned items need. For a long list, extrapolate from the first items."""
    sample = list(islice(size_items(upload), SAMPLE_ITEMS))
    sample_batches = sum(1 for _ in plan_items(sample))
    if len(sample) < SAMPLE_ITEMS:
        return sample_batches
    return ceil(sample_batches * upload.items.unplanned().count() / SAMPLE_ITEMS)


def size_items(upload: Upload) -> Iterator[SizedItem]:
    """Find the upload's unplanned items, with their encoded sizes, which are the same for any token.

    The vendor's keys of the items may be smaller than their ids, which are used here, but not greater.

    Leave out people with an unmatched delivery, unless they are re-run.
    """
    url = answer_url(make_token())
    # Not through upload.items, which would fetch each item's upload_id again.
    unplanned = Item.objects.filter(upload=upload.pk).unplanned()
    unfiled = set(unplanned.filter(reruns=0).with_unmatched_delivery().values_list("pk", flat=True))
    items = unplanned.only(*protocol.PERSON_FIELDS).order_by("pk")
    last_id = 0
    # In chunks instead of with a cursor, because SQLite refuses writes while a cursor reads an older snapshot.
    while chunk := list(items.filter(pk__gt=last_id)[:CHUNK_SIZE]):
        last_id = chunk[-1].pk
        for item in chunk:
            if item.pk not in unfiled:
                encoded = protocol.encode_item(item.pk, vars(item), url, upload.match_requirements)
                yield SizedItem(item.pk, len(encoded))


def make_batch(upload: Upload, planned: PlannedBatch, may_hold_resent: bool) -> bool:
    """Create a planned batch and put its items into it.

    Return False if the upload is no longer started, or if another process has planned some of the items.
    """
    with transaction.atomic():
        if not lock_if_started(upload.pk):
            return False
        batch = create_batch(upload.pk, planned.ids, is_single=planned.is_single, may_hold_resent=may_hold_resent)
        claimed = upload.items.unplanned().filter(pk__in=planned.ids).update(batch=batch)
        if claimed != len(planned.ids):
            transaction.set_rollback(True)
            return False
        record(upload.pk, "planned", batch_id=batch.pk, detail=format_people(claimed))
    return True


def lock_if_started(upload_id: int) -> bool:
    """Lock an upload's row, so that batch numbers are unique. Return whether batches may be created for the upload."""
    return Upload.objects.select_for_update(no_key=True).get(pk=upload_id).is_started


def create_batch(
    upload_id: int,
    ids: Sequence[int],
    *,
    may_hold_resent: bool,
    is_single: bool = False,
    split_from_id: int | None = None,
) -> Batch:
    """Create a batch for the items with these ids, which are put into it afterwards."""
    return Batch.objects.create(
        upload_id=upload_id,
        number=Batch.objects.filter(upload=upload_id).count() + 1,
        size=len(ids),
        key_base=item_keys.choose_base(ids),
        may_hold_resent=may_hold_resent,
        kind=BatchKind.SINGLE if is_single else BatchKind.BULK,
        split_from_id=split_from_id,
    )


def list_unplanned_uploads(statuses: Iterable[UploadStatus] = (UploadStatus.RUNNING,)) -> list[int]:
    """Return the ids of uploads in these statuses that have unplanned items."""
    uploads = Upload.objects.filter(status__in=statuses)
    return [upload.pk for upload in uploads if upload.items.unplanned().exists()]


# Releasing and splitting


def release_items(batch: Batch, items: ItemQuerySet) -> int:
    """Take those of the items that are pending out of their batch, so that they are replanned. Return how many."""
    moved = items.filter(batch=batch, outcome=Outcome.PENDING).update(batch=None)
    if moved:
        Batch.objects.filter(pk=batch.pk).update(moved=F("moved") + moved)
    return moved


def dissolve(batch: Batch, problem: str = "Too few people left.") -> int | None:
    """Dissolve a claimed batch that cannot be sent. Return the id of its upload, or None if the batch has changed."""
    with transaction.atomic():
        same_attempt = {"status": BatchStatus.SUBMITTING, "attempts": batch.attempts}
        if not transition_batch(batch.pk, BatchStatus.DISSOLVED, only_if=same_attempt, problem=problem):
            return None
        moved = release_items(batch, batch.items.all())
        record(batch.upload_id, "dissolved", batch_id=batch.pk, detail=f"{format_people(moved)} to be replanned")
    return batch.upload_id


def bisect(batch: Batch) -> bool:
    """Halve a batch that the vendor refuses without a usable reason. Return False if a user has to decide.

    The half without the bad item is accepted, and the other one is split again. Twelve more calls narrow the search for
    one bad item among 1,000 down to a batch of about 15, whose halves would be smaller than the vendor accepts.
    """
    items = list(batch.items.filter(outcome=Outcome.PENDING).order_by("pk").values_list("pk", flat=True))
    if len(items) < 2 * protocol.MIN_BATCH_SIZE or is_fruitless(batch):
        return False
    middle = len(items) // 2
    return split_batch(batch, [items[:middle], items[middle:]])


def is_fruitless(batch: Batch) -> bool:
    """Return whether splitting is pointless: the first batch and its pieces were often refused, and never accepted.

    Only refusals since any of these batches was last resent count, because resending is a decision to go on.
    """
    first_id = first_batch_id(batch)
    relatives = Batch.objects.filter(Q(pk=first_id) | Q(split_from=first_id))
    events = Event.objects.filter(batch__in=relatives)
    last_resend = events.filter(what=Event.RESEND_REQUESTED).aggregate(last=Max("pk"))["last"] or 0
    refusals = events.filter(what=Event.REFUSED, pk__gt=last_resend).count()
    return refusals >= MAX_FRUITLESS_REFUSALS and not relatives.filter(acknowledged_at__isnull=False).exists()


def first_batch_id(batch: Batch) -> int:
    """Return the id of the batch from which this one was split, at the first split, or its own id."""
    return batch.split_from_id or batch.pk


def split_batch(batch: Batch, groups: Sequence[Sequence[int]], user: User | None = None) -> bool:
    """Replace a refused batch with one new batch for each group of item ids.

    The decision applies to the attempt that `batch` was loaded with. Return False if the batch has changed since.
    """
    with transaction.atomic():
        same_attempt = {"status": BatchStatus.REFUSED, "attempts": batch.attempts}
        if not lock_if_started(batch.upload_id) or not transition_batch(
            batch.pk, BatchStatus.DISSOLVED, only_if=same_attempt
        ):
            return False
        moved = sum(make_piece(batch, ids) for ids in groups)
        Batch.objects.filter(pk=batch.pk).update(moved=F("moved") + moved)
        record(batch.upload_id, "split", batch_id=batch.pk, user=user, detail=f"into {len(groups)} batches")
    return True


def make_piece(batch: Batch, ids: Sequence[int]) -> int:
    """Move the pending items among `ids` from a refused batch into a new one. Return how many."""
    piece = create_batch(
        batch.upload_id,
        ids,
        is_single=len(ids) == 1,
        split_from_id=first_batch_id(batch),
        may_hold_resent=True,
    )
    moved = Item.objects.filter(pk__in=ids, batch=batch, outcome=Outcome.PENDING).update(batch=piece)
    Batch.objects.filter(pk=piece.pk).update(size=moved)
    record(batch.upload_id, "planned", batch_id=piece.pk, detail=f"{format_people(moved)} from batch {batch}")
    return moved
