"""What comes back: file one item's answer, note a completion.

The lock of each step is the one conditional statement in it; docs/locking.md names them all.
"""

from enum import Enum

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from batches.database import write_each
from batches.models import Batch, EarlierAnswer, Item, Upload
from batches.statuses import ANSWERED, RERUNNABLE, BatchStatus, Outcome
from batches.tracing.counts import freeze
from batches.tracing.lifecycle import record


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


FILE = """
UPDATE batches_item AS item
SET outcome = %(outcome)s, message = %(message)s, request_id = %(request_id)s, credits = %(credits)s,
    answer = %(answer)s, answered_at = %(answered_at)s, answered_via_id = batch.id
FROM batches_batch AS batch
WHERE batch.token = %(token)s AND item.id = %(key)s AND item.upload_id = batch.upload_id AND item.outcome = 'pending'
"""
"""The lock and the dedupe: only the first answer finds the item pending. The item may have been planned again into
another batch of the same upload since; its answer was paid for and counts.

In SQL because it runs a thousand times a second: Django needs seven times as long to compile it as to run it.
"""
FILE_ERROR = f"""{FILE}
    AND NOT EXISTS (
        SELECT 1 FROM batches_earlieranswer AS earlier WHERE earlier.item_id = item.id AND (
            earlier.answer = %(answer)s OR %(request_id)s <> ''
            AND earlier.request_id = %(request_id)s AND earlier.outcome = %(outcome)s))
"""  # noqa: S608 - put together from what is written here
"""An error that a person had asked for once more does not come back as the answer to that.

A statement of its own, as the condition makes PostgreSQL plan the statement anew for each answer, in twice the time
that it needs to carry it out.
"""


def file_answer(token, answer, text):
    """File one item's answer under the batch whose callback address it came to. Return a Filing."""
    if answer.key is None:
        return Filing.NO_KEY
    if file_one(token, answer, text):
        return Filing.FILED
    return file_unexpected(token, answer, text)


def file_one(*answer):
    [is_filed] = file_pending([answer])
    return is_filed


def file_pending(answers):
    """File (token, answer, text) each if an item awaits it, in one transaction. Return for each whether it is filed.

    Each answer has a key.
    """
    writes = [
        (
            FILE_ERROR if answer.outcome == Outcome.ERROR else FILE,
            as_columns(answer, text) | {"token": token, "key": answer.key},
        )
        for token, answer, text in answers
    ]
    # Always in the same order: two transactions that wait for one another's rows would both be in vain.
    order = sorted(range(len(writes)), key=lambda position: answers[position][1].key)
    changed = dict(zip(order, write_each([writes[position] for position in order]), strict=True))
    return [changed[position] == 1 for position in range(len(writes))]


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
    """File an answer that found no pending item: it is late, a duplicate, or a stray."""
    batch = Batch.objects.filter(token=token).only("upload_id").first()
    if batch is None:
        return Filing.UNKNOWN_BATCH
    item = Item.objects.filter(pk=answer.key, upload=batch.upload_id).defer("cells").first()
    if item is None:
        return Filing.UNKNOWN_ITEM
    if is_known(item, answer, text):
        Batch.objects.filter(pk=batch.pk).update(duplicates=F("duplicates") + 1)
        return Filing.DUPLICATE
    if item.outcome == Outcome.MISSING and file_over(item, answer, text, "late answer"):
        return Filing.FILED
    # A re-run that was under way may have made the item pending since.
    if file_one(token, answer, text):
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
    """File a stray because a person says so: also over an error, which is put aside. Return a Filing."""
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
    """Keep the vendor's totals for a batch. Return a Filing. Closes nothing: items may still be on their way."""
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
