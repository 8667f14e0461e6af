"""Decide whose lists a user sees."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Protocol

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from accounts.models import Team
from accounts.rights import Right, can

MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"


def holders(right: Right) -> QuerySet[User]:
    """Return the active users who have a right."""
    return User.objects.with_perm(right, backend=MODEL_BACKEND)


def team_ids(user: User) -> list[int]:
    """Return the ids of a user's teams. They are read from the database once for each request."""
    known = vars(user)
    if "team_ids" not in known:
        known["team_ids"] = sorted(Team.objects.of_user(user).values_list("pk", flat=True))
    return known["team_ids"]


def teammates(user: User) -> QuerySet[User]:
    """Return the users with whom a user shares a team, the user included. For administrators, return all users."""
    if sees_all_lists(user):
        return User.objects.all()
    members = Team.members.through.objects.filter(team__in=team_ids(user)).values("user")
    return User.objects.filter(Q(pk=user.pk) | Q(pk__in=members))


def first_team(user: User) -> Team | None:
    """Return the team that a user's new lists belong to unless another is chosen. Return None if there is none."""
    return Team.objects.of_user(user).first()


def sees_all_lists(user: User | None) -> bool:
    """Return whether a user sees the lists of all teams. None stands for the shell or skipportal itself: both do."""
    return user is None or can(user, Right.ADMINISTER)


def sees_list(user: User, created_by: int | None, team: int | None) -> bool:
    """Return whether a user sees a list with this creator and team, given by id. The rule is that of visible_lists."""
    if sees_all_lists(user):
        return True
    is_nobodys = created_by is None and team is None
    is_visible = created_by == user.pk or team in team_ids(user) or (is_nobodys and can(user, Right.DECIDE))
    return can(user, Right.SEE_LISTS) and is_visible


def visible_lists(user: User | None) -> Q:
    """Return the condition for the lists that a user sees: their own and their teams'. Administrators see all lists.

    Lists from the shell belong to nobody. The leads of every team see them.
    """
    if user is None or sees_all_lists(user):
        return Q()
    if not can(user, Right.SEE_LISTS):
        return Q(pk__in=[])
    is_visible = Q(created_by=user) | Q(team__in=team_ids(user))
    if can(user, Right.DECIDE):
        is_visible |= Q(created_by=None, team=None)
    return is_visible


class OwnedList(Protocol):
    """The fields that decide who sees a list."""

    pk: int
    created_by_id: int | None
    team_id: int | None


def list_viewers(uploads: Iterable[OwnedList], right: Right) -> dict[int, list[User]]:
    """Return, by list id, the active users who see a list and have the right. The rule is that of sees_list.

    The number of queries does not depend on the number of lists and users.
    """
    users = list(holders(right).order_by("username"))
    everywhere, viewers, deciders = (
        set(holders(each).values_list("pk", flat=True)) for each in (Right.ADMINISTER, Right.SEE_LISTS, Right.DECIDE)
    )
    teams: dict[int, set[int]] = defaultdict(set)
    for team, member in Team.objects.filter(members__in=users).order_by().values_list("pk", "members"):
        teams[member].add(team)

    def sees(user: User, upload: OwnedList) -> bool:
        if user.pk in everywhere:
            return True
        is_nobodys = upload.created_by_id is None and upload.team_id is None
        is_theirs = upload.created_by_id == user.pk or upload.team_id in teams[user.pk]
        return user.pk in viewers and (is_theirs or (is_nobodys and user.pk in deciders))

    return {upload.pk: [user for user in users if sees(user, upload)] for upload in uploads}
