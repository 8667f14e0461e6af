"""What comes back: file one item's answer, note a completion, close a batch.

The lock of each step is the one conditional statement in it; docs/architecture.md names them all.
"""

from datetime import timedelta
from enum import Enum

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, Max, Min, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from batches.counts import freeze
from batches.lifecycle import move_batch, move_upload, record
from batches.models import (
    ANSWERED,
    NEEDING_A_PERSON,
    OPEN,
    RERUNNABLE,
    Batch,
    BatchStatus,
    EarlierAnswer,
    Item,
    Outcome,
    Upload,
    UploadStatus,
)
from batches.vendor import protocol


class Filing(Enum):
    """What became of a delivery. Everything but the first two is a stray."""

    FILED = "Filed."
    DUPLICATE = "The same answer was there already."
    NO_KEY = "The answer does not say which item it is for."
    UNKNOWN_BATCH = "No batch has this address."
    UNKNOWN_ITEM = "The batch's upload has no such item."
    ONE_TOO_MANY = "The item has another answer already."
    NOT_SENT = "The item was never sent."


# An item's answer


def file_answer(token, answer, text):
    """File one item's answer under the batch whose callback address it came to. Gives a Filing.

    The UPDATE is the lock and the dedupe: only the first answer finds the item pending. The item may have been
    planned again into another batch of the same upload since; its answer was paid for and counts.
    """
    if answer.key is None:
        return Filing.NO_KEY
    if file_pending(token, answer, text):
        return Filing.FILED
    return file_unexpected(token, answer, text)


def file_pending(token, answer, text):
    batch = Batch.objects.filter(token=token)
    in_upload = {"upload_id": Subquery(batch.values("upload_id"))}
    pending = Item.objects.filter(pk=answer.key, outcome=Outcome.PENDING, **in_upload)
    if answer.outcome == Outcome.ERROR:
        # An error that a person had asked for once more does not come back as the answer to that.
        put_aside = EarlierAnswer.objects.filter(same_answer(answer, text), item=OuterRef("pk"))
        pending = pending.filter(~Exists(put_aside))
    return pending.update(answered_via_id=Subquery(batch.values("pk")), **as_columns(answer, text)) == 1


def same_answer(answer, text):
    """Which answers are this one, delivered before: word for word, or of the same request and outcome."""
    same = Q(answer=text)
    return same | Q(request_id=answer.request_id, outcome=answer.outcome) if answer.request_id else same


def as_columns(answer, text):
    return {
        "outcome": answer.outcome,
        "message": answer.message,
        "request_id": answer.request_id,
        "credits": answer.credits,
        "answer": text,
        "answered_at": timezone.now(),
    }


def file_unexpected(token, answer, text):
    """The way of an answer that found no pending item: late, once more, or a stray."""
    batch = Batch.objects.filter(token=token).only("upload_id").first()
    if batch is None:
        return Filing.UNKNOWN_BATCH
    item = Item.objects.filter(pk=answer.key, upload=batch.upload_id).defer("cells").first()
    if item is None:
        return Filing.UNKNOWN_ITEM
    if item.outcome == Outcome.MISSING and file_over(item, answer, text, "late answer"):
        return Filing.FILED
    if is_known(item, answer, text):
        Batch.objects.filter(pk=batch.pk).update(duplicates=F("duplicates") + 1)
        return Filing.DUPLICATE
    # A re-run that was under way may have made the item pending since.
    if file_pending(token, answer, text):
        return Filing.FILED
    return Filing.ONE_TOO_MANY if item.outcome in ANSWERED else Filing.NOT_SENT


def is_known(item, answer, text):
    """Whether an answer is one that the item has, or had before."""
    same = same_answer(answer, text)
    return Item.objects.filter(same, pk=item.pk).exists() or item.earlier_answers.filter(same).exists()


def file_reply(batch, item, answer, text):
    """File the single endpoint's reply, which is given only once: where its item has an answer by now, beside that."""
    pending = Item.objects.filter(pk=item.pk, outcome=Outcome.PENDING)
    if pending.update(answered_via=batch, **as_columns(answer, text)):
        return
    item = Item.objects.defer("cells").get(pk=item.pk)
    if item.outcome == Outcome.MISSING and file_over(item, answer, text, "late answer"):
        return
    if not is_known(item, answer, text):
        keep_beside(item, batch.pk, **as_columns(answer, text))


def file_by_hand(token, answer, text, user):
    """File a stray because a person says so: also over an error, which is put aside. Gives a Filing."""
    filing = file_answer(token, answer, text)
    if filing is not Filing.ONE_TOO_MANY or answer.outcome == Outcome.ERROR:
        return filing
    error = Item.objects.filter(pk=answer.key, outcome=Outcome.ERROR, upload__batches__token=token)
    item = error.defer("cells").first()
    is_filed = item and file_over(item, answer, text, "stray filed over an error", user)
    return Filing.FILED if is_filed else filing


def file_over(item, answer, text, what, user=None):
    """File an answer over one that is missing or an error, and count its closed batch anew. False if it is neither."""
    with transaction.atomic():
        if item.outcome == Outcome.ERROR:
            # As a re-run does: the upload's row before the batch's.
            Upload.objects.select_for_update(no_key=True).get(pk=item.upload_id)
        batch = Batch.objects.select_for_update(no_key=True).filter(pk=item.batch_id).first()
        as_read = {"outcome": item.outcome, "request_id": item.request_id, "batch": item.batch_id}
        poorer = Item.objects.filter(pk=item.pk, **as_read)
        if item.outcome not in RERUNNABLE or not poorer.update(**as_columns(answer, text)):
            return False
        if item.outcome == Outcome.ERROR:
            keep_answer(item)
        if batch and batch.status == BatchStatus.CLOSED:
            freeze(item.batch_id)
        record(item.upload_id, what, batch_id=item.batch_id, user=user)
    return True


def keep_answer(item):
    """Put an item's answer aside that is about to be replaced."""
    kept = ["outcome", "message", "request_id", "credits", "answer", "answered_at"]
    keep_beside(item, item.batch_id, **{name: getattr(item, name) for name in kept})


def keep_beside(item, batch_id, credits, **answer):
    """Keep an answer beside the one that counts: it may have been paid for, and what it cost stays counted."""
    EarlierAnswer.objects.create(item=item, batch_id=batch_id, credits=credits, **answer)
    for spender in (Upload.objects.filter(pk=item.upload_id), Batch.objects.filter(pk=batch_id)):
        spender.update(earlier_credits=F("earlier_credits") + (credits or 0))


# The completion call


@transaction.atomic
def note_completion(token, completion, text):
    """Keep the vendor's totals for a batch. Gives a Filing. Closes nothing: items may still be on their way."""
    batch = Batch.objects.filter(token=token)
    totals = {
        "vendor_processed": completion.processed,
        "vendor_matched": completion.matched,
        "vendor_errors": completion.errors,
    }
    first = batch.filter(completed_at=None)
    if first.update(completed_at=timezone.now(), completion=text, **totals):
        done = batch.get()
        missing = [] if any(total is not None for total in totals.values()) else ["without totals"]
        record(done.upload_id, "completed by the vendor", batch_id=done.pk, detail=", ".join(missing))
        return Filing.FILED
    if batch.update(duplicates=F("duplicates") + 1):
        return Filing.DUPLICATE
    return Filing.UNKNOWN_BATCH


# From the last answer to the end of the upload


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
    """The vendor's number for a batch, from what came to its address; empty where that does not say it."""
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

    Gives the id of the upload if items of it are to be planned again, else None.
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
    """The last lines of a batch's history."""
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
        upload_id, UploadStatus.COMPLETE, completed_at=now
    ):
        record(upload_id, "complete")


def purge_expired(now):
    """Forget contact details older than RESULT_RETENTION_DAYS; outcomes and counts stay. Gives how many."""
    if not settings.RESULT_RETENTION_DAYS:
        return 0
    expired = now - timedelta(days=settings.RESULT_RETENTION_DAYS)
    answers = [model.objects.filter(answered_at__lt=expired).exclude(answer="") for model in (Item, EarlierAnswer)]
    return sum(expiring.update(answer="") for expiring in answers)
