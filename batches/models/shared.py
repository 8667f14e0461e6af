"""Selections of people that users share by a link."""

import secrets
from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone

from batches.models.uploads import Upload

LINK_LIFETIME = timedelta(days=30)


def make_key() -> str:
    """Return the secret part of a link, of 96 bits."""
    return secrets.token_urlsafe(12)


class SharedSelectionQuerySet(models.QuerySet["SharedSelection"]):
    def in_force(self) -> Self:
        return self.filter(revoked_at=None, made_at__gt=timezone.now() - LINK_LIFETIME)


class SharedSelection(models.Model):
    """People whom a user shares by a link: the filters of the table of people, or the people one by one.

    The link gives no rights. Whoever opens it sees only the people whom they see anyway.
    """

    key = models.CharField(max_length=16, unique=True, default=make_key, editable=False)
    query = models.CharField(max_length=2000, blank=True, default="", help_text="The filters, as in an address.")
    item_ids = models.JSONField(null=True, help_text="The ids of the people. Empty if the filters say who is shared.")
    upload = models.ForeignKey(
        Upload, models.CASCADE, null=True, related_name="+", verbose_name="list", help_text="The list, if there is one."
    )
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    revoked_at = models.DateTimeField(null=True)

    objects = SharedSelectionQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        # For links that are to be deleted.
        indexes = [models.Index(fields=["made_at"], name="shared_selection_made_at")]

    def __str__(self) -> str:
        return f"shared selection {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("shared", args=[self.key])

    @property
    def expires_at(self) -> datetime:
        return self.made_at + LINK_LIFETIME
