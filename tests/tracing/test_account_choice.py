"""Each list is sent over an account of its team, and each account has its own pace, limit and blocks."""

import json
from datetime import timedelta

import pytest
import responses
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Team
from accounts.rights import Role
from batches import counters
from batches.models import Batch, Event, Item, SendingBlock, VendorAccount
from batches.statuses import BatchStatus, Outcome
from batches.tracing import account_choice, closing, decisions, dispatch, filing, packing, vendor_accounts, vendor_keys
from batches.vendor import protocol
from tests.factories import answer_for, people

pytestmark = pytest.mark.django_db
BATCH_URL = "https://vendor.example/v1/SkipTraceBatch"


@pytest.fixture(autouse=True)
def _vendor_settings(settings):
    settings.REALESTATEAPI_URL, settings.REALESTATEAPI_KEY = "https://vendor.example", "the-default-key"


@pytest.fixture
def vendor():
    """Return a mock of the vendor that accepts every batch."""

    def acknowledge(request):
        skips = json.loads(request.body)["skips"]
        ids = [{"key": skip["key"], "batchRequestId": f"r{skip['key']}"} for skip in skips]
        return 200, {}, json.dumps({"batchId": "v", "receiveCount": len(skips), "batchRequestIds": ids})

    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.add_callback("POST", BATCH_URL, acknowledge)
        yield mock


@pytest.fixture
def fairfax(make_user):
    """Return a user of another team than alice, who is in Herndon."""
    return make_user("fay", Role.LEAD, team="Fairfax")


def refresh(batch):
    return Batch.objects.select_related("account").get(pk=batch.pk)


def named(last_name, count=12):
    """Return the rows of people with this last name, so that they are in no other list of the test."""
    return people(count, **{"Last Name": last_name})


def send_next(now=None):
    """Send what may be sent now. Return the names of the accounts that it was sent over, in order."""
    chosen = dispatch.choose_batches(now or timezone.now())
    for batch_id in chosen:
        dispatch.submit_batch(batch_id)
    sent = Batch.objects.in_bulk(chosen)
    return [str(sent[pk].account or "default") for pk in chosen if sent[pk].status != BatchStatus.PLANNED]


def used_keys(vendor):
    return [call.request.headers["x-api-key"] for call in vendor.calls]


def fail_next_call(vendor, **reply):
    """Have the vendor answer the next calls differently."""
    vendor.reset()
    vendor.post(BATCH_URL, **reply)


def test_a_list_is_sent_over_the_account_of_its_team(start_upload, make_account, vendor):
    account = make_account("Herndon's", "Herndon")
    batch = start_upload(12).batches.get()
    dispatch.submit_batch(batch.pk)
    batch = refresh(batch)
    assert (batch.status, batch.account) == (BatchStatus.ACKNOWLEDGED, account)
    assert used_keys(vendor) == ["key-of-Herndon's"]
    counted = {"account": "Herndon's", "result": "accepted"}
    assert counters.REGISTRY.get_sample_value("skipportal_vendor_calls_total", counted)


def test_lists_of_other_teams_are_sent_over_the_default_account(start_upload, make_account, vendor):
    make_account("Fairfax's", "Fairfax")
    make_account("Nobody's")
    batch = start_upload(12).batches.get()
    dispatch.submit_batch(batch.pk)
    assert refresh(batch).account is None
    assert used_keys(vendor) == ["the-default-key"]


def test_one_person_is_sent_over_the_account_of_the_team(start_upload, make_account):
    account = make_account("Herndon's", "Herndon")
    item = start_upload(1).items.get()
    with responses.RequestsMock() as vendor:
        vendor.post("https://vendor.example/v1/SkipTrace", body=answer_for(item))
        dispatch.submit_batch(item.batch_id)
        assert used_keys(vendor) == ["key-of-Herndon's"]
    assert Batch.objects.get(pk=item.batch_id).account == account


@pytest.mark.usefixtures("vendor")
def test_batches_go_to_the_account_with_the_most_room(start_upload, make_account):
    make_account("large", "Herndon", items_in_flight=40)
    make_account("small", "Herndon", items_in_flight=20)
    for name in ("Brooks", "Cole", "Doyle", "Evans", "Frost", "Gray"):
        start_upload(named(name))
    assert send_next() == ["large", "large", "small", "large"]
    assert send_next() == []


@pytest.mark.usefixtures("vendor")
def test_each_account_has_its_own_limit_on_people(start_upload, make_account, fairfax, settings):
    settings.ITEMS_IN_FLIGHT = 12
    make_account("Fairfax's", "Fairfax", items_in_flight=24)
    for name in ("Brooks", "Cole", "Doyle"):
        start_upload(named(name))
        start_upload(named(f"{name}man"), user=fairfax)
    assert sorted(send_next()) == ["Fairfax's", "Fairfax's", "default"]
    assert send_next() == []


@pytest.mark.usefixtures("vendor")
def test_each_account_has_its_own_number_of_calls_in_a_second(start_upload, make_account, fairfax):
    make_account("Fairfax's", "Fairfax", calls_per_second=1)
    for name in ("Brooks", "Cole"):
        start_upload(named(name))
        start_upload(named(f"{name}man"), user=fairfax)
    now = timezone.now()
    assert sorted(send_next(now)) == ["Fairfax's", "default", "default"]
    assert send_next(now) == []
    assert send_next(timezone.now() + account_choice.ONE_SECOND) == ["Fairfax's"]


@pytest.mark.usefixtures("vendor")
def test_a_large_batch_is_not_overtaken_in_its_account(start_upload, make_account, fairfax):
    make_account("Fairfax's", "Fairfax", items_in_flight=40)
    start_upload(named("Brooks", 30), user=fairfax)
    assert send_next() == ["Fairfax's"]
    start_upload(named("Doyle", 30), user=fairfax)
    start_upload(named("Evans", 10), user=fairfax)
    start_upload(12)
    assert send_next() == ["default"]


def test_a_refused_key_blocks_only_its_account(start_upload, make_account, fairfax, vendor):
    make_account("Fairfax's", "Fairfax")
    waiting = start_upload(named("Brooks"), user=fairfax).batches.get()
    fail_next_call(vendor, status=401, json={"error": "Invalid API key"})
    dispatch.submit_batch(waiting.pk)
    block = SendingBlock.objects.get()
    assert (str(block.account), block.concerns_everything) == ("Fairfax's", False)
    assert "Fairfax's" in block.effect
    own = start_upload(12).batches.get()
    assert dispatch.choose_batches(timezone.now()) == [own.pk]
    dispatch.submit_batch(waiting.pk)
    assert len(vendor.calls) == 1
    decisions.unblock(block, None)
    assert waiting.pk in dispatch.choose_batches(timezone.now())


def test_a_refused_key_of_the_default_account_blocks_only_that_account(start_upload, make_account, fairfax, vendor):
    make_account("Fairfax's", "Fairfax")
    batch = start_upload(12).batches.get()
    fail_next_call(vendor, status=401, json={"error": "Invalid API key"})
    dispatch.submit_batch(batch.pk)
    assert not SendingBlock.objects.in_force(timezone.now()).of_everything().exists()
    other = start_upload(named("Brooks"), user=fairfax).batches.get()
    assert dispatch.choose_batches(timezone.now()) == [other.pk]
    dispatch.submit_batch(batch.pk)
    assert len(vendor.calls) == 1


def test_without_other_accounts_a_refused_key_blocks_everything(start_upload, vendor):
    batch = start_upload(12).batches.get()
    fail_next_call(vendor, status=401, json={"error": "Invalid API key"})
    dispatch.submit_batch(batch.pk)
    assert SendingBlock.objects.in_force(timezone.now()).of_everything().exists()


def test_a_daily_limit_counts_for_one_account(start_upload, make_account, vendor):
    make_account("first", "Herndon")
    make_account("second", "Herndon")
    for name in ("Brooks", "Cole"):
        start_upload(named(name))
    fail_next_call(vendor, status=429, json={"message": "You have reached your daily credit limit"})
    dispatch.submit_batch(dispatch.choose_batches(timezone.now())[0])
    block = SendingBlock.objects.get()
    assert block.until is not None
    usable = account_choice.load_accounts(timezone.now()).list_usable(Team.objects.get(name="Herndon").pk)
    assert usable == list(VendorAccount.objects.exclude(pk=block.account_id).values_list("pk", flat=True))


@pytest.mark.usefixtures("vendor")
def test_two_blocks_of_different_accounts_with_the_same_reason_end_separately(make_account):
    first, second = make_account("first"), make_account("second")
    for account in (first, second, None):
        dispatch.block_account(account, "The key is refused.")
        dispatch.block_account(account, "The key is refused.")
    assert SendingBlock.objects.count() == 3
    decisions.unblock(SendingBlock.objects.get(account=first), None)
    assert account_choice.find_blocked(timezone.now()) == {second.pk, None}


def test_a_batch_stays_with_its_account_when_the_team_changes_to_another(start_upload, make_account, vendor):
    first, second = make_account("first", "Herndon"), make_account("second")
    batch = start_upload(12).batches.get()
    fail_next_call(vendor, status=500)
    dispatch.submit_batch(batch.pk)
    assert refresh(batch).status == BatchStatus.UNCONFIRMED
    second.teams.set(first.teams.all())
    first.teams.clear()
    assert decisions.resend(refresh(batch))
    assert dispatch.choose_batches(timezone.now()) == [batch.pk]
    dispatch.submit_batch(batch.pk)
    assert refresh(batch).account == first
    assert used_keys(vendor) == ["key-of-first", "key-of-first"]


def test_a_batch_stays_with_the_default_account_when_its_team_gets_another(start_upload, make_account, vendor):
    batch = start_upload(12).batches.get()
    fail_next_call(vendor, status=429, json={"message": "Too many"})
    dispatch.submit_batch(batch.pk)
    make_account("new", "Herndon")
    other = start_upload(named("Brooks")).batches.get()
    later = timezone.now() + timedelta(minutes=1)
    assert sorted(dispatch.choose_batches(later)) == [batch.pk, other.pk]
    dispatch.submit_batch(batch.pk)
    dispatch.submit_batch(other.pk)
    assert used_keys(vendor) == ["the-default-key", "the-default-key", "key-of-new"]


def test_a_waiting_batch_of_a_blocked_account_does_not_hold_up_its_list(start_upload, make_account, vendor):
    """A list of a team with two accounts goes on over the other one."""
    make_account("first", "Herndon")
    upload = start_upload(12)
    batch = upload.batches.get()
    fail_next_call(vendor, status=401, json={"error": "Invalid API key"})
    dispatch.submit_batch(batch.pk)
    make_account("second", "Herndon")
    other = start_upload(named("Brooks")).batches.get()
    Batch.objects.filter(pk=other.pk).update(upload=upload, number=2)
    assert dispatch.choose_batches(timezone.now()) == [other.pk]


def test_people_of_a_retired_account_are_sent_once_over_another(start_upload, make_account, vendor, charlie):
    first = make_account("first", "Herndon")
    upload = start_upload(12)
    batch = upload.batches.get()
    fail_next_call(vendor, status=401, json={"error": "Invalid API key"})
    dispatch.submit_batch(batch.pk)
    make_account("second", "Herndon")
    assert vendor_accounts.retire(first, charlie)
    assert dispatch.choose_batches(timezone.now()) == [batch.pk]
    assert dispatch.submit_batch(batch.pk) == upload.pk
    assert refresh(batch).status == BatchStatus.DISSOLVED
    assert len(vendor.calls) == 1
    packing.plan_upload(upload.pk)
    vendor.reset()
    vendor.post(BATCH_URL, json={"batchId": "v", "receiveCount": 12})
    [again] = dispatch.choose_batches(timezone.now())
    dispatch.submit_batch(again)
    assert used_keys(vendor) == ["key-of-second"]
    # They count once for the day, and once in the history.
    assert Event.objects.filter(what="sent", batch=again).count() == 1
    assert Item.objects.filter(batch=again).count() == 12


def test_a_batch_of_a_retired_account_that_was_answered_is_not_sent_again(start_upload, make_account, vendor, charlie):
    account = make_account("first", "Herndon")
    batch = start_upload(12).batches.get()
    fail_next_call(vendor, status=500)
    dispatch.submit_batch(batch.pk)
    decisions.resend(refresh(batch))
    vendor_accounts.retire(account, charlie)
    text = answer_for(batch.items.first()).decode()
    filing.file_answer(batch.token, protocol.decode_answer(text), text)
    dispatch.submit_batch(batch.pk)
    assert refresh(batch).status == BatchStatus.ACKNOWLEDGED
    assert len(vendor.calls) == 1


def test_answers_for_a_retired_account_are_filed_and_close_its_batch(start_upload, make_account, vendor, charlie):
    account = make_account("first", "Herndon")
    batch = start_upload(12).batches.get()
    dispatch.submit_batch(batch.pk)
    vendor_accounts.retire(account, charlie)
    for item in batch.items.all():
        text = answer_for(item).decode()
        filing.file_answer(batch.token, protocol.decode_answer(text), text)
    assert closing.list_closable(timezone.now()) == [batch.pk]
    assert not batch.items.exclude(outcome=Outcome.MATCHED).exists()


def test_a_host_without_the_encryption_key_sends_nothing_over_the_account(
    start_upload, make_account, vendor, settings, caplog
):
    make_account("first", "Herndon")
    batch = start_upload(12).batches.get()
    settings.SECRET_KEY = "another-secret-key-of-fifty-characters-or-more-0123456789"
    dispatch.submit_batch(batch.pk)
    assert (refresh(batch).status, refresh(batch).attempts) == (BatchStatus.PLANNED, 0)
    assert not vendor.calls
    assert "cannot be decrypted" in caplog.text
    assert vendor_keys.find_unreadable() == ["first"]


def test_a_new_key_is_used_at_once(start_upload, make_account, vendor, charlie):
    account = make_account("first", "Herndon")
    batch = start_upload(12).batches.get()
    assert vendor_accounts.replace_key(account, "the-new-key", charlie)
    dispatch.submit_batch(batch.pk)
    assert used_keys(vendor) == ["the-new-key"]


def test_loading_accounts_makes_as_many_queries_for_one_as_for_three(start_upload, make_account):
    def count_queries():
        with CaptureQueriesContext(connection) as queries:
            account_choice.load_used(timezone.now())
        return len(queries)

    make_account("first", "Herndon")
    start_upload(12)
    for_one = count_queries()
    make_account("second", "Herndon")
    make_account("third", "Fairfax")
    assert count_queries() == for_one
