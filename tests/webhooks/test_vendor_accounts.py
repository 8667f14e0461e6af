"""Administrators add, change, hold and retire vendor accounts, and no page shows a key."""

import re
from datetime import timedelta

import pytest
import responses
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import encryption
from accounts.models import AuditEntry, Team
from accounts.rights import RightMissing, Role
from batches.models import Batch, Item, SendingBlock, VendorAccount
from batches.statuses import BatchStatus, Outcome
from batches.tracing import vendor_accounts, vendor_keys
from batches.tracing.vendor_accounts import AccountDetails
from tests.factories import people
from tests.support.pages import read_rows
from webhooks import tasks, vendor_key
from webhooks.management.commands import check_setup
from webhooks.models import KeyCheck

pytestmark = pytest.mark.django_db
URL = "https://vendor.example/v2/key/info"
LIVE = {"keyType": "live", "scopes": ["SkipTraceBatch", "SkipTrace"]}
PAGE = "/settings/vendor-accounts/"


@pytest.fixture(autouse=True)
def _vendor_settings(settings):
    settings.REALESTATEAPI_URL, settings.REALESTATEAPI_KEY = "https://vendor.example", "the-default-key"
    settings.IS_SANDBOX = False


@pytest.fixture
def vendor():
    """Return a mock of the vendor, who accepts every key."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.get(URL, json=LIVE)
        yield mock


@pytest.fixture
def erin(make_user):
    return make_user("erin", Role.ADMINISTRATOR)


@pytest.fixture
def administrator(client, erin):
    """Return Django's test client, logged in as an administrator."""
    client.force_login(erin)
    return client


def post(client, address, **form):
    """Post a form, and return the page that follows, as words with one space between them."""
    response = client.post(address, form, follow=True)
    return " ".join(response.content.decode().split())


def list_audited():
    return list(AuditEntry.objects.order_by("pk").values_list("detail", flat=True))


def list_rows(client):
    """Return the text of each row of the list of accounts."""
    return read_rows(client.get(PAGE))[1:]


def list_states(client):
    """Return the states in the list of accounts."""
    return [re.search("In use|Held|Retired", row)[0] for row in list_rows(client)]


def named(last_name):
    """Return the rows of people with this last name, so that they are in no other list of the test."""
    return people(12, **{"Last Name": last_name})


DETAILS = {"name": "East", "calls_per_second": 5, "items_in_flight": 2000}


def test_an_account_is_added_with_its_teams_limits_and_key(administrator, vendor, erin):
    team = Team.objects.get(name="Herndon")
    page = post(administrator, f"{PAGE}new/", **DETAILS, teams=[team.pk], key="the-key-of-east")
    assert "The lists of its teams are sent over it from now on" in page
    account = VendorAccount.objects.get()
    assert (account.name, account.calls_per_second, account.items_in_flight) == ("East", 5, 2000)
    assert (list(account.teams.all()), account.created_by) == ([team], erin)
    assert account.key == "the-key-of-east"
    assert "the-key-of-east" not in account.encrypted_key
    assert vendor.calls[0].request.headers["x-api-key"] == "the-key-of-east"
    assert list_audited() == [f"Added: vendor account {account.pk} (East)"]
    assert list_rows(administrator)[1].startswith("East In use Herndon")
    listed = administrator.get(PAGE).content.decode()
    assert "the-key-of-east" not in listed + administrator.get(account.get_absolute_url()).content.decode()


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"key": "the-default-key"}, "a key of the default account"),
        ({"key": "key-of-West"}, "Another account has this key"),
        ({"key": "the-earlier-key"}, "Another account has this key"),
        ({"key": "two words"}, "without spaces"),
        ({"key": "ключ"}, "without spaces"),
        ({"key": ""}, "This field is required"),
        ({"name": "West"}, "already exists"),
        ({"name": "default account"}, "set on the server"),
        ({"name": "Default"}, "set on the server"),
        ({"calls_per_second": 11}, "The vendor accepts 10 in one second"),
        ({"calls_per_second": 0}, "greater than or equal to 1"),
        ({"items_in_flight": 0}, "greater than or equal to 1"),
    ],
)
@pytest.mark.usefixtures("vendor")
def test_an_account_that_cannot_be_right_is_refused(administrator, make_account, changes, problem):
    make_account("West", encrypted_earlier_key=encryption.encrypt("the-earlier-key"))
    response = administrator.post(f"{PAGE}new/", DETAILS | {"key": "the-key-of-east"} | changes)
    assert response.status_code == 422
    assert problem in response.content.decode()
    assert VendorAccount.objects.count() == 1
    assert list_audited() == []


def test_the_page_says_if_the_vendor_refuses_a_new_key(administrator, make_account, vendor):
    account = make_account("East")
    vendor.replace("GET", URL, status=401, json={"error": "Invalid API key"})
    page = post(administrator, f"{account.get_absolute_url()}key/", key="a-wrong-key")
    assert "The vendor refuses this key." in page
    assert KeyCheck.objects.get().result == KeyCheck.Result.REFUSED
    assert (
        "Vendor account “East”: The vendor refuses the API key." in administrator.get("/uploads/new/").content.decode()
    )


def test_the_form_says_what_to_do_without_teams(administrator):
    no_teams = "There are no teams yet."
    Team.objects.all().delete()
    assert no_teams in administrator.get(f"{PAGE}new/").content.decode()
    Team.objects.create(name="Reston")
    assert no_teams not in administrator.get(f"{PAGE}new/").content.decode()


def test_an_account_is_changed(administrator, make_account):
    account = make_account("East", "Herndon")
    assert "Saved." in post(administrator, account.get_absolute_url(), name="West", calls_per_second=3)
    account.refresh_from_db()
    assert (account.name, account.calls_per_second, account.items_in_flight) == ("West", 3, None)
    assert not account.teams.exists()
    assert account.key == "key-of-East"
    assert list_audited() == [f"Changed: vendor account {account.pk} (West)"]


@pytest.mark.usefixtures("vendor")
def test_a_key_is_replaced_and_the_earlier_one_ended(administrator, make_account):
    account = make_account("East")
    assert "Key replaced" in post(administrator, f"{account.get_absolute_url()}key/", key="the-new-key")
    account.refresh_from_db()
    assert account.keys == ["the-new-key", "key-of-East"]
    post(administrator, f"{account.get_absolute_url()}end-earlier-key/")
    account.refresh_from_db()
    assert account.keys == ["the-new-key"]
    assert len(list_audited()) == 2


def test_a_key_that_was_replaced_by_mistake_is_used_again(make_account, erin):
    account = make_account("East")
    assert vendor_accounts.replace_key(account, "a-wrong-key", erin)
    account.refresh_from_db()
    assert vendor_accounts.replace_key(account, "key-of-East", erin)
    account.refresh_from_db()
    assert account.keys == ["key-of-East", "a-wrong-key"]
    with pytest.raises(vendor_accounts.KeyInUse, match="has this key already"):
        vendor_accounts.replace_key(account, "key-of-East", erin)


def test_of_two_replacements_at_once_the_second_changes_nothing(make_account, erin):
    account = make_account("East")
    stale = VendorAccount.objects.get(pk=account.pk)
    assert vendor_accounts.replace_key(account, "the-first", erin)
    assert not vendor_accounts.replace_key(stale, "the-second", erin)
    assert VendorAccount.objects.get().keys == ["the-first", "key-of-East"]


def test_an_unreadable_key_can_be_replaced_and_is_not_kept(make_account, erin, settings):
    account = make_account("East")
    settings.SECRET_KEY = "another-secret-key-of-fifty-characters-or-more-0123456789"
    assert vendor_accounts.replace_key(account, "the-new-key", erin)
    assert VendorAccount.objects.get().keys == ["the-new-key"]


def test_an_account_is_held_until_sending_is_unblocked(administrator, make_account):
    account = make_account("East")
    for _ in range(2):
        post(administrator, f"{account.get_absolute_url()}hold/")
    block = SendingBlock.objects.get()
    assert block.account == account
    assert list_states(administrator) == ["In use", "Held"]
    for address in ("/", "/settings/sending/", account.get_absolute_url()):
        assert "Nothing is being sent over the vendor account “East”" in administrator.get(address).content.decode()
    administrator.post(f"/sending-blocks/{block.pk}/unblock/")
    assert list_states(administrator) == ["In use", "In use"]


def test_an_account_is_retired_and_used_again(administrator, make_account):
    account = make_account("East", "Herndon")
    page = administrator.get(account.get_absolute_url()).content.decode()
    assert "Lists of Herndon are then sent, and paid for, over the default account." in page
    make_account("West", "Herndon")
    assert "over the default account" not in administrator.get(account.get_absolute_url()).content.decode()
    assert "Account retired" in post(administrator, f"{account.get_absolute_url()}retire/")
    post(administrator, f"{account.get_absolute_url()}retire/")
    assert list_states(administrator) == ["In use", "In use", "Retired"]
    post(administrator, f"{account.get_absolute_url()}reinstate/")
    assert VendorAccount.objects.active().count() == 2
    assert len(list_audited()) == 2


def test_the_list_shows_the_use_of_each_account_and_the_default_one_first(
    administrator, make_account, start_upload, settings
):
    settings.ITEMS_IN_FLIGHT = 1234
    east = make_account("East", "Herndon", items_in_flight=20, calls_per_second=3)
    make_account("Before", retired_at=timezone.now())
    now = timezone.now()
    batches = {account: start_upload(named(name)).batches.get() for account, name in ((east, "Cole"), (None, "Dale"))}
    for account, batch in batches.items():
        at_vendor = {"status": BatchStatus.ACKNOWLEDGED, "submitted_at": now, "acknowledged_at": now}
        Batch.objects.filter(pk=batch.pk).update(account=account, **at_vendor)
    # One result each now, and one for the default account that is older than a minute.
    first, second = batches[None].items.all()[:2]
    answered = batches[east].items.all()[:3]
    for items, at in (([first], now), ([second], now - timedelta(minutes=2)), (answered, now)):
        Item.objects.filter(pk__in=[item.pk for item in items]).update(outcome=Outcome.MATCHED, answered_at=at)
    assert list_rows(administrator) == [
        "Default account In use All others 10 1 1,234 10",
        "East In use Herndon 9 3 20 3",
        "Before Retired — 0 0 1,234 10",
    ]
    assert "9 people awaited" in administrator.get(east.get_absolute_url()).content.decode()


def test_the_default_account_is_listed_without_others_too(administrator):
    [row] = list_rows(administrator)
    assert row.startswith("Default account In use All others")


@pytest.mark.parametrize(
    ("block", "states"),
    [
        ({"is_for_default_account": True}, ["Held", "In use", "Retired"]),
        ({}, ["Held", "Held", "Retired"]),
        ({"unblocked_at": timezone.now()}, ["In use", "In use", "Retired"]),
    ],
)
def test_the_list_says_over_which_accounts_nothing_is_sent(administrator, make_account, block, states):
    make_account("East", "Herndon")
    make_account("Before", retired_at=timezone.now())
    SendingBlock.objects.create(reason="The key is refused.", **block)
    assert list_states(administrator) == states


def test_only_administrators_do_anything_with_accounts(make_account, alice):
    account = make_account("East")
    details = AccountDetails("West", [], None, 1)
    for act in (
        lambda: vendor_accounts.add(details, "a-key", alice),
        lambda: vendor_accounts.change(account, details, alice),
        lambda: vendor_accounts.replace_key(account, "a-key", alice),
        lambda: vendor_accounts.end_earlier_key(account, alice),
        lambda: vendor_accounts.hold(account, alice),
        lambda: vendor_accounts.retire(account, alice),
        lambda: vendor_accounts.reinstate(account, alice),
    ):
        with pytest.raises(RightMissing):
            act()
    assert list_audited() == []


def test_the_list_makes_as_many_queries_for_one_account_as_for_three(
    administrator, make_account, django_assert_num_queries
):
    make_account("East", "Herndon")
    with CaptureQueriesContext(connection) as queries:
        administrator.get(PAGE)
    for name in ("West", "North"):
        make_account(name, "Herndon")
    with django_assert_num_queries(len(queries)):
        administrator.get(PAGE)


def test_the_vendor_is_asked_about_each_key_once_a_day(make_account, vendor):
    make_account("East")
    make_account("Retired", retired_at=timezone.now())
    tasks.check_vendor_key.__wrapped__()
    assert [call.request.headers["x-api-key"] for call in vendor.calls] == ["the-default-key", "key-of-East"]
    assert vendor_key.list_due(timezone.now()) == []


def test_a_host_that_cannot_decrypt_a_key_is_not_ready(client, make_account, settings):
    make_account("East")
    message = "This host cannot decrypt the key of the vendor account “East”"
    assert message not in client.get("/readyz").content.decode()
    settings.SECRET_KEY = "another-secret-key-of-fifty-characters-or-more-0123456789"
    response = client.get("/readyz")
    assert (response.status_code, message in response.content.decode()) == (503, True)
    with pytest.raises(check_setup.Problem, match=message):
        check_setup.check_accounts()


def test_the_setup_is_checked_with_the_key_of_each_account(make_account, vendor):
    assert check_setup.check_accounts() == "none besides the one of REALESTATEAPI_KEY"
    make_account("East")
    assert check_setup.check_accounts() == "the vendor accepts East"
    vendor.replace("GET", URL, status=500)
    assert check_setup.check_accounts() == "East; the vendor does not say about East"
    vendor.replace("GET", URL, status=401, json={})
    with pytest.raises(check_setup.Problem, match="The vendor refuses the key of “East”"):
        check_setup.check_accounts()


def test_keys_of_accounts_are_encrypted_again(make_account, settings):
    account = make_account("East", encrypted_earlier_key=encryption.encrypt("the-earlier-key"))
    settings.FIELD_ENCRYPTION_KEYS = [encryption.derive_key("a new key")]
    call_command("reencrypt")
    settings.SECRET_KEY, settings.EARLIER_SECRET_KEYS = "another", []
    account.refresh_from_db()
    assert account.keys == ["key-of-East", "the-earlier-key"]


def test_the_reconciliation_names_accounts_if_there_are_several(administrator, make_account, finish_upload):
    upload = finish_upload(12)
    assert "Vendor account" not in administrator.get("/reconciliation/?by=list").content.decode()
    account = make_account("East")
    Batch.objects.update(account=account)
    page = administrator.get("/reconciliation/?by=account").content.decode()
    assert f"account={account.pk}" in page
    assert ">East<" in page
    assert "Default account" not in page
    assert str(upload.batches.get()) in administrator.get(f"/reconciliation/?account={account.pk}").content.decode()
    assert str(upload.batches.get()) not in administrator.get("/reconciliation/?account=0").content.decode()
    exported = administrator.get("/reconciliation/export/?by=account")
    assert b"East" in b"".join(exported.streaming_content)


def test_metrics_name_accounts_if_there_are_several(client, make_account):
    assert b"skipportal_account" not in client.get("/metrics").content
    account = make_account("East")
    SendingBlock.objects.create(reason="Held.", account=account)
    text = client.get("/metrics").content.decode()
    assert 'skipportal_account_blocked{account="East"} 1.0' in text
    assert 'skipportal_account_blocked{account="default"} 0.0' in text
    assert 'skipportal_account_people_in_flight{account="East"} 0.0' in text
    assert "skipportal_sending_blocked 0.0" in text


def test_the_page_of_a_batch_names_its_account(administrator, make_account, finish_upload):
    batch = finish_upload(12).batches.get()
    assert "Sent over" not in administrator.get(batch.get_absolute_url()).content.decode()
    Batch.objects.update(account=make_account("East"))
    assert "Sent over the vendor account “East”" in administrator.get(batch.get_absolute_url()).content.decode()


def test_keys_of_retired_accounts_are_loaded_too(make_account):
    account = make_account("East", retired_at=timezone.now())
    vendor_keys.load_account_keys()
    assert vendor_keys.find_senders(b"key-of-East") == {account.pk}
    assert vendor_keys.find_senders(b"the-default-key") == {None}
    assert vendor_keys.find_senders(b"key-of-east") == frozenset()
