"""Record what users say about matches. It counts more than the match check, at once in all lists of the person.

A decision is a row of its own, and the verdicts of digests follow. Code that makes digests stores them before it reads
the decisions, and code that decides stores the decision before it changes the digests. So neither misses the other.
"""

from collections.abc import Collection

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from accounts.models import AuditKind
from accounts.rights import Right, require
from batches.models import NEEDS_DIGEST, Batch, Item, MatchDecision
from batches.people.match_decision import hash_found
from batches.people_audit import record_people
from batches.results.digests import follow_decisions
from batches.results.match_decisions import Matched, load_decisions
from batches.retention import Retained, delete_records
from batches.statuses import BatchStatus, MatchDecided, Outcome
from batches.vendor.answers import read_contact


class NothingFound(Exception):
    """There is nobody to decide about. The message says so."""


def decide(item_id: int, verdict: MatchDecided, user: User | None) -> bool:
    """Record what a user says about a match. Return False if this is what counts already.

    Raise Item.DoesNotExist if the user does not see the person, and NothingFound if nobody was found.
    """
    require(user, Right.SEE_CONTACTS)
    with transaction.atomic():
        # The lock makes the second of two clicks wait for the first.
        item = Item.objects.visible_to(user).select_for_update(no_key=True, of=("self",)).get(pk=item_id)
        answered = item.answer_item
        if answered.outcome != Outcome.MATCHED or not answered.answer:
            raise NothingFound("Nobody was found for this person, so there is nothing to decide.")
        matched = Matched(item.pk, item.fingerprint, read_contact(answered.answer, item.name_parts))
        current = load_decisions([matched]).get(item.pk)
        if current and current.verdict == verdict:
            return False
        MatchDecision.objects.create(item=item, found=hash_found(matched.contact), verdict=verdict, by=user)
        record_people(AuditKind.MATCH_DECIDED, user, [(item.upload_id, item.pk)], verdict.label)
        follow(item)
    return True


def undo(pk: int, user: User | None) -> bool:
    """Undo a decision, so that the match check or an earlier decision counts. Return False if it was undone before."""
    require(user, Right.SEE_CONTACTS)
    with transaction.atomic():
        decision = MatchDecision.objects.visible_to(user).in_force().filter(pk=pk).select_related("item").first()
        if decision is None:
            return False
        made = MatchDecision.objects.in_force().filter(pk=pk)
        if not made.update(undone_at=timezone.now(), undone_by=user):
            return False
        record_people(AuditKind.MATCH_DECIDED, user, [(decision.item.upload_id, decision.item_id)], "undone")
        follow(decision.item)
    return True


def follow(item: Item) -> None:
    """Make the digests of a person in all lists follow the decisions, at once and again after the commit."""
    ids = [pk for each in item.find_same_person_ids().values() for pk in each]

    def refresh() -> None:
        changed = follow_decisions(ids)
        # Their totals are summed again.
        Batch.objects.filter(items__in=changed, status=BatchStatus.CLOSED).update(**NEEDS_DIGEST)

    refresh()
    transaction.on_commit(refresh)


# Deleting


def forget_decisions(item_ids: Collection[int]) -> int:
    """Delete the decisions about people who are erased. Return how many there were."""
    return delete_records(MatchDecision.objects.filter(item__in=item_ids))


RETAINED_DECISIONS = Retained("Decisions about matches", MatchDecision.objects.all(), "at", delete_records)
