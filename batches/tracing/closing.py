"""From the first answer to the end of an upload: adopt a batch, close it, complete its upload, forget what is too old.

The lock of each step is named in docs/locking.md.
"""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, Max, Min, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from batches.models import UNDIGESTED, Batch, EarlierAnswer, Item, Upload
from batches.statuses import NEEDING_A_PERSON, OPEN, BatchStatus, Outcome, UploadStatus
from batches.tracing.counts import freeze
from batches.tracing.lifecycle import move_batch, move_upload, record
from batches.vendor import protocol


def adopt_answered(now):
    """Take up batches that we thought lost, because an answer or a completion came for them."""
    lost = Q(status=BatchStatus.UNCONFIRMED) | Q(status=BatchStatus.PLANNED, attempts__gt=0)
    for batch in Batch.objects.filter(lost):
        adopt(batch)


@transaction.atomic
def adopt(batch):
    """Take a batch for acknowledged if something came to its address, or nobody is waited for. True if it was."""
    is_complete = Batch.objects.filter(pk=batch.pk, completed_at__isnull=False).exists()
    answered, pending = batch.items.filter(answered_via=batch), batch.items.filter(outcome=Outcome.PENDING)
    is_over = batch.status == BatchStatus.UNCONFIRMED and not pending.exists()
    if not (is_complete or answered.exists() or is_over):
        return False
    vendor_id = find_vendor_id(batch, answered)
    taken = {"vendor_id": vendor_id, "acknowledged_at": timezone.now(), "problem": "", "next_try_at": None}
    same_try = {"attempts": batch.attempts}
    if not move_batch(batch.pk, BatchStatus.ACKNOWLEDGED, only_if=same_try, **taken):
        return False
    detail = f"vendor's batch {vendor_id}" if vendor_id else ""
    record(batch.upload_id, "adopted", batch_id=batch.pk, detail=detail)
    return True


def find_vendor_id(batch, answered):
    """Find the vendor's number for a batch in what came to its address; empty if it is not there."""
    bodies = answered.exclude(answer="").values_list("answer", flat=True)[:1]
    return next((protocol.decode_answer(body).batch_id for body in [*bodies, batch.completion] if body), "")


def note_first_results(now):
    """Write down when the first result of each batch at the vendor came."""
    silent = Batch.objects.at_vendor().filter(first_result_at=None)
    for batch in silent.annotate(first=Min("items__answered_at")).filter(first__isnull=False):
        note_first_result(batch, batch.first)


def note_first_result(batch, at):
    if Batch.objects.filter(pk=batch.pk, first_result_at=None).update(first_result_at=at):
        record(batch.upload_id, "first result", batch_id=batch.pk, at=at)


def list_closable(now):
    """Ids of the batches whose waiting is over: all answered, or the grace time or the silence has passed."""
    items = Item.objects.filter(batch=OuterRef("pk")).order_by()
    last_answer = items.values("batch").annotate(last=Max("answered_at")).values("last")
    heard = Batch.objects.filter(status=BatchStatus.ACKNOWLEDGED).annotate(
        last_heard=Coalesce(Subquery(last_answer), "acknowledged_at")
    )
    grace = now - timedelta(seconds=settings.COMPLETION_GRACE)
    silence = now - timedelta(seconds=settings.SILENCE_LIMIT)
    is_over = Q(completed_at__lte=grace) | Q(last_heard__lte=silence, acknowledged_at__lte=silence)
    return list(heard.filter(~Exists(items.filter(outcome=Outcome.PENDING)) | is_over).values_list("pk", flat=True))


@transaction.atomic
def close_batch(batch_id):
    """Close a batch: unanswered items go back to be planned, at most MISSING_RETRIES times, then they are missing.

    Return the id of the upload if items of it are to be planned again, else None.
    """
    batch = lock_batch(batch_id)
    with_vendor = {"status": BatchStatus.ACKNOWLEDGED}
    if not move_batch(batch_id, BatchStatus.CLOSED, only_if=with_vendor, closed_at=timezone.now()):
        return None
    moved = 0
    if batch.upload.status != UploadStatus.CANCELLED:
        again = batch.items.filter(outcome=Outcome.PENDING, retries__lt=settings.MISSING_RETRIES)
        moved = again.update(batch=None, retries=F("retries") + 1)
    end_batch(batch, moved)
    return batch.upload_id if moved else None


@transaction.atomic
def give_up(batch, user):
    """Close an unconfirmed or refused batch because a person says so: whoever has no answer is missing.

    Decided is about the try that `batch` was read with. False if the batch has gone on since, or was adopted.
    """
    same_try = {"status__in": NEEDING_A_PERSON, "attempts": batch.attempts}
    batch = lock_batch(batch.pk)
    if not move_batch(batch.pk, BatchStatus.CLOSED, only_if=same_try, closed_at=timezone.now()):
        return False
    end_batch(batch, moved=0, user=user)
    return True


def lock_batch(batch_id):
    return Batch.objects.select_for_update(of=["self"], no_key=True).select_related("upload").get(pk=batch_id)


def end_batch(batch, moved, user=None):
    """Make what is pending missing and freeze the counts, in the transaction that closes the batch.

    So an answer is either counted here, or finds its item changed and takes the late way.
    """
    missing = batch.items.filter(outcome=Outcome.PENDING).update(outcome=Outcome.MISSING)
    Batch.objects.filter(pk=batch.pk).update(moved=F("moved") + moved)
    freeze(batch.pk)
    record_end(batch, missing, moved, user)


def record_end(batch, missing, moved, user):
    """Write the last lines of a batch's history."""
    came = batch.items.aggregate(first=Min("answered_at"), last=Max("answered_at"))
    if came["last"]:
        note_first_result(batch, came["first"])
        record(batch.upload_id, "last result", batch_id=batch.pk, at=came["last"])
    detail = f"{missing} missing" if missing else "every item answered"
    record(batch.upload_id, "given up" if user else "closed", batch_id=batch.pk, user=user, detail=detail)
    if moved:
        record(batch.upload_id, "planned again", batch_id=batch.pk, detail=f"{moved} items without an answer")


def complete_uploads(now):
    """Complete the running uploads that wait for nothing any more."""
    for upload_id in list(waiting_for_nothing().values_list("pk", flat=True)):
        complete_upload(upload_id, now)


def waiting_for_nothing():
    pending = Item.objects.filter(upload=OuterRef("pk"), outcome=Outcome.PENDING)
    open_batches = Batch.objects.filter(upload=OuterRef("pk"), status__in=OPEN)
    return Upload.objects.filter(~Exists(pending), ~Exists(open_batches), status=UploadStatus.RUNNING)


@transaction.atomic
def complete_upload(upload_id, now):
    """Complete an upload if it still waits for nothing once its row is locked: a re-run locks it as well."""
    Upload.objects.select_for_update(no_key=True).filter(pk=upload_id).first()
    if waiting_for_nothing().filter(pk=upload_id).exists() and move_upload(
        upload_id, UploadStatus.COMPLETE, completed_at=now, **UNDIGESTED
    ):
        record(upload_id, "complete")


def purge_expired(now):
    """Forget contact details older than RESULT_RETENTION_DAYS; outcomes and counts stay. Return how many."""
    if not settings.RESULT_RETENTION_DAYS:
        return 0
    expired = now - timedelta(days=settings.RESULT_RETENTION_DAYS)
    answers = [model.objects.filter(answered_at__lt=expired).exclude(answer="") for model in (Item, EarlierAnswer)]
    return sum(expiring.update(answer="") for expiring in answers)
