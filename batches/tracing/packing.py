"""Which items are in which batch: plan an upload's batches, take one apart, split one that is refused.

An item goes into a batch, and out of it, by a conditional UPDATE; docs/locking.md names them all.
"""

from itertools import islice
from math import ceil

from django.conf import settings
from django.db import transaction
from django.db.models import F, Max, Q

from batches.models import Batch, Event, Item, Upload, make_token
from batches.statuses import BatchKind, BatchStatus, Outcome, UploadStatus
from batches.tracing.batch_plan import SizedItem, plan
from batches.tracing.lifecycle import move_batch, record
from batches.vendor import protocol

LOOK_AT = 5_000
"""Items that decide how many batches a list takes."""
FRUITLESS_REFUSALS = 7
"""A batch, its halves and its quarters: where all of these are refused, it is no single item's fault."""


def callback_urls(token):
    """Where the vendor calls back for a batch: for each item, and once at its end."""
    return tuple(f"{settings.PUBLIC_URL}/webhooks/{receiver}/{token}/" for receiver in ("item", "complete"))


# From items to batches


def plan_upload(upload_id):
    """Put every unplanned item of a started upload into a batch. Return how many batches were made.

    May run twice at once: an item is taken by a conditional UPDATE, and a batch that did not get all of its
    items is rolled back.
    """
    upload = Upload.objects.get(pk=upload_id)
    if not upload.is_started:
        return 0
    made, again = 0, upload.batches.filter(moved__gt=0).exists()
    for group in plan_items(upload):
        if not make_batch(upload, group, again):
            break
        made += 1
    return made


def plan_items(upload):
    """Return the batches that the upload's unplanned items would make."""
    return plan(size_items(upload), envelope=protocol.envelope_size(callback_urls(make_token())[1]))


def count_batches(upload):
    """How many batches the upload's unplanned items would make; of a long list as its first items say."""
    first = list(islice(size_items(upload), LOOK_AT))
    planned = sum(1 for _ in plan(first, envelope=protocol.envelope_size(callback_urls(make_token())[1])))
    return planned if len(first) < LOOK_AT else ceil(planned * upload.items.unplanned().count() / LOOK_AT)


def size_items(upload):
    """Yield the upload's unplanned items with their encoded sizes; every token is as long as any other."""
    url = callback_urls(make_token())[0]
    # Not by way of upload.items, which would fetch each item's upload_id once more.
    items = Item.objects.filter(upload=upload.pk).unplanned().only(*protocol.FIELDS).order_by("pk")
    last = 0
    # In slices, not by a cursor: SQLite lets nobody write who still reads from an older state.
    while part := list(items.filter(pk__gt=last)[:1000]):
        last = part[-1].pk
        for item in part:
            yield SizedItem(item.pk, len(protocol.encode_item(item.pk, vars(item), url, upload.match)))


def make_batch(upload, group, again):
    """Put a planned group into a batch. False if the upload is not to be planned any more, or another was faster."""
    with transaction.atomic():
        if not is_started(upload.pk):
            return False
        batch = create_batch(upload.pk, len(group.ids), is_single=group.is_single, again=again)
        taken = upload.items.unplanned().filter(pk__in=group.ids).update(batch=batch)
        if taken != len(group.ids):
            transaction.set_rollback(True)
            return False
        record(upload.pk, "planned", batch_id=batch.pk, detail=f"{taken} items")
    return True


def is_started(upload_id):
    """Whether batches may be made of an upload. Locks its row, so that each of them gets a number of its own."""
    return Upload.objects.select_for_update(no_key=True).get(pk=upload_id).is_started


def create_batch(upload_id, size, *, again, is_single=False, split_from_id=None):
    return Batch.objects.create(
        upload_id=upload_id,
        number=Batch.objects.filter(upload=upload_id).count() + 1,
        size=size,
        again=again,
        kind=BatchKind.SINGLE if is_single else BatchKind.BULK,
        split_from_id=split_from_id,
    )


def list_unplanned():
    """Ids of the running uploads with items that no batch has."""
    running = Upload.objects.filter(status=UploadStatus.RUNNING)
    return [upload.pk for upload in running if upload.items.unplanned().exists()]


# And out of them


def release_items(batch, items):
    """Take unanswered items out of their batch, to be planned again. Return how many."""
    moved = items.filter(batch=batch, outcome=Outcome.PENDING).update(batch=None)
    Batch.objects.filter(pk=batch.pk).update(moved=F("moved") + moved)
    return moved


def dissolve(batch):
    """Take apart a batch that has become too small to be lawful. Return the id of its upload if there is more to do."""
    with transaction.atomic():
        same_try = {"status": BatchStatus.SUBMITTING, "attempts": batch.attempts}
        if not move_batch(batch.pk, BatchStatus.DISSOLVED, only_if=same_try, problem="Too few items left."):
            return None
        moved = release_items(batch, batch.items)
        record(batch.upload_id, "dissolved", batch_id=batch.pk, detail=f"{moved} items planned again")
    return batch.upload_id


def bisect(batch):
    """Split a batch that the vendor refuses without saying why into halves. False where a person has to decide.

    Of the halves, the one without the bad item is taken, and the other one is split again: twelve calls more find
    one item among 1,000, as far as a lawful batch of ten can be told apart.
    """
    items = list(batch.items.filter(outcome=Outcome.PENDING).order_by("pk").values_list("pk", flat=True))
    if len(items) < 2 * protocol.BATCH_MIN or is_fruitless(batch):
        return False
    middle = len(items) // 2
    return split(batch, [items[:middle], items[middle:]])


def is_fruitless(batch):
    """Whether the batch that this one is a part of has been refused often enough, and no part of it was ever taken.

    Since a person last had a part of it sent again: that says to go on.
    """
    family = Batch.objects.filter(Q(pk=head_id(batch)) | Q(split_from=head_id(batch)))
    events = Event.objects.filter(batch__in=family)
    since = events.filter(what=Event.SENT_AGAIN).aggregate(last=Max("pk"))["last"] or 0
    refusals = events.filter(what=Event.REFUSED, pk__gt=since).count()
    return refusals >= FRUITLESS_REFUSALS and not family.filter(acknowledged_at__isnull=False).exists()


def head_id(batch):
    return batch.split_from_id or batch.pk


def split(batch, groups, user=None):
    """Put a refused batch's items into a batch for each group of ids.

    Decided is about the try that `batch` was read with. False if the batch has gone on since.
    """
    with transaction.atomic():
        same_try = {"status": BatchStatus.REFUSED, "attempts": batch.attempts}
        if not is_started(batch.upload_id) or not move_batch(batch.pk, BatchStatus.DISSOLVED, only_if=same_try):
            return False
        moved = sum(make_piece(batch, ids) for ids in groups)
        Batch.objects.filter(pk=batch.pk).update(moved=F("moved") + moved)
        record(batch.upload_id, "split up", batch_id=batch.pk, user=user, detail=f"into {len(groups)} batches")
    return True


def make_piece(batch, ids):
    """Return how many items came into the new batch: those without an answer."""
    kind = {"is_single": len(ids) == 1, "split_from_id": head_id(batch), "again": True}
    piece = create_batch(batch.upload_id, len(ids), **kind)
    taken = Item.objects.filter(pk__in=ids, batch=batch, outcome=Outcome.PENDING).update(batch=piece)
    Batch.objects.filter(pk=piece.pk).update(size=taken)
    record(batch.upload_id, "planned", batch_id=piece.pk, detail=f"{taken} items of batch {batch}")
    return taken
