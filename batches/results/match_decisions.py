"""Load what users say about matches. It counts more than the match check, in all lists of the person."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from django.db.models import Q
from django.utils import timezone

from accounts.names import name_of
from batches.models import Item, MatchDecision
from batches.people.contacts import Contact
from batches.people.match_check import compare
from batches.people.match_decision import Decision, hash_found


class Matched(NamedTuple):
    """An item, and who was found for it."""

    item_id: int
    fingerprint: str
    contact: Contact


def name_person(fingerprint: str, item_id: int) -> str:
    """Return what a person is recognised by. People without a fingerprint are not the same person as any other."""
    return fingerprint or f"item {item_id}"


def load_decisions(matched: Iterable[Matched]) -> dict[int, MatchDecision]:
    """Return item id → the decision about the match that counts. This takes one query."""
    people = list(matched)
    if not people:
        return {}
    fingerprints = {each.fingerprint for each in people if each.fingerprint}
    is_theirs = Q(item__fingerprint__in=fingerprints) | Q(item__in=[each.item_id for each in people])
    made = MatchDecision.objects.in_force().filter(is_theirs).select_related("by", "item").order_by("at", "pk")
    decided: Mapping[tuple[str, str], MatchDecision] = {
        (name_person(each.item.fingerprint, each.item_id), each.found): each
        for each in made.only("found", "verdict", "at", "by", "item__fingerprint")
    }
    if not decided:
        return {}
    keys = {each.item_id: (name_person(each.fingerprint, each.item_id), hash_found(each.contact)) for each in people}
    return {pk: decided[key] for pk, key in keys.items() if key in decided}


def read_decision(made: MatchDecision) -> Decision:
    """Return a decision in the words of the rules."""
    return Decision(made.verdict, name_of(made.by, "skipportal"), timezone.localdate(made.at))


def has_decisions() -> bool:
    """Return whether there is any decision at all. If not, nobody need look for one."""
    return MatchDecision.objects.in_force().exists()


def check_match(item: Item, contact: Contact) -> str:
    """Return the verdict of the match check, whatever users say, or "" if one of the names is unknown."""
    return compare(item.first_name, item.middle_name, item.last_name, contact.names)


def judge_matches(found: Iterable[tuple[Item, Contact | None]]) -> dict[int, tuple[str, MatchDecision | None]]:
    """Return item id → the verdict that counts, and the decision that it follows, if any. This takes one query."""
    matches = [(item, contact) for item, contact in found if contact is not None]
    decisions = load_decisions(Matched(item.pk, item.fingerprint, contact) for item, contact in matches)
    return {
        item.pk: (decisions[item.pk].verdict, decisions[item.pk])
        if item.pk in decisions
        else (check_match(item, contact), None)
        for item, contact in matches
    }
