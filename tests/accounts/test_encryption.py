"""Stored secrets are encrypted, and their keys can be replaced."""

import io

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command

from accounts import encryption
from accounts.encryption import CannotDecrypt
from webhooks.models import Endpoint

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def create_endpoint():
    return Endpoint.objects.create(url="https://hooks.example.com/")


def reencrypt():
    output = io.StringIO()
    call_command("reencrypt", stdout=output)
    return output.getvalue()


def test_a_string_is_encrypted_and_decrypted(settings):
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    stored = encryption.encrypt("whsec_é")
    assert "whsec" not in stored
    assert encryption.decrypt(stored) == "whsec_é"
    assert encryption.encrypt("whsec_é") != stored


def test_the_first_key_encrypts_and_all_keys_decrypt(settings):
    derived = encryption.encrypt("text")
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    old = encryption.encrypt("text")
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    assert [encryption.decrypt(stored) for stored in (derived, old)] == ["text", "text"]
    assert Fernet(NEW).decrypt(encryption.encrypt("text")) == b"text"


@pytest.mark.parametrize("stored", ["", "whsec_plain", "gAAAAA", "é"])
def test_the_refusal_of_a_string_that_no_key_decrypts_says_what_to_set(stored):
    with pytest.raises(CannotDecrypt, match="Set FIELD_ENCRYPTION_KEYS"):
        encryption.decrypt(stored)


def test_an_earlier_secret_key_still_decrypts(settings):
    stored = encryption.encrypt("a secret")
    settings.EARLIER_SECRET_KEYS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-key"
    assert encryption.decrypt(stored) == "a secret"
    settings.EARLIER_SECRET_KEYS = []
    with pytest.raises(CannotDecrypt):
        encryption.decrypt(stored)


@pytest.mark.django_db
def test_a_key_is_replaced_without_losing_a_secret(settings):
    secrets = [create_endpoint().secret for _ in range(3)]
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    assert reencrypt() == "Secrets that are encrypted with the first key: 3.\n"
    settings.SECRET_KEY = "another-key"
    assert encryption.find_problem() == ""
    assert [endpoint.secret for endpoint in Endpoint.objects.all()] == secrets


@pytest.mark.django_db
def test_a_wrong_key_is_reported_at_the_start_and_by_the_command(settings):
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    create_endpoint()
    assert encryption.find_problem() == ""
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    assert encryption.find_problem().startswith("1 stored secret cannot be decrypted. Set FIELD_ENCRYPTION_KEYS")
    with pytest.raises(CommandError, match="cannot be decrypted"):
        reencrypt()
    assert Fernet(OLD).decrypt(Endpoint.objects.get().encrypted_secret)


@pytest.mark.django_db
def test_a_secret_that_is_replaced_in_the_meantime_is_not_overwritten(settings, monkeypatch):
    endpoint = create_endpoint()
    encrypt = encryption.encrypt

    def encrypt_after_replacement(text):
        Endpoint.objects.update(encrypted_secret=encrypt("whsec_new"))
        return encrypt(text)

    monkeypatch.setattr(encryption, "encrypt", encrypt_after_replacement)
    encryption.reencrypt()
    endpoint.refresh_from_db()
    assert endpoint.secret == "whsec_new"
