"""Add users, and change their roles and teams. Each change is one transaction that begins by locking the roles."""

import hashlib
from collections.abc import Iterable, Sequence

from django.apps import apps
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.models import Group, User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Model, Q, QuerySet

from accounts import audit, invitations
from accounts.access import holders
from accounts.invitations import Invitation
from accounts.models import AuditKind, Team
from accounts.rights import Right, Role, require

LAST_ADMINISTRATOR = (
    "This is the last administrator who can log in. Make somebody else an administrator first, and have them log in."
)
CHANGED_SINCE = (
    "Somebody else has changed this user in the meantime. Check what is shown now, then make your change again."
)


class CannotChange(Exception):
    """A change was refused, and nothing was changed. The message says why."""


def administrators() -> QuerySet[User]:
    """Return the active administrators who can log in: they have a password, or have logged in without one."""
    can_log_in = ~Q(password__startswith=UNUSABLE_PASSWORD_PREFIX) | Q(last_login__isnull=False)
    return holders(Right.ADMINISTER).filter(can_log_in)


def may_change(actor: User | None, user: User) -> bool:
    """Return whether an administrator may change a user.

    Only superusers may change other staff, who have rights in the admin that no role gives.
    """
    return actor is None or actor.is_superuser or actor == user or not (user.is_staff or user.is_superuser)


def find_version(user: User) -> str:
    """Return a hash of everything about a user that administrators can change."""
    groups = sorted(group.pk for group in user.groups.all())
    teams = sorted(team.pk for team in user.teams.all())
    facts = f"{user.is_active} {user.is_staff} {user.is_superuser} {groups} {teams}"
    return hashlib.sha256(facts.encode()).hexdigest()[:16]


def format_membership(user: User) -> str:
    """Return a user's roles and teams for the audit log."""
    roles = ", ".join(sorted(group.name for group in user.groups.all())) or "no role"
    teams = ", ".join(sorted(team.name for team in user.teams.all())) or "no team"
    return f"{roles}; {teams}"


def find_users_with_second_factor(users: Iterable[User]) -> set[int] | None:
    """Return the ids of the users who have a second factor. Return None if second factors are not installed."""
    if not apps.is_installed("allauth.mfa"):
        return None
    authenticator: type[Model] = apps.get_app_config("mfa").get_model("Authenticator")
    factors = authenticator._default_manager.filter(user__in=list(users))
    return set(factors.values_list("user_id", flat=True))


# Changes


def lock_roles(actor: User | None) -> None:
    """Allow only one change to users at a time, and check that the actor is still an administrator."""
    list(Group.objects.select_for_update(no_key=True).filter(name__in=list(Role)).order_by("pk"))
    if actor is not None:
        # Read again, because another administrator may just have taken the actor's rights away. Deactivated users have
        # none.
        require(User.objects.filter(pk=actor.pk).first() or User(is_active=False), Right.ADMINISTER)


def lock_user(actor: User | None, pk: int, version: str | None) -> User:
    """Lock a user for a change. Raise CannotChange if the actor may not change them, or has seen another version."""
    lock_roles(actor)
    user = User.objects.select_for_update(no_key=True).filter(pk=pk).first()
    if user is None:
        raise CannotChange("This user has since been deleted.")
    if not may_change(actor, user):
        raise CannotChange("Only a superuser can change a user who has rights in the admin.")
    if version is not None and version != find_version(user):
        raise CannotChange(CHANGED_SINCE)
    return user


def refuse_lockout() -> None:
    """Raise CannotChange if no administrator who can log in would be left."""
    if not administrators().exists():
        raise CannotChange(LAST_ADMINISTRATOR)


def add(
    actor: User | None, name: str, email: str, roles: Sequence[str], teams: Iterable[Team], with_mail: bool = True
) -> tuple[User, Invitation]:
    """Create a user and invite them. Raise CannotChange if the name or the address is taken or invalid."""
    with transaction.atomic():
        lock_roles(actor)
        user = create_user(name, email)
        user.groups.set(Group.objects.filter(name__in=roles))
        user.teams.set(teams)
        audit.record(AuditKind.RIGHTS_CHANGED, actor, detail=f"Invited {user.username}: {format_membership(user)}")
    # Mail servers are slow, so the invitation is mailed after the transaction, when nothing is locked.
    return user, invitations.invite(user, actor, with_mail)


def create_user(name: str, email: str) -> User:
    user = User(username=name, email=User.objects.normalize_email(email))
    user.set_unusable_password()
    if User.objects.filter(username__iexact=name).exists():
        raise CannotChange(f"There is already a user with the name {name}. Choose another name.")
    if email and User.objects.filter(email__iexact=email).exists():
        raise CannotChange("Another user has this email address. Each user needs their own.")
    try:
        user.full_clean()
        with transaction.atomic():
            user.save()
    except ValidationError as problem:
        raise CannotChange(" ".join(problem.messages)) from None
    except IntegrityError:
        raise CannotChange(f"There is already a user with the name {name}. Choose another name.") from None
    return user


def change(actor: User | None, pk: int, version: str | None, roles: Sequence[str], teams: Iterable[Team]) -> User:
    """Give a user these roles and teams. Keep groups that are not roles.

    Raise CannotChange if the change is refused.
    """
    with transaction.atomic():
        user = lock_user(actor, pk, version)
        before = format_membership(user)
        user.groups.set(Group.objects.filter(Q(name__in=roles) | Q(user=user) & ~Q(name__in=list(Role))).distinct())
        user.teams.set(teams)
        refuse_lockout()
        if (after := format_membership(user)) != before:
            audit.record(AuditKind.RIGHTS_CHANGED, actor, detail=f"{user.username}: {before} → {after}")
    return user


def set_active(actor: User | None, pk: int, version: str | None, is_active: bool) -> User:
    """Activate or deactivate a user. Deactivating them ends all their sessions and tokens at the next request."""
    with transaction.atomic():
        user = lock_user(actor, pk, version)
        if user == actor and not is_active:
            raise CannotChange("You cannot deactivate yourself. Ask another administrator.")
        user.is_active = is_active
        user.save(update_fields=["is_active"])
        refuse_lockout()
        verb = "Activated" if is_active else "Deactivated"
        audit.record(AuditKind.RIGHTS_CHANGED, actor, detail=f"{verb} {user.username}")
    return user


def invite_again(actor: User | None, pk: int) -> tuple[User, Invitation]:
    """Make a new link for an active user who has not joined yet. Raise CannotChange for all others."""
    with transaction.atomic():
        user = lock_user(actor, pk, None)
        if invitations.has_joined(user):
            raise CannotChange(f"{user.username} has joined already and can log in.")
        if not user.is_active:
            raise CannotChange(f"{user.username} is deactivated. Activate the user first.")
        audit.record(AuditKind.RIGHTS_CHANGED, actor, detail=f"Invited {user.username} again")
    return user, invitations.invite(user, actor)
