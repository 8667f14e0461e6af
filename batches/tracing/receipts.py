"""Count answers by the callback address they came to, for comparison with the totals that the vendor reports.

A batch's other counts are of the people who are in it now. But an answer may come to the address of a batch that its
person was in before, and then it is part of the vendor's totals for that batch. Batches are counted again within
seconds of a change, but not in the transaction that files an answer, which would become slower.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Count, F, Q, QuerySet

from batches.models import IS_ANSWERED_ELSEWHERE, Batch, EarlierAnswer, Item, ItemQuerySet
from batches.statuses import OUTCOME_ANSWERED, Outcome

MAX_PER_TICK = 50
"""Maximum number of batches counted per tick, because a tick has other work as well."""
NEEDS_COUNT = {"received": None}
"""Field values that mark a batch's received answers to be counted again."""


def count_changed(_now: datetime) -> None:
    """Count the received answers of batches for which they may have changed."""
    for batch_id in list(Batch.objects.to_be_counted().order_by("pk").values_list("pk", flat=True)[:MAX_PER_TICK]):
        count_receipts(batch_id)


@transaction.atomic
def count_receipts(batch_id: int) -> None:
    """Count the answers that came to a batch's callback address.

    The batch's row is locked, so that a request for another count, which updates the same row, comes afterwards.
    """
    locked = Batch.objects.select_for_update(no_key=True).filter(pk=batch_id)
    if not locked.values_list("pk", flat=True).first():
        return
    # Old answers that were filed late have no `answered_via`: they count for the batch they are in.
    own = Q(answered_via=batch_id) | Q(answered_via=None)
    # Two statements, because each can use an index of its own.
    here = count_answers(Item.objects.filter(own, batch=batch_id))
    elsewhere = count_answers(Item.objects.filter(IS_ANSWERED_ELSEWHERE, answered_via=batch_id))
    second = count_answers(EarlierAnswer.objects.filter(batch=batch_id))
    Batch.objects.filter(pk=batch_id).update(
        received=here["all"] + elsewhere["all"],
        received_matched=here["matched"] + elsewhere["matched"],
        received_errors=here["errors"] + elsewhere["errors"],
        second_answers=second["all"],
        second_matched=second["matched"],
    )


def count_answers(answers: QuerySet[Any]) -> dict[str, int]:
    return answers.order_by().aggregate(
        all=Count("pk", filter=Q(outcome__in=OUTCOME_ANSWERED)),
        matched=Count("pk", filter=Q(outcome=Outcome.MATCHED)),
        errors=Count("pk", filter=Q(outcome=Outcome.ERROR)),
    )


def recount_elsewhere(items: ItemQuerySet) -> None:
    """Mark batches that received answers about these people, without containing them, to be counted again."""
    elsewhere = items.filter(IS_ANSWERED_ELSEWHERE, answered_via__isnull=False).order_by()
    Batch.objects.filter(pk__in=list(elsewhere.values_list("answered_via", flat=True).distinct())).update(**NEEDS_COUNT)


def add_unmatched(token: str, answers: int, matched: int, credits: Decimal) -> None:
    """Add to the counts of unmatched answers of the batch with this token. Negative numbers subtract."""
    Batch.objects.filter(token=token).update(
        unmatched_answers=F("unmatched_answers") + answers,
        unmatched_matches=F("unmatched_matches") + matched,
        unmatched_credits=F("unmatched_credits") + credits,
    )
