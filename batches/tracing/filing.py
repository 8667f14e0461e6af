"""File the vendor's answers and completion calls.

The lock of each step is its only conditional statement; docs/locking.md lists them all.
"""

from collections.abc import Sequence
from decimal import Decimal
from enum import Enum
from functools import cache
from operator import itemgetter
from typing import Any

from django.contrib.auth.models import User
from django.db import ProgrammingError, connection, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from accounts.rights import Right, require
from batches import partitions
from batches.database import write_each
from batches.models import Batch, EarlierAnswer, Event, Item, Upload
from batches.retention import Retained
from batches.statuses import OUTCOME_ANSWERED, OUTCOME_RERUNNABLE, BatchStatus, Emptied, Outcome
from batches.tracing.counts import freeze_counts
from batches.tracing.item_keys import find_bases, find_item_id, find_item_id_by_token
from batches.tracing.lifecycle import lock_batch, record
from batches.tracing.receipts import NEEDS_COUNT
from batches.vendor.protocol import Answer, Completion, decode_completion


class Filing(Enum):
    """The result of filing a delivery. With all but the first two, the delivery is unmatched. Users see the values."""

    FILED = "Filed."
    DUPLICATE = "This answer was saved before."
    NO_KEY = "The answer does not say which person it is for."
    UNKNOWN_BATCH = "No batch has this callback address."
    UNKNOWN_ITEM = "There is no such person in the batch's list."
    ONE_TOO_MANY = "This person already has another answer."
    NOT_SENT = "This person was never sent."


# Answers


FILE_SQL = """
UPDATE {table} AS item
SET outcome = %(outcome)s, message = %(message)s, request_id = %(request_id)s, credits = %(credits)s,
    answer = %(answer)s, answered_at = {now}, answered_via_id = batch.id
FROM batches_batch AS batch
WHERE batch.token = %(token)s AND item.id = %(item_id)s AND item.upload_id = batch.upload_id
    AND item.outcome = 'pending'
"""
"""The statement that files an answer.

It is both the lock and the deduplication: only the first answer finds the item pending. The answer counts even if the
item has been replanned into another batch of the same upload, because it was paid for.

It is written in SQL because it runs a thousand times per second, and Django takes seven times as long to compile it as
to run it. `{now}` is the database's clock, because a batch is closed a certain time after its last answer, whatever
the receivers' clocks say. `{table}` is the partition of the item, or the whole table.
"""
WITHOUT_REPLACED_ERROR = """
    AND NOT EXISTS (
        SELECT 1 FROM batches_earlieranswer AS earlier WHERE earlier.item_id = item.id AND (
            earlier.answer = %(answer)s OR %(request_id)s <> ''
            AND earlier.request_id = %(request_id)s AND earlier.outcome = %(outcome)s))
"""
FILE_ERROR_SQL = FILE_SQL + WITHOUT_REPLACED_ERROR
"""The statement that files an error, unless it is the one that a re-run has replaced.

It is separate from FILE_SQL because its condition makes PostgreSQL plan it again for each answer, which takes twice as
long as running it.
"""


def file_answer(token: str, answer: Answer, text: str) -> Filing:
    """File an answer that came to the callback address of the batch with this token."""
    if answer.key is None:
        return Filing.NO_KEY
    if file_if_pending(token, answer, text):
        return Filing.FILED
    return file_unexpected(token, answer.key, answer, text)


def file_if_pending(token: str, answer: Answer, text: str) -> bool:
    [is_filed] = file_pending([(token, answer, text)])
    return is_filed


def file_pending(answers: Sequence[tuple[str, Answer, str]]) -> list[bool]:
    """File each (token, answer, text) whose item is pending, in one transaction. Return for each whether it was filed.

    Every answer must have a key.
    """
    now = timezone.now()
    bases = find_bases(token for token, _, _ in answers)
    writes: list[tuple[int, int, tuple[str, dict[str, Any]]]] = []
    for position, (token, answer, text) in enumerate(answers):
        item_id = find_item_id(answer.key or 0, bases[token]) if token in bases else None
        if item_id is not None:
            values = answer_values(answer, text) | {"token": token, "item_id": item_id, "now": now}
            statement = file_statement(answer.outcome, partitions.find_partition(item_id))
            writes.append((item_id, position, (statement, values)))
    # All transactions lock the items in the order of their ids, so that two of them cannot deadlock.
    writes.sort(key=itemgetter(0, 1))
    try:
        row_counts = write_each([write for _, _, write in writes]) if writes else []
    except ProgrammingError:
        # Perhaps the tables are whole again.
        partitions.forget()
        raise
    is_filed = [False] * len(answers)
    for (_, position, _), row_count in zip(writes, row_counts, strict=True):
        is_filed[position] = row_count == 1
    return is_filed


@cache
def file_statement(outcome: Outcome, table: str) -> str:
    """Return the statement that files an answer with this outcome. On SQLite, the clock is this computer's."""
    statement = FILE_ERROR_SQL if outcome == Outcome.ERROR else FILE_SQL
    now = "statement_timestamp()" if connection.vendor == "postgresql" else "%(now)s"
    return statement.format(table=table, now=now)


def is_same_answer(answer: Answer, text: str) -> Q:
    """Return the condition for stored answers equal to this one: the same text, or the same request and outcome."""
    has_same_text = Q(answer=text)
    if not answer.request_id:
        return has_same_text
    return has_same_text | Q(request_id=answer.request_id, outcome=answer.outcome)


def answer_fields(answer: Answer, text: str) -> dict[str, Any]:
    """Return the values with which an answer is stored in an item or an earlier answer, by field."""
    return answer_values(answer, text) | {"answered_at": Now()}


def answer_values(answer: Answer, text: str) -> dict[str, Any]:
    """Return the values that come from the answer itself, by field."""
    return {
        "outcome": answer.outcome,
        "message": answer.message,
        "request_id": answer.request_id,
        "credits": answer.credits,
        "answer": text,
    }


def file_unexpected(token: str, key: int, answer: Answer, text: str) -> Filing:
    """File an answer whose item is not pending: it is late, a duplicate, or unmatched."""
    batch = Batch.objects.filter(token=token).only("upload_id", "key_base").first()
    if batch is None:
        return Filing.UNKNOWN_BATCH
    item_id = find_item_id(key, batch.key_base)
    item = Item.objects.filter(pk=item_id or 0, upload=batch.upload_id).defer("cells").first()
    if item is None:
        return Filing.UNKNOWN_ITEM
    if is_known(item, answer, text):
        Batch.objects.filter(pk=batch.pk).update(duplicates=F("duplicates") + 1)
        return Filing.DUPLICATE
    if item.outcome == Outcome.MISSING and replace_outcome(item, batch.pk, answer, text, "late answer"):
        return Filing.FILED
    if item.outcome == Outcome.REUSED:
        return store_late_answer(item, batch.pk, answer, text)
    # A re-run may have made the item pending since it was read.
    if file_if_pending(token, answer, text):
        return Filing.FILED
    return Filing.ONE_TOO_MANY if item.outcome in OUTCOME_ANSWERED else Filing.NOT_SENT


@transaction.atomic
def store_late_answer(item: Item, batch_id: int, answer: Answer, text: str) -> Filing:
    """Store the answer to a call that was thought lost, for an item that now reuses another list's answer."""
    Batch.objects.select_for_update(no_key=True).get(pk=batch_id)
    if is_known(item, answer, text):
        return Filing.DUPLICATE
    store_earlier_answer(item, batch_id, **answer_fields(answer, text))
    return Filing.FILED


def is_known(item: Item, answer: Answer, text: str) -> bool:
    """Return whether this answer is stored as the item's answer, or as an earlier answer."""
    same = is_same_answer(answer, text)
    return Item.objects.filter(same, pk=item.pk).exists() or item.earlier_answers.filter(same).exists()


def file_reply(batch: Batch, item: Item, answer: Answer, text: str) -> None:
    """File the single endpoint's reply, which comes only once. If the item has another answer already, keep both."""
    pending = Item.objects.filter(pk=item.pk, outcome=Outcome.PENDING)
    if pending.update(answered_via=batch, **answer_fields(answer, text)):
        return
    item = Item.objects.defer("cells").get(pk=item.pk)
    if item.outcome == Outcome.MISSING and replace_outcome(item, batch.pk, answer, text, "late answer"):
        return
    if not is_known(item, answer, text):
        store_earlier_answer(item, batch.pk, **answer_fields(answer, text))


def file_manually(token: str, answer: Answer, text: str, user: User) -> Filing:
    """File an unmatched delivery by a user's decision. Unlike `file_answer`, it may replace an error."""
    require(user, Right.DECIDE)
    filing = file_answer(token, answer, text)
    if filing is not Filing.ONE_TOO_MANY or answer.outcome == Outcome.ERROR or answer.key is None:
        return filing
    item_id = find_item_id_by_token(token, answer.key)
    error = Item.objects.filter(pk=item_id or 0, outcome=Outcome.ERROR, upload__batches__token=token)
    item = error.defer("cells").first()
    batch = Batch.objects.filter(token=token).only("pk").first()
    if item is None or batch is None:
        return filing
    is_filed = replace_outcome(item, batch.pk, answer, text, "error replaced by hand", user)
    return Filing.FILED if is_filed else filing


def replace_outcome(
    item: Item, via_batch_id: int, answer: Answer, text: str, what: str, user: User | None = None
) -> bool:
    """Replace the outcome of a missing person or an error with `answer`, and refresh the counts of its closed batch.

    `via_batch_id` is that of the batch whose callback address the answer came to; `what` names the event. Return False
    if the item is neither missing nor an error, or has changed since it was read.
    """
    with transaction.atomic():
        if item.outcome == Outcome.ERROR:
            # Lock the upload's row before the batch's, as a re-run does.
            Upload.objects.select_for_update(no_key=True).get(pk=item.upload_id)
        batch = lock_batch(item.batch_id)
        as_read = {"outcome": item.outcome, "request_id": item.request_id, "batch": item.batch_id}
        replaceable = Item.objects.filter(pk=item.pk, **as_read)
        if item.outcome not in OUTCOME_RERUNNABLE or not replaceable.update(
            answered_via=via_batch_id, **answer_fields(answer, text)
        ):
            return False
        if item.outcome == Outcome.ERROR:
            store_replaced_answer(item)
        if batch and batch.status == BatchStatus.CLOSED:
            freeze_counts(batch.pk)
        record(item.upload_id, what, batch_id=item.batch_id, user=user)
    return True


def store_replaced_answer(item: Item) -> None:
    """Store the answer that `item` was loaded with, which is replaced."""
    fields = ["outcome", "message", "request_id", "credits", "answer", "answered_at"]
    store_earlier_answer(item, item.batch_id, **{name: getattr(item, name) for name in fields})


def store_earlier_answer(item: Item, batch_id: int | None, credits: Decimal | None, **answer: Any) -> None:
    """Store an answer that is not the item's answer. It may have been paid for, so its cost is counted."""
    if item.emptied == Emptied.ERASED:
        answer |= {"answer": "", "message": ""}
    EarlierAnswer.objects.create(item=item, batch_id=batch_id, credits=credits, **answer)
    added_credits = {"earlier_credits": F("earlier_credits") + (credits or 0)}
    Upload.objects.filter(pk=item.upload_id).update(**added_credits)
    if batch_id:
        Batch.objects.filter(pk=batch_id).update(**added_credits, **NEEDS_COUNT)


# Completion calls


@transaction.atomic
def record_completion(token: str, completion: Completion, text: str) -> Filing:
    """Record the vendor's totals for a batch. The batch stays open, because answers may still be on their way."""
    batch = Batch.objects.filter(token=token)
    totals = {
        "vendor_processed": completion.processed,
        "vendor_matched": completion.matched,
        "vendor_errors": completion.errors,
    }
    given_totals = {name: total for name, total in totals.items() if total is not None}
    not_completed = batch.filter(completed_at=None)
    if not_completed.update(completed_at=Now(), completion=text, **totals, **NEEDS_COUNT):
        completed = batch.get()
        detail = "" if given_totals else "without totals"
        record(completed.upload_id, "completed by the vendor", batch_id=completed.pk, detail=detail)
        return Filing.FILED
    if not batch.update(duplicates=F("duplicates") + 1):
        return Filing.UNKNOWN_BATCH
    add_second_run(batch.get(), completion, given_totals)
    return Filing.DUPLICATE


def add_second_run(batch: Batch, completion: Completion, totals: dict[str, int]) -> None:
    """If the vendor has run a batch once more, add the totals of this run, because each run was charged.

    Call this in a transaction that has locked the batch's row.
    """
    # Without the body of the first completion call, the runs cannot be told apart.
    if not batch.completion:
        return
    first_run_id = decode_completion(batch.completion).batch_id
    if completion.batch_id in ("", first_run_id):
        return
    detail = f"another run, vendor's batch {completion.batch_id}"[:500]
    if Event.objects.filter(batch=batch, what="completed by the vendor", detail=detail).exists():
        return
    sums = {name: Coalesce(F(name), 0) + total for name, total in totals.items()}
    Batch.objects.filter(pk=batch.pk).update(**sums, **NEEDS_COUNT)
    record(batch.upload_id, "completed by the vendor", batch_id=batch.pk, detail=detail)


# Retention: answers are purged, but outcomes, costs and counts stay


def purge_answers(records: QuerySet[Any]) -> None:
    records.order_by().update(answer="")


def purge_completions(batches: QuerySet[Any]) -> None:
    batches.order_by().update(completion="")


RETAINED_ANSWERS = [
    Retained("Answers", Item.objects.exclude(answer=""), "answered_at", purge_answers, list_path="upload"),
    Retained(
        "Earlier answers",
        EarlierAnswer.objects.exclude(answer=""),
        "answered_at",
        purge_answers,
        list_path="item__upload",
    ),
    Retained(
        "Completion calls", Batch.objects.exclude(completion=""), "completed_at", purge_completions, list_path="upload"
    ),
]
