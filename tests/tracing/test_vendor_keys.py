"""The expected key of the vendor is known to every host, even while it is rotated."""

import pytest
from django.core.management import call_command

from batches import jobs
from batches.models import VendorKey
from batches.tracing import receivers, vendor_keys

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _key(settings):
    settings.REALESTATEAPI_KEY, settings.REALESTATEAPI_KEYS_ACCEPTED = "the-key", []


def test_the_first_key_stays_the_expected_one_when_a_setting_changes(settings):
    assert vendor_keys.is_expected_key_known()
    jobs.sweep()
    settings.REALESTATEAPI_KEY = "another"
    jobs.sweep()
    assert not vendor_keys.is_expected_key_known()


def test_the_key_itself_is_not_stored(settings):
    vendor_keys.expect_own_key()
    assert "the-key" not in VendorKey.objects.get().digest
    before = VendorKey.objects.get().digest
    settings.SECRET_KEY = "another"
    vendor_keys.expect_own_key()
    assert VendorKey.objects.get().digest != before


def test_every_host_knows_the_expected_key_during_a_rotation(settings):
    """The hosts change one after the other: first they accept both keys, then they send with the new one."""
    vendor_keys.expect_own_key()
    steps = [("the-key", ["the-new-key"]), ("the-new-key", ["the-key"])]
    for key, also_accepted in steps:
        settings.REALESTATEAPI_KEY, settings.REALESTATEAPI_KEYS_ACCEPTED = key, also_accepted
        assert vendor_keys.is_expected_key_known()
        assert vendor_keys.is_accepted(b"the-key")
        assert vendor_keys.is_accepted(b"the-new-key")
    call_command("use_key")
    for key, also_accepted in [*steps, ("the-new-key", [])]:
        settings.REALESTATEAPI_KEY, settings.REALESTATEAPI_KEYS_ACCEPTED = key, also_accepted
        assert vendor_keys.is_expected_key_known()
    assert not vendor_keys.is_accepted(b"the-key")


def test_starting_another_host_does_not_change_the_expected_key(settings):
    vendor_keys.expect_own_key()
    settings.REALESTATEAPI_KEY = "another"
    receivers.record_heartbeat("first:1", "first")
    vendor_keys.expect_own_key_if_alone("second")
    assert not vendor_keys.is_expected_key_known()
    vendor_keys.expect_own_key_if_alone("first")
    assert vendor_keys.is_expected_key_known()
