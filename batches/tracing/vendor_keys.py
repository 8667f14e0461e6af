"""The API keys that the vendor's deliveries may carry, and the one that all hosts must know.

The database holds the digest of one key, the expected one. A host that neither uses nor accepts that key would refuse
answers that have been paid for.
"""

import hmac
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.crypto import salted_hmac

from batches.models import Receiver, VendorKey
from batches.vendor import client, protocol


@dataclass(frozen=True)
class KeyReport:
    """The result of asking the vendor about our key."""

    is_accepted: bool | None
    """None if the vendor did not say."""
    problem: str = ""
    """Why the key is not accepted, or not known."""
    info: protocol.KeyInfo | None = None


def ask_about_own_key() -> KeyReport:
    """Ask the vendor what our key may be used for. This costs nothing, and takes at most a few seconds."""
    try:
        return KeyReport(True, info=client.fetch_key_info())
    except client.VendorUnauthorised as problem:
        return KeyReport(False, str(problem))
    except client.VendorError as problem:
        return KeyReport(None, str(problem))


def list_accepted() -> list[str]:
    """Return the keys that deliveries may carry: the one that we use, and older or newer ones."""
    return [settings.REALESTATEAPI_KEY, *settings.REALESTATEAPI_KEYS_ACCEPTED]


def is_accepted(given: bytes) -> bool:
    """Return whether a delivery's key is accepted. Take the same time for any key, so that keys cannot be guessed."""
    # A list, because a generator would stop at the first match.
    matches = [hmac.compare_digest(given, key.encode()) for key in list_accepted()]
    return any(matches)


def key_digest(key: str) -> str:
    """Return the digest of a key that is stored. Nobody can derive the key from it without SECRET_KEY."""
    return salted_hmac("skipportal.vendor_key", key, algorithm="sha256").hexdigest()


def expect_own_key() -> None:
    """Make this host's key the expected one."""
    VendorKey.replace(digest=key_digest(settings.REALESTATEAPI_KEY))


def expect_own_key_if_none(_now: datetime) -> None:
    """Expect this host's key if no key is expected yet."""
    if not VendorKey.objects.exists():
        expect_own_key()


def expect_own_key_if_alone(host: str) -> None:
    """Expect this host's key unless receivers of another host are alive, whose key may be the right one."""
    if not Receiver.objects.alive().exclude(host=host).exists():
        expect_own_key()


def is_expected_key_known() -> bool:
    """Return whether this host uses or accepts the expected key."""
    expected = VendorKey.objects.first()
    return expected is None or expected.digest in map(key_digest, list_accepted())
