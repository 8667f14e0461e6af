"""What a team spends in a month stays within its budget, even with several workers."""

import html
import json
import time
from datetime import date
from decimal import Decimal
from functools import partial

import pytest
import responses
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.utils import timezone

from accounts.models import AuditEntry, Team
from accounts.rights import Role
from batches.models import Batch, Lease, TeamBudget, Upload
from batches.statuses import BatchStatus, UploadStatus
from batches.tracing import budgets, closing, decisions, dispatch, filing, pausing
from batches.vendor import protocol
from tests.factories import answer_for, person
from tests.support.threads import run_at_once

pytestmark = pytest.mark.django_db
BATCH_URL = "https://vendor.example/v1/SkipTraceBatch"
USED_UP = "Team Herndon's budget for November is used up. An administrator can raise it."


@pytest.fixture(autouse=True)
def _noon_in_november(settings, time_machine):
    settings.REALESTATEAPI_URL = "https://vendor.example"
    settings.MISSING_RETRIES = 0
    time_machine.move_to("2026-11-12T12:00:00Z")


@pytest.fixture(autouse=True)
def vendor():
    """Return a mock of the vendor that accepts every batch."""

    def accept(request):
        keys = [skip["key"] for skip in json.loads(request.body)["skips"]]
        ids = [{"key": key, "batchRequestId": f"r{key}"} for key in keys]
        return 200, {}, json.dumps({"batchId": "b", "receiveCount": len(keys), "batchRequestIds": ids})

    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.add_callback("POST", BATCH_URL, accept)
        yield mock


@pytest.fixture
def ada(make_user):
    return make_user("ada", Role.ADMINISTRATOR, team="Leesburg")


@pytest.fixture
def team(alice):
    """Return the team of alice and her lists."""
    return Team.objects.get(name="Herndon")


def rows(list_number, count=12):
    """Return the rows of a list. Lists with different numbers have no people in common."""
    return [person(1000 * list_number + position) for position in range(count)]


def send(*uploads):
    for batch in Batch.objects.filter(upload__in=uploads, status=BatchStatus.PLANNED).order_by("pk"):
        dispatch.submit_batch(batch.pk)


def finish(upload, matches):
    """Answer everybody in a list that was sent, the first `matches` of them with a match, and close its batch."""
    batch = upload.batches.get()
    for position, item in enumerate(batch.items.order_by("pk")):
        body = answer_for(item) if position < matches else answer_for(item, "no_match", credits=0)
        filing.file_answer(batch.token, protocol.decode_answer(body), body.decode())
    closing.close_batch(batch.pk)


def sent_count(vendor):
    return sum(len(json.loads(call.request.body)["skips"]) for call in vendor.calls)


def balance():
    [only] = budgets.load_balances(timezone.now())
    return only


# Setting


def test_a_budget_applies_from_its_month_until_another_replaces_it(team, ada, time_machine):
    budgets.set_budget(team, Decimal(100), ada)
    time_machine.move_to("2027-01-31T23:00:00Z")
    assert budgets.find_budget(team.pk, date(2027, 1, 1)) == 100
    budgets.set_budget(team, Decimal(200), ada)
    budgets.set_budget(team, Decimal(300), ada)
    found = {month: budgets.find_budget(team.pk, date(2026, month, 1)) for month in (10, 11, 12)}
    assert found == {10: None, 11: 100, 12: 100}
    assert budgets.find_budget(team.pk, date(2027, 1, 1)) == 300
    budgets.set_budget(team, None, ada)
    assert budgets.load_balances(timezone.now()) == []
    assert TeamBudget.objects.count() == 2


def test_only_administrators_set_budgets_and_each_change_is_audited(team, ada, bob, settings):
    settings.PRICE_PER_CREDIT = 0.12
    with pytest.raises(PermissionDenied):
        budgets.set_budget(team, Decimal(100), bob)
    assert budgets.set_budget(team, Decimal(100), ada)
    assert not budgets.set_budget(team, Decimal(100), ada)
    assert budgets.set_budget(team, Decimal(250), ada)
    details = AuditEntry.objects.filter(kind="team_changed", user=ada).order_by("pk").values_list("detail", flat=True)
    assert list(details) == [
        "Budget of the team Herndon from November 2026: $12.00 a month, before: no limit",
        "Budget of the team Herndon from November 2026: $30.00 a month, before: $12.00 a month",
    ]


# Sending


def test_people_in_flight_count_at_their_maximum_and_answers_at_their_cost(start_upload, team, ada, vendor):
    budgets.set_budget(team, Decimal(30), ada)
    upload = start_upload(rows(1))
    assert (balance().spent, balance().in_flight, balance().left) == (0, 0, 30)
    send(upload)
    assert (balance().spent, balance().in_flight, balance().left) == (0, 12, 18)
    finish(upload, matches=3)
    assert (balance().spent, balance().in_flight, balance().left) == (3, 0, 27)


def test_a_list_above_the_budget_waits_with_a_reason_and_goes_on_when_it_is_raised(
    start_upload, team, ada, vendor, browser
):
    first, second = start_upload(rows(1)), start_upload(rows(2))
    budgets.set_budget(team, Decimal(12), ada)
    send(first, second)
    assert sent_count(vendor) == 12
    second.refresh_from_db()
    assert (second.wait_reason, second.status) == (USED_UP, UploadStatus.RUNNING)
    assert second.batches.get().status == BatchStatus.PLANNED
    assert second.events.get(what="waiting for the budget").detail == USED_UP
    # Without a clock, the dashboard would say that nothing is sent.
    Lease.objects.create(name="clock", holder="me", until="2099-01-01T00:00:00Z")
    for address in ("/", second.get_absolute_url(), second.batches.get().get_absolute_url()):
        page = html.unescape(browser.get(address).content.decode())
        assert USED_UP in page
        assert "credit limit" not in page
    assert dispatch.choose_batches(timezone.now()) == []
    budgets.set_budget(team, Decimal(24), ada)
    assert dispatch.choose_batches(timezone.now()) == [second.batches.get().pk]
    send(second)
    assert sent_count(vendor) == 24
    assert Upload.objects.get(pk=second.pk).wait_reason == ""


def test_a_list_goes_on_when_people_in_flight_cost_less_than_they_could(start_upload, team, ada, vendor, time_machine):
    first, second = start_upload(rows(1)), start_upload(rows(2))
    budgets.set_budget(team, Decimal(20), ada)
    send(first, second)
    second.refresh_from_db()
    assert second.wait_reason == (
        "Team Herndon's budget for November has 8 credits left, too little for the next batch. "
        "An administrator can raise it."
    )
    finish(first, matches=3)
    assert dispatch.choose_batches(timezone.now()) == []
    time_machine.move_to("2026-11-12T12:05:00Z")
    assert dispatch.choose_batches(timezone.now()) == [second.batches.get().pk]
    send(second)
    assert sent_count(vendor) == 24
    assert second.events.filter(what="waiting for the budget").count() == 1


def test_a_list_goes_on_when_the_month_turns(start_upload, team, ada, vendor, time_machine):
    first, second = start_upload(rows(1)), start_upload(rows(2))
    budgets.set_budget(team, Decimal(12), ada)
    send(first)
    finish(first, matches=12)
    time_machine.move_to("2026-11-30T23:59:30Z", tick=False)
    send(second)
    assert sent_count(vendor) == 12
    time_machine.move_to("2026-12-01T00:00:31Z")
    send(second)
    assert sent_count(vendor) == 24


def test_people_who_are_still_in_flight_when_the_month_turns_count_for_the_new_month(
    start_upload, team, ada, vendor, time_machine
):
    budgets.set_budget(team, Decimal(20), ada)
    first, second = start_upload(rows(1)), start_upload(rows(2))
    send(first)
    time_machine.move_to("2026-12-01T00:00:00Z")
    send(second)
    assert sent_count(vendor) == 12
    assert (balance().month, balance().in_flight) == (date(2026, 12, 1), 12)


def test_lists_of_other_teams_and_of_no_team_are_sent(start_upload, team, ada, make_user, vendor):
    budgets.set_budget(team, Decimal(0), ada)
    zoe = make_user("zoe", Role.LEAD, team="East")
    theirs, nobodys = start_upload(rows(1), user=zoe), start_upload(rows(2))
    Upload.objects.filter(pk=nobodys.pk).update(team=None)
    send(theirs, nobodys)
    assert sent_count(vendor) == 24


def test_a_batch_that_is_sent_again_counts_for_each_call(start_upload, team, ada, alice, vendor):
    budgets.set_budget(team, Decimal(30), ada)
    upload = start_upload(rows(1))
    send(upload)
    Batch.objects.update(status=BatchStatus.UNCONFIRMED, acknowledged_at=None)
    assert decisions.resend(Batch.objects.get(), alice)
    send(upload)
    assert balance().in_flight == 24


def test_a_list_that_waited_for_the_budget_is_tried_again_after_a_pause(start_upload, team, ada, alice, vendor):
    budgets.set_budget(team, Decimal(0), ada)
    upload = start_upload(rows(1))
    send(upload)
    pausing.pause_upload(upload, alice)
    pausing.resume_upload(upload, alice)
    assert Upload.objects.get().wait_reason == ""
    assert dispatch.choose_batches(timezone.now()) == [upload.batches.get().pk]


def test_balances_of_many_teams_take_as_many_queries_as_those_of_one(
    finish_upload, start_upload, team, ada, make_user, django_assert_num_queries
):
    finish_upload(rows(1))
    budgets.set_budget(team, Decimal(100), ada)
    with connection.execute_wrapper(count := QueryCounter()):
        assert [each.team for each in budgets.load_balances(timezone.now())] == ["Herndon"]
    for number, name in enumerate(["East", "West"], start=2):
        user = make_user(name.lower(), Role.LEAD, team=name)
        finish_upload(rows(number), user=user)
        budgets.set_budget(Team.objects.get(name=name), Decimal(100), ada)
    with django_assert_num_queries(count.number):
        balances = budgets.load_balances(timezone.now())
    assert [(each.team, each.spent) for each in balances] == [("East", 12), ("Herndon", 12), ("West", 12)]


class QueryCounter:
    """Count queries."""

    number = 0

    def __call__(self, execute, *args):
        self.number += 1
        return execute(*args)


# Concurrency


@pytest.mark.django_db(transaction=True)
def test_workers_that_send_at_the_same_time_stay_within_the_budget(start_upload, team, ada, monkeypatch):
    waiting = [start_upload(rows(number)).batches.get().pk for number in range(4)]
    budgets.set_budget(team, Decimal(30), ada)
    load_balances = budgets.load_balances

    def load_slowly(*args):
        """Wait before returning. Without a lock, the other workers would act on the same balances."""
        balances = load_balances(*args)
        time.sleep(0.2)
        return balances

    monkeypatch.setattr(budgets, "load_balances", load_slowly)
    monkeypatch.setattr(dispatch.overlaps, "lock_sending", lambda: None)
    sent = []
    monkeypatch.setattr(dispatch, "send_items", lambda batch, items: sent.append(len(items)))
    run_at_once(*[partial(dispatch.submit_batch, batch_id) for batch_id in waiting])
    assert sum(sent) == 24
    assert Upload.objects.exclude(wait_reason="").count() == 2
