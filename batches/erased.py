"""Recognise people who were erased on request, by keyed hashes: nothing else about them is stored."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from django.conf import settings
from django.utils.crypto import salted_hmac

from batches.models import ErasedKey, ErasureRequest
from batches.statuses import SuppressionKind

Key = tuple[str, str]
"""The kind and key of an entry. The key of a person is a fingerprint; that of a contact is the phone or the email."""
ERASED_MESSAGE = "Erased on request."
SALT = "batches.erased"


def hash_key(key: Key, secret: str | bytes | None = None) -> str:
    """Return the hash of a key, which nobody can compute without SECRET_KEY."""
    return salted_hmac(SALT, "\x1f".join(key), secret=secret, algorithm="sha256").hexdigest()


def hash_with_all_secrets(key: Key) -> Iterator[str]:
    """Yield the hashes of a key with the current SECRET_KEY and the earlier ones."""
    for secret in [settings.SECRET_KEY, *settings.EARLIER_SECRET_KEYS]:
        yield hash_key(key, secret)


def find_erased(keys: Iterable[Key], since: datetime | None = None) -> set[Key]:
    """Return the keys that belong to people who were erased, at any time or since `since`."""
    erased = ErasedKey.objects.filter(created_at__gte=since) if since else ErasedKey.objects.all()
    if not erased.exists():
        return set()
    by_digest = {digest: key for key in keys for digest in hash_with_all_secrets(key)}
    found = erased.filter(digest__in=list(by_digest)).values_list("digest", flat=True)
    return {by_digest[digest] for digest in found}


def remember(request: ErasureRequest, keys: Iterable[Key]) -> None:
    """Store the hashes of keys, so that the person is recognised in later lists."""
    ErasedKey.objects.bulk_create(
        (ErasedKey(request=request, kind=key[0], digest=hash_key(key)) for key in sorted(keys)), ignore_conflicts=True
    )


class ErasedContacts:
    """The phones or emails that no export may contain: those in plain text, and those of erased people, as hashes."""

    def __init__(self, kind: SuppressionKind, plain: set[str]) -> None:
        self.kind, self.plain = kind, plain
        self.digests = set(ErasedKey.objects.filter(kind=kind).values_list("digest", flat=True))

    def __bool__(self) -> bool:
        return bool(self.plain or self.digests)

    def __contains__(self, contact: object) -> bool:
        if contact in self.plain:
            return True
        return (
            isinstance(contact, str)
            and bool(self.digests)
            and not self.digests.isdisjoint(hash_with_all_secrets((self.kind.value, contact)))
        )
