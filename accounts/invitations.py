"""Invite people by a link with which they choose a password. The link is valid once, for seven days."""

import logging
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core import signing
from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from accounts.models import Profile

logger = logging.getLogger(__name__)

VALID_FOR = timedelta(days=7)
FIRST_LOGIN_SALT = "accounts.first_login"
MAIL = """{inviter} invites you to skipportal, where your team traces lists of people.

Choose a password within seven days: {link}

Your name for logging in is {name}. If you did not expect this mail, ignore it.
"""


class InvitationTokens(PasswordResetTokenGenerator):
    """Tokens that are valid until a password is set, a login, the next invitation, or seven days have passed."""

    key_salt = "accounts.invitations"

    def make_token(self, user: User) -> str:
        return self._make_token_with_timestamp(user, self._seconds(find_invited_at(user)), self.secret)

    def check_token(self, user: User | None, token: str | None) -> bool:
        """Return whether the token is that of the user's latest invitation, and the invitation is still open."""
        # Django's own check ends after PASSWORD_RESET_TIMEOUT, which is meant for people who are waiting for a mail.
        if user is None or not token or not is_open(user):
            return False
        seconds = self._seconds(find_invited_at(user))
        return any(
            constant_time_compare(self._make_token_with_timestamp(user, seconds, secret), token)
            for secret in [self.secret, *self.secret_fallbacks]
        )

    def _make_hash_value(self, user: User, timestamp: int) -> str:
        # A link must stop working if its user has been made staff or a superuser since it was sent.
        rights = f"{user.is_staff}{user.is_superuser}"
        return f"{super()._make_hash_value(user, timestamp)}{find_invited_at(user)}{rights}"

    def _seconds(self, invited_at: datetime | None) -> int:
        return int(invited_at.timestamp()) if invited_at else 0


tokens = InvitationTokens()


class Invitation(NamedTuple):
    link: str
    is_mailed: bool


def invite(user: User, inviter: User | None, with_mail: bool = True) -> Invitation:
    """Make a new link for a user, and mail it if there is a mail server and the user has an address.

    Earlier links stop working.
    """
    link = make_link(user)
    can_mail = with_mail and settings.IS_MAILING and bool(user.email)
    return Invitation(link, can_mail and mail_link(user, inviter, link))


def make_link(user: User) -> str:
    profile, _ = Profile.objects.update_or_create(user=user, defaults={"invited_at": timezone.now()})
    user.profile = profile
    address = reverse("welcome", args=[urlsafe_base64_encode(force_bytes(user.pk)), tokens.make_token(user)])
    return f"{settings.PUBLIC_URL}{address}"


def mail_link(user: User, inviter: User | None, link: str) -> bool:
    """Mail an invitation. Return whether the mail server accepted it."""
    body = MAIL.format(inviter=inviter.get_username() if inviter else "An administrator", link=link, name=user.username)
    try:
        return EmailMessage("Your invitation to skipportal", body, to=[user.email]).send() == 1
    except (OSError, ValueError) as problem:
        # Log the class only: the message contains the address.
        logger.warning("Could not mail an invitation to user %s: %s", user.pk, type(problem).__name__)
        return False


def find_invited_at(user: User) -> datetime | None:
    profile = getattr(user, "profile", None)
    return profile.invited_at if profile else None


def has_joined(user: User) -> bool:
    """Return whether a user has a password, or has logged in without one."""
    return user.has_usable_password() or user.last_login is not None


def is_open(user: User) -> bool:
    """Return whether a user may still choose a password with the latest invitation."""
    invited_at = find_invited_at(user)
    is_recent = invited_at is not None and timezone.now() - invited_at <= VALID_FOR
    return is_recent and user.is_active and not has_joined(user)


# The first administrator


def needs_first_login() -> bool:
    return not User.objects.filter(is_active=True).exists()


def make_first_link() -> str:
    """Return a link with which the first administrator chooses a name and a password."""
    token = signing.TimestampSigner(salt=FIRST_LOGIN_SALT).sign("first")
    return f"{settings.PUBLIC_URL}{reverse('welcome-first', args=[token])}"


def is_first_token(token: str) -> bool:
    """Return whether a token is from `make_first_link` and at most seven days old."""
    try:
        signing.TimestampSigner(salt=FIRST_LOGIN_SALT).unsign(token, max_age=VALID_FOR)
    except signing.BadSignature:
        return False
    return True
