"""Remove the second factor of a user who has lost it."""

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User

from accounts.audit import record
from accounts.events import notify
from accounts.models import AuditKind


def remove_all(user: User) -> None:
    """Remove a user's authenticator app, passkeys and recovery codes, end their sessions, and tell them."""
    Authenticator.objects.filter(user=user).delete()
    for session in UserSession.objects.filter(user=user):
        session.end()
    record(AuditKind.SECOND_FACTOR_CHANGED, user, detail="Removed by an administrator")
    notify(user, "An administrator removed the second factor of your account.", "second factor removed")
