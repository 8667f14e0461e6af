"""The API keys that the vendor's deliveries may carry, and the one that all hosts must know.

The database holds the digest of one key, the expected one. A host that neither holds nor accepts that key would refuse
answers that were paid for.
"""

import hmac
from datetime import datetime

from django.conf import settings
from django.db.models.functions import Now
from django.utils.crypto import salted_hmac

from batches.models import Receiver, VendorKey


def list_accepted() -> list[str]:
    """Return the keys that deliveries may carry: ours, and older or newer ones."""
    return [settings.REALESTATEAPI_KEY, *settings.REALESTATEAPI_KEYS_ACCEPTED]


def is_accepted(given: bytes) -> bool:
    """Return whether a delivery's key is accepted, in constant time."""
    # A list compares with all keys; a generator would stop at the first match.
    matches = [hmac.compare_digest(given, key.encode()) for key in list_accepted()]
    return any(matches)


def key_digest(key: str) -> str:
    """Return the digest to store. Nobody can guess keys from it without SECRET_KEY."""
    return salted_hmac("skipportal.vendor_key", key, algorithm="sha256").hexdigest()


def expect() -> None:
    """Make this host's key the expected one."""
    changes = {"digest": key_digest(settings.REALESTATEAPI_KEY), "since": Now()}
    if not VendorKey.objects.filter(pk=VendorKey.ONLY).update(**changes):
        VendorKey.objects.get_or_create(pk=VendorKey.ONLY, defaults=changes)


def expect_first(_now: datetime) -> None:
    """Expect this host's key if no key is expected yet."""
    if not VendorKey.objects.exists():
        expect()


def expect_if_alone(host: str) -> None:
    """Expect this host's key unless receivers of another host are alive, whose key may be the right one."""
    if not Receiver.objects.alive().exclude(host=host).exists():
        expect()


def is_expected_known() -> bool:
    """Return whether this host holds or accepts the expected key."""
    expected = VendorKey.objects.first()
    return expected is None or expected.digest in map(key_digest, list_accepted())
