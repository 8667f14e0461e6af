"""The API tokens of users, and the idempotency keys with which programs have sent lists."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Self

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from batches.models import Upload

BEGINNING_LENGTH = 6
"""How many characters of a token's secret stay visible, so that its user can recognise it."""
MAX_KEY_LENGTH = 200
DEFAULT_DAYS = 90
"""How long a token is valid, unless its user chooses otherwise."""


class Scope(models.TextChoices):
    """What a token may be used for, at most: its user must also have the right to do it."""

    READ = "read", "See lists and batches"
    CONTACTS = "contacts", "See people and their contact details"
    UPLOAD = "upload", "Upload and change lists"
    START = "start", "Start, pause, resume and cancel lists (spends money)"
    EXPORT = "export", "Export results"
    CALLS = "calls", "Record calls and change the do-not-contact list"


EARLIER_SCOPES = "read contacts upload start export"
"""What tokens from before there were scopes may be used for. Scopes that were added later are not among these."""


def digest(secret: str) -> str:
    """Return the SHA-256 of a secret. It has 256 random bits, so a salt or a slow hash would add nothing."""
    return hashlib.sha256(secret.encode()).hexdigest()


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def unrevoked(self) -> Self:
        return self.filter(revoked_at=None, user__is_active=True)

    def valid(self) -> Self:
        """Keep tokens that are neither revoked nor expired. Some may still have ended with a change of password."""
        return self.unrevoked().filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()))

    def unlimited(self) -> Self:
        """Keep unrevoked tokens that never expire, like all tokens from before there were scopes."""
        return self.unrevoked().filter(expires_at=None)

    def create_with_secret(
        self,
        user: User,
        name: str,
        scopes: Iterable[str] = Scope.values,
        days: int = DEFAULT_DAYS,
        ends_with_password: bool = True,
    ) -> tuple["ApiToken", str]:
        """Create a token for a user. Return the token and its secret, which is not stored."""
        secret = secrets.token_urlsafe(32)
        token = self.create(
            user=user,
            name=name,
            digest=digest(secret),
            beginning=secret[:BEGINNING_LENGTH],
            scopes=" ".join(scopes),
            expires_at=timezone.now() + timedelta(days=days),
            session_hash=user.get_session_auth_hash() if ends_with_password else "",
        )
        return token, secret


class ApiToken(models.Model):
    """A token that lets a program do some of what its user may do on screen."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100, help_text="What the token is for.")
    digest = models.CharField(max_length=64, unique=True, editable=False, help_text="SHA-256 of the secret.")
    beginning = models.CharField("begins with", max_length=BEGINNING_LENGTH, editable=False)
    scopes = models.CharField(
        max_length=100,
        default=EARLIER_SCOPES,
        db_default=EARLIER_SCOPES,
        editable=False,
        help_text="Separated by spaces.",
    )
    session_hash = models.CharField(
        max_length=128,
        default="",
        db_default="",
        editable=False,
        help_text="Django's hash of the user's password for sessions, if the token ends with the password.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True, help_text="To the minute.")
    expires_at = models.DateTimeField("expires", null=True, blank=True, help_text="Empty: never.")
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = "API token"

    def __str__(self) -> str:
        return f"{self.name} ({self.beginning}…)"

    @property
    def description(self) -> str:
        """What the audit log says about the token. Its name may be a person's, so it is left out."""
        end = f"{self.expires_at:%Y-%m-%d}" if self.expires_at else "never"
        return f"{self.pk} ({self.beginning}…): {self.scopes}; expires: {end}"

    @property
    def scope_list(self) -> list[str]:
        return self.scopes.split()

    @property
    def scope_labels(self) -> list[str]:
        return [Scope(scope).label for scope in self.scope_list]

    @property
    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()

    @property
    def is_ended_by_password(self) -> bool:
        """Return whether the token was to end with its user's password, and the password has since changed."""
        # Compare as Django does, so that a new SECRET_KEY with fallbacks ends neither sessions nor tokens.
        hashes = [self.user.get_session_auth_hash(), *self.user.get_session_auth_fallback_hash()]
        return bool(self.session_hash) and not any(constant_time_compare(self.session_hash, each) for each in hashes)

    def why_ended(self) -> str:
        """Return why the token can no longer be used, as a sentence for callers. Return "" if it can."""
        if self.is_expired:
            return f"This token expired on {self.expires_at:%Y-%m-%d}. Create a new one at /tokens/."
        if self.is_ended_by_password:
            return "This token ended when its user's password changed. Create a new one at /tokens/."
        return ""


def keep_tokens(user: User, old_hashes: list[str], new_hash: str, **_: Any) -> None:
    """Keep the tokens of a user whose password was hashed again without being changed."""
    ApiToken.objects.filter(user=user, session_hash__in=old_hashes).update(session_hash=new_hash)


class IdempotencyKey(models.Model):
    """A program's own name for a list that it sends, so that sending the list twice creates only one list."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    key = models.CharField(max_length=MAX_KEY_LENGTH)
    file_digest = models.CharField(max_length=64, help_text="SHA-256 of the file that was sent with it.")
    upload = models.ForeignKey(Upload, models.CASCADE, null=True, related_name="idempotency_keys")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        # The table and the constraint keep their original names.
        db_table = "api_orderkey"
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="order_key_once_per_user")]

    def __str__(self) -> str:
        return self.key
