"""What the API keeps: who may speak for whom, and which upload was made under which key."""

import hashlib
import secrets

from django.conf import settings
from django.db import models

from batches.models import Upload

SHOWN = 6
"""Characters of a secret by which its owner knows it again."""


def digest(secret):
    """Of a secret of 256 random bits, so that neither salt nor slowness adds anything."""
    return hashlib.sha256(secret.encode()).hexdigest()


class ApiTokenQuerySet(models.QuerySet):
    def in_force(self):
        return self.filter(revoked_at=None, user__is_active=True)

    def make(self, user, name):
        """Return a new token of a user's, and its secret, which is stored nowhere."""
        secret = secrets.token_urlsafe(32)
        return self.create(user=user, name=name, digest=digest(secret), beginning=secret[:SHOWN]), secret


class ApiToken(models.Model):
    """Lets a program do what its user may do on screen."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100, help_text="What it is for.")
    digest = models.CharField(max_length=64, unique=True, editable=False, help_text="SHA-256 of the secret.")
    beginning = models.CharField(max_length=SHOWN, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True, help_text="To the minute.")
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = "API token"

    def __str__(self):
        return f"{self.name} ({self.beginning}…)"


class OrderKey(models.Model):
    """A program's own name for a list that it has sent, so that sending it once more makes no second one."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    file_digest = models.CharField(max_length=64, help_text="SHA-256 of the file that came with it.")
    upload = models.ForeignKey(Upload, models.CASCADE, null=True, related_name="order_keys")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="order_key_once_per_user")]

    def __str__(self):
        return self.key
