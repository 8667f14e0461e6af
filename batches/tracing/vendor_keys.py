"""The API keys that the vendor's deliveries may carry, and the one that all hosts must know.

The database holds the digest of one key of the default account, the expected one. A host that neither uses nor accepts
that key would refuse answers that have been paid for. The keys of the other accounts are in the database, encrypted. A
delivery must carry a key of the account that its batch was sent over.
"""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from django.conf import settings
from django.utils.crypto import salted_hmac

from accounts.encryption import CannotDecrypt
from batches.models import Batch, Receiver, VendorAccount, VendorKey
from batches.vendor import client, protocol


@dataclass(frozen=True)
class KeyReport:
    """The result of asking the vendor about one of our keys."""

    is_accepted: bool | None
    """None if the vendor did not say."""
    problem: str = ""
    """Why the key is not accepted, or not known."""
    info: protocol.KeyInfo | None = None

    @property
    def was_unreachable(self) -> bool:
        return self.problem == client.UNREACHABLE


def ask_about_key(key: str) -> KeyReport:
    """Ask the vendor what one of our keys may be used for. This costs nothing, and takes at most a few seconds."""
    try:
        return KeyReport(True, info=client.fetch_key_info(key))
    except client.VendorUnauthorised as problem:
        return KeyReport(False, str(problem))
    except client.VendorError as problem:
        return KeyReport(None, str(problem))


def read_key(account: VendorAccount | None) -> str:
    """Return the key to send with over an account. Raise CannotDecrypt if this host cannot decrypt it."""
    return account.key if account else settings.REALESTATEAPI_KEY


def find_unreadable() -> list[str]:
    """Return the names of the accounts with a key that this host cannot decrypt."""
    return [account.name for account in VendorAccount.objects.all() if not list_keys(account)]


def list_keys(account: VendorAccount) -> list[str]:
    """Return the keys that deliveries for an account's batches may carry, or none if one cannot be decrypted."""
    try:
        return account.keys
    except CannotDecrypt:
        return []


# Deliveries

MAX_KNOWN_ACCOUNTS = 10_000
"""Maximum number of batches whose accounts a process remembers."""

known_accounts: dict[str, int | None] = {}
"""Token → account of a batch that has been sent, which never changes."""
account_keys: list[tuple[bytes, int]] = []
"""The keys that deliveries may carry besides those in the environment, as last loaded, with their accounts."""

loading = Lock()
"""Keeps a thread from replacing keys by those that it has read before another thread did."""


def load_account_keys() -> None:
    """Load the keys of all accounts. Batches of retired accounts may still be answered."""
    with loading:
        accounts = VendorAccount.objects.all()
        account_keys[:] = [(key.encode(), account.pk) for account in accounts for key in list_keys(account)]


def list_accepted() -> list[str]:
    """Return the keys that deliveries may carry for the default account: the one in use, and older or newer ones."""
    return [settings.REALESTATEAPI_KEY, *settings.REALESTATEAPI_KEYS_ACCEPTED]


def find_senders(given: bytes) -> frozenset[int | None]:
    """Return the accounts that a delivery's key belongs to, as far as keys are loaded. None is the default account.

    Take the same time for any key, so that keys cannot be guessed.
    """
    keys: list[tuple[bytes, int | None]] = [(key.encode(), None) for key in list_accepted()]
    # A list, because a generator would stop at the first match.
    matches = [(hmac.compare_digest(given, key), account) for key, account in [*keys, *account_keys]]
    return frozenset(account for is_same, account in matches if is_same)


def is_accepted(given: bytes) -> bool:
    """Return whether a delivery's key is one of ours."""
    return bool(find_senders(given))


def find_required_accounts(tokens: Iterable[str]) -> dict[str, int | None]:
    """Return token → account whose key a delivery must carry, for the batches with these tokens.

    A batch is left out if it has not been sent as far as this database knows, or has been in doubt: it may have been
    sent over any account. What is known never changes, so it is remembered.
    """
    wanted = set(tokens)
    required = {token: known_accounts[token] for token in wanted if token in known_accounts}
    unknown = wanted - required.keys()
    if unknown:
        sent = Batch.objects.filter(token__in=unknown, submitted_at__isnull=False, doubted_at=None).order_by()
        found = dict(sent.values_list("token", "account"))
        if len(known_accounts) + len(found) > MAX_KNOWN_ACCOUNTS:
            known_accounts.clear()
        known_accounts.update(found)
        required |= found
    return required


# The key of the default account


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
