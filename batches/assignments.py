"""Assign people to colleagues. A person of a list is assigned to one user at most.

Only users who see the person and may see contact details can be chosen. Assignments of a deactivated user no longer
count but are kept, so that a lead can find the people and assign them to others.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from accounts.access import holders, teammates
from accounts.models import AuditKind
from accounts.names import name_of
from accounts.rights import Right, can, require
from batches.models import Assignment, Item, ItemQuerySet
from batches.people_audit import record_people
from batches.retention import Retained, delete_records

MAX_ASSIGNED = 50_000
"""Maximum number of people who can be assigned at once."""
CHUNK_SIZE = 1_000


class TooMany(Exception):
    """There are too many people to assign at once. The message says what to do."""


@dataclass(frozen=True)
class AssignmentResult:
    """How many people were assigned, and how many could not be."""

    changed: int
    unseen: int = 0
    """Number of people in lists that the assignee does not see. They were left as they were."""


def list_assignees(user: User) -> QuerySet[User]:
    """Return the users to whom a user may assign people: colleagues and the user, if they may see contact details."""
    return teammates(user).filter(pk__in=holders(Right.SEE_CONTACTS)).order_by("username")


def list_filter_choices(user: User | None) -> list[tuple[str, str]]:
    """Return the choices of the filter by assignee. Leads can choose any colleague with people, even one who left."""
    choices = [("me", "Me"), ("nobody", "Nobody")]
    if user is None or not can(user, Right.DECIDE):
        return choices
    has_people = Exists(Assignment.objects.filter(user=OuterRef("pk")))
    colleagues = teammates(user).filter(has_people).exclude(pk=user.pk).order_by("username")
    return [*choices, *((str(each.pk), name_assignee(each)) for each in colleagues)]


def name_assignee(user: User) -> str:
    """Return the name of a user for a page, and whether the user is deactivated."""
    return name_of(user) if user.is_active else f"{name_of(user)} (deactivated)"


def filter_assigned(items: ItemQuerySet, value: str, user: User | None) -> ItemQuerySet:
    """Keep the people who are assigned to a user: `me`, `nobody` or a user's id. Deactivated users count as nobody."""
    if value == "nobody":
        return items.exclude(Exists(Assignment.objects.in_force().filter(item=OuterRef("pk"))))
    assignee = (user.pk if user else None) if value == "me" else int(value)
    return items.filter(assignment__user=assignee)


def count_own(user: User, items: ItemQuerySet) -> int:
    """Return how many of these people are assigned to a user who sees them."""
    return items.visible_to(user).filter(assignment__user=user).order_by().count()


def load_assignees(items: Iterable[Item]) -> dict[int, User]:
    """Return item id → the user to whom the person is assigned."""
    found = Assignment.objects.filter(item__in=[item.pk for item in items]).select_related("user")
    return {assignment.item_id: assignment.user for assignment in found}


def assign(items: ItemQuerySet, assignee: User, user: User | None) -> AssignmentResult:
    """Assign people to a user in place of anybody else. Those whom the assignee does not see are left as they are.

    Raise TooMany if there are too many, and RightMissing if one of the two may not see contact details.
    """
    require(user, Right.SEE_CONTACTS)
    require(assignee, Right.SEE_CONTACTS)
    chosen = items.visible_to(user)
    seen = chosen.visible_to(assignee)
    people = list_people(seen.exclude(assignment__user=assignee))
    unseen = chosen.order_by().count() - seen.order_by().count()
    now = timezone.now()
    made = [Assignment(item_id=pk, user=assignee, by=user, at=now) for _, pk in people]
    with transaction.atomic():
        Assignment.objects.bulk_create(
            made,
            batch_size=CHUNK_SIZE,
            update_conflicts=True,
            unique_fields=["item"],
            update_fields=["user", "by", "at"],
        )
        record_people(AuditKind.ASSIGNED, user, people, f"to {assignee.username}")
    return AssignmentResult(len(people), unseen)


def unassign(items: ItemQuerySet, user: User | None) -> AssignmentResult:
    """Assign people to nobody. Raise TooMany if there are too many."""
    require(user, Right.SEE_CONTACTS)
    people = list_people(items.visible_to(user).filter(assignment__isnull=False))
    with transaction.atomic():
        for start in range(0, len(people), CHUNK_SIZE):
            chunk = [pk for _, pk in people[start : start + CHUNK_SIZE]]
            Assignment.objects.filter(item__in=chunk).delete()
        record_people(AuditKind.ASSIGNED, user, people, "to nobody")
    return AssignmentResult(len(people))


def list_people(items: ItemQuerySet) -> list[tuple[int, int]]:
    """Return pairs of a list id and an item id. Raise TooMany if there are too many."""
    people = list(items.order_by("pk").values_list("upload_id", "pk")[: MAX_ASSIGNED + 1])
    if len(people) > MAX_ASSIGNED:
        raise TooMany(
            f"Nobody was assigned: at most {MAX_ASSIGNED:,} people can be assigned at once. Narrow the filters."
        )
    return people


# Deleting


def forget_assignments(item_ids: Collection[int]) -> int:
    """Delete the assignments of people who are erased. Return how many there were."""
    return delete_records(Assignment.objects.filter(item__in=item_ids))


RETAINED_ASSIGNMENTS = Retained("Assignments of people", Assignment.objects.all(), "at", delete_records)
