import pytest
from django.core.management import call_command

from batches import jobs
from batches.models import VendorKey
from batches.tracing import receivers, vendor_keys

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _key(settings):
    settings.REALESTATEAPI_KEY, settings.REALESTATEAPI_KEYS_ACCEPTED = "the-key", []


def test_the_first_key_remains_the_expected_one(settings):
    assert vendor_keys.is_expected_known()
    jobs.sweep()
    settings.REALESTATEAPI_KEY = "another"
    jobs.sweep()
    assert not vendor_keys.is_expected_known()


def test_the_key_itself_is_not_stored(settings):
    vendor_keys.expect()
    assert "the-key" not in VendorKey.objects.get().digest
    before = VendorKey.objects.get().digest
    settings.SECRET_KEY = "another"
    vendor_keys.expect()
    assert VendorKey.objects.get().digest != before


def test_a_rotation_excludes_no_host(settings):
    """Two hosts change one after the other from the old key, by accepting both, to the new one."""
    vendor_keys.expect()
    steps = [("the-key", ["the-new-key"]), ("the-new-key", ["the-key"])]
    for settings.REALESTATEAPI_KEY, settings.REALESTATEAPI_KEYS_ACCEPTED in steps:
        assert vendor_keys.is_expected_known()
        assert vendor_keys.is_accepted(b"the-key")
        assert vendor_keys.is_accepted(b"the-new-key")
    call_command("use_key")
    for settings.REALESTATEAPI_KEY, settings.REALESTATEAPI_KEYS_ACCEPTED in [*steps, ("the-new-key", [])]:
        assert vendor_keys.is_expected_known()
    assert not vendor_keys.is_accepted(b"the-key")


def test_starting_another_host_does_not_change_the_expected_key(settings):
    vendor_keys.expect()
    settings.REALESTATEAPI_KEY = "another"
    receivers.record_heartbeat("first:1", "first")
    vendor_keys.expect_if_alone("second")
    assert not vendor_keys.is_expected_known()
    vendor_keys.expect_if_alone("first")
    assert vendor_keys.is_expected_known()
