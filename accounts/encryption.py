"""Encrypt secrets that skipportal stores in the database and must be able to read again, such as those of endpoints.

The keys are `settings.FIELD_ENCRYPTION_KEYS`: the first one encrypts, and all of them decrypt. Those derived from
SECRET_KEY and EARLIER_SECRET_KEYS come last, so SECRET_KEY encrypts if there is no other. Secrets are decrypted only
where they are used, so a wrong key stops neither pages nor jobs.
"""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.apps import apps
from django.conf import settings
from django.db.models import Model
from django.utils.crypto import salted_hmac

PURPOSE = "accounts.encryption"
REMEDY = "Set FIELD_ENCRYPTION_KEYS (or SECRET_KEY, from which the default key is derived) as it was before."
AUTHENTICATOR_SECRETS = {"secret", "seed"}
"""The keys in the data of django-allauth's authenticators that hold an app's secret or the seed of recovery codes."""
encrypted_fields: list[tuple[str, str]] = []
"""Pairs of a model and its field that holds encrypted secrets. Each app adds its own when it is loaded."""


class CannotDecrypt(Exception):
    """None of the keys decrypts a secret. The message says what to do, and may be shown to administrators."""

    def __init__(self, what: str = "A stored secret") -> None:
        super().__init__(f"{what} cannot be decrypted. {REMEDY}")


def make_cipher() -> MultiFernet:
    derived = map(derive_key, [settings.SECRET_KEY, *settings.EARLIER_SECRET_KEYS])
    return MultiFernet([Fernet(key) for key in [*settings.FIELD_ENCRYPTION_KEYS, *derived]])


def derive_key(secret: str) -> str:
    """Return the encryption key that is derived from a secret key."""
    derived = salted_hmac(PURPOSE, "", secret=secret, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(derived).decode()


def encrypt(text: str) -> str:
    """Return a string encrypted with the first key."""
    return make_cipher().encrypt(text.encode()).decode()


def decrypt(stored: str) -> str:
    """Return the string that was encrypted. Raise CannotDecrypt if none of the keys decrypts it."""
    try:
        return make_cipher().decrypt(stored.encode()).decode()
    except InvalidToken:
        raise CannotDecrypt from None


def register(model: str, field: str) -> None:
    """Add a field that holds encrypted secrets, such as ("webhooks.Endpoint", "encrypted_secret")."""
    encrypted_fields.append((model, field))


@dataclass(frozen=True)
class StoredSecret:
    """An encrypted secret in the database: in a field, or under a name in a JSON field."""

    model: type[Model]
    pk: int
    field: str
    value: Any
    """The whole value of the field."""
    name: str = ""
    """The secret's name in a JSON field."""

    @property
    def encrypted(self) -> str:
        return self.value[self.name] if self.name else self.value

    def replace(self, encrypted: str) -> None:
        """Store the re-encrypted secret.

        If the field has changed since it was read, leave it: the change was encrypted with the first key.
        """
        changed = self.value | {self.name: encrypted} if self.name else encrypted
        self.model._default_manager.filter(**{"pk": self.pk, self.field: self.value}).update(**{self.field: changed})


def find_secrets() -> Iterator[StoredSecret]:
    """Yield every encrypted secret that is stored."""
    for model_name, field in encrypted_fields:
        model = apps.get_model(model_name)
        for pk, stored in model._default_manager.exclude(**{field: ""}).values_list("pk", field).order_by("pk"):
            yield StoredSecret(model, pk, field, stored)
    authenticators = apps.get_model("mfa.Authenticator")
    for pk, data in authenticators._default_manager.values_list("pk", "data").order_by("pk"):
        for name in AUTHENTICATOR_SECRETS & data.keys():
            yield StoredSecret(authenticators, pk, "data", data, name)


def find_problem() -> str:
    """Return a sentence about what is wrong with the keys, or "" if they decrypt everything that is stored."""
    count = 0
    for stored in find_secrets():
        try:
            decrypt(stored.encrypted)
        except CannotDecrypt:
            count += 1
    if not count:
        return ""
    return f"{count} stored {'secret' if count == 1 else 'secrets'} cannot be decrypted. {REMEDY}"


def reencrypt() -> int:
    """Encrypt every stored secret again with the first key. Return the number of secrets.

    Raise CannotDecrypt at the first secret that none of the keys decrypts.
    """
    count = 0
    for stored in find_secrets():
        stored.replace(encrypt(decrypt(stored.encrypted)))
        count += 1
    return count
