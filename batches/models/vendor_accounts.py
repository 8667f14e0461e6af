"""The vendor accounts beside the one whose key is in the environment."""

from typing import Self

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.urls import reverse

from accounts import encryption
from accounts.encryption import CannotDecrypt

DEFAULT_ACCOUNT = "Default account"
"""How pages call the account whose key is REALESTATEAPI_KEY. It has no row, and batches sent over it have no account.
"""


class VendorAccountQuerySet(models.QuerySet["VendorAccount"]):
    def active(self) -> Self:
        return self.filter(retired_at=None)


class VendorAccount(models.Model):
    """An account with the vendor: a key, and the limits that the vendor allows for that key.

    Lists of its teams are sent over it. It is never deleted, because answers may come long after a batch was sent.
    """

    name = models.CharField(max_length=60, unique=True)
    encrypted_key = models.CharField(max_length=500, editable=False)
    encrypted_earlier_key = models.CharField(
        max_length=500,
        blank=True,
        default="",
        editable=False,
        help_text="The key before the last change, which deliveries may still carry.",
    )
    teams = models.ManyToManyField(
        "accounts.Team", blank=True, related_name="vendor_accounts", help_text="Their lists are sent over this account."
    )
    items_in_flight = models.PositiveIntegerField(
        "people at once",
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="How many people may await an answer over this account. Empty: as many as ITEMS_IN_FLIGHT says.",
    )
    calls_per_second = models.PositiveSmallIntegerField(
        default=10, validators=[MinValueValidator(1)], help_text="How many batches may be sent in one second."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    retired_at = models.DateTimeField(
        null=True, editable=False, help_text="Since when nothing is sent over it. Its deliveries are still accepted."
    )

    objects = VendorAccountQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("vendor-account", args=[self.pk])

    @property
    def key(self) -> str:
        """Return the API key. Raise CannotDecrypt if this host cannot decrypt it."""
        return self.decrypt(self.encrypted_key)

    @property
    def keys(self) -> list[str]:
        """Return the keys that deliveries may carry. Raise CannotDecrypt if this host cannot decrypt one of them."""
        return [self.decrypt(key) for key in (self.encrypted_key, self.encrypted_earlier_key) if key]

    def decrypt(self, key: str) -> str:
        try:
            return encryption.decrypt(key)
        except CannotDecrypt:
            raise CannotDecrypt(f"The key of the vendor account “{self.name}”") from None

    @property
    def max_in_flight(self) -> int:
        """How many people may await an answer over this account."""
        return self.items_in_flight or settings.ITEMS_IN_FLIGHT
