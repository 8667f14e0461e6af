"""Tokens, and the keys under which lists have been sent."""

import hashlib
import secrets

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models

from batches.models import Upload

PREFIX_LENGTH = 6
"""Characters of a secret by which its owner recognises it."""
MAX_KEY_LENGTH = 200


def digest(secret: str) -> str:
    """Return the SHA-256 of a secret. It has 256 random bits, so a salt or a slow hash would add nothing."""
    return hashlib.sha256(secret.encode()).hexdigest()


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def valid(self) -> "ApiTokenQuerySet":
        return self.filter(revoked_at=None, user__is_active=True)

    def create_with_secret(self, user: User, name: str) -> tuple["ApiToken", str]:
        """Return a new token of a user, and its secret, which is not stored."""
        secret = secrets.token_urlsafe(32)
        return self.create(user=user, name=name, digest=digest(secret), beginning=secret[:PREFIX_LENGTH]), secret


class ApiToken(models.Model):
    """A token with which a program may do what its user may do on screen."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100, help_text="What the token is for.")
    digest = models.CharField(max_length=64, unique=True, editable=False, help_text="SHA-256 of the secret.")
    beginning = models.CharField("begins with", max_length=PREFIX_LENGTH, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True, help_text="To the minute.")
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = "API token"

    def __str__(self) -> str:
        return f"{self.name} ({self.beginning}…)"


class IdempotencyKey(models.Model):
    """A program's own name for a list that it has sent, so that sending the list again creates no second one."""

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
