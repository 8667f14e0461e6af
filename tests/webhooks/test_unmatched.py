"""Unmatched deliveries on their pages, decisions about them, and automatic retries."""

import json
from datetime import timedelta

import pytest
from django.db import OperationalError, ProgrammingError
from django.utils import timezone

from batches import jobs, retention
from batches.models import Batch, EarlierAnswer, Item
from batches.statuses import Outcome
from batches.tracing import closing, decisions
from batches.tracing import filing as item_filing
from tests.factories import answer_for
from webhooks import tasks
from webhooks.inbound import filing
from webhooks.models import DeliveryKind, UnmatchedDelivery

pytestmark = pytest.mark.django_db


def deliver(batch, item, outcome="matched", **changes):
    """Deliver an answer for this person."""
    filing.file_delivery(filing.Delivery(DeliveryKind.ITEM, batch.token, answer_for(item, outcome, **changes)))


def press(browser, unmatched, action):
    """Press a button on the page of an unmatched delivery. Return the next page."""
    return browser.post(f"/unmatched/{unmatched.pk}/{action}/", follow=True).content.decode()


def test_the_page_shows_what_was_delivered_and_why_it_could_not_be_filed(browser, batch):
    filing.file_delivery(filing.Delivery(DeliveryKind.ITEM, batch.token, b'{"input": {"last_name": "Abbott"}}'))
    page = browser.get("/unmatched/").content.decode()
    assert "The answer does not say which person it is for." in page
    page = browser.get(f"/unmatched/{UnmatchedDelivery.objects.get().pk}/").content.decode()
    assert "&quot;last_name&quot;: &quot;Abbott&quot;" in page
    assert f"batch {batch}" in page
    assert batch.token not in page


def test_the_dashboard_says_that_deliveries_need_review(browser, batch, alice):
    assert "could not be matched" not in browser.get("/").content.decode()
    filing.file_delivery(filing.Delivery(DeliveryKind.ITEM, batch.token, b"no json"))
    assert "<b>1 delivery</b>" in browser.get("/").content.decode()
    press(browser, UnmatchedDelivery.objects.get(), "set-aside")
    assert "could not be matched" not in browser.get("/").content.decode()
    unmatched = UnmatchedDelivery.objects.get()
    assert (unmatched.status, unmatched.decided_by, bytes(unmatched.body)) == (
        UnmatchedDelivery.Status.ASIDE,
        alice,
        b"no json",
    )


def test_an_answer_is_filed_once_its_item_is_pending_again(browser, batch, alice):
    item = batch.items.first()
    deliver(batch, item, "error")
    deliver(batch, item, batchRequestId="another")
    unmatched = UnmatchedDelivery.objects.get()
    assert unmatched.reason == item_filing.Filing.ONE_TOO_MANY.value
    decisions.rerun(Item.objects.filter(pk=item.pk), alice)
    assert "Filed" in press(browser, unmatched, "try-again")
    item.refresh_from_db()
    assert (item.outcome, item.request_id) == (Outcome.MATCHED, "another")
    unmatched.refresh_from_db()
    assert (unmatched.status, unmatched.decided_by) == (UnmatchedDelivery.Status.FILED, alice)


def test_a_user_can_replace_an_error_with_an_answer(browser, batch, alice):
    item = batch.items.first()
    deliver(batch, item, "error", credits=1)
    for other in batch.items.exclude(pk=item.pk):
        deliver(batch, other)
    closing.close_batch(batch.pk)
    deliver(batch, item, batchRequestId="another")
    assert "Filed" in press(browser, UnmatchedDelivery.objects.get(), "try-again")
    batch.refresh_from_db()
    assert (batch.matched, batch.error, batch.credits, batch.earlier_credits) == (12, 0, 12, 1)
    assert EarlierAnswer.objects.get().item == item
    assert batch.events.get(what="error replaced by hand").user == alice


def test_a_user_cannot_file_a_second_match(browser, batch):
    item = batch.items.first()
    deliver(batch, item)
    deliver(batch, item, batchRequestId="another")
    assert "It still cannot be filed" in press(browser, UnmatchedDelivery.objects.get(), "try-again")
    assert UnmatchedDelivery.objects.get().status == UnmatchedDelivery.Status.WAITING


def test_a_completion_is_filed_once_its_batch_is_known(browser, batch):
    body = json.dumps({"batchId": "vendor-batch", "totalProcessed": 12}).encode()
    filing.file_delivery(filing.Delivery(DeliveryKind.COMPLETION, "other", body))
    Batch.objects.update(token="other")
    assert "Filed" in press(browser, UnmatchedDelivery.objects.get(), "try-again")
    assert Batch.objects.get().vendor_processed == 12


def test_a_decision_is_final(browser, batch):
    filing.file_delivery(filing.Delivery(DeliveryKind.ITEM, batch.token, b"no json"))
    unmatched = UnmatchedDelivery.objects.get()
    press(browser, unmatched, "set-aside")
    assert browser.post(f"/unmatched/{unmatched.pk}/try-again/").status_code == 404


@pytest.mark.parametrize("body", [b"", b"\xff\xfe\x00", b"<script>alert(1)</script>", b"[" * 100_000, b"9" * 5000])
def test_a_body_of_any_bytes_is_shown(staff_browser, body):
    filing.file_delivery(filing.Delivery(DeliveryKind.ITEM, "nobody", body))
    page = staff_browser.get(f"/unmatched/{UnmatchedDelivery.objects.get().pk}/")
    assert page.status_code == 200
    assert b"<script>alert" not in page.content


def test_the_number_of_deliveries_does_not_change_the_number_of_queries(
    staff_browser, alice, django_assert_num_queries
):
    for _ in range(2):
        filing.file_delivery(filing.Delivery(DeliveryKind.ITEM, "nobody", answer_for(Item(pk=1))))
        UnmatchedDelivery.objects.update(decided_by=alice)
        with django_assert_num_queries(8):
            staff_browser.get("/unmatched/")
        filing.file_delivery(filing.Delivery(DeliveryKind.ITEM, "nobody", b"no json"))


def test_all_deliveries_with_the_same_reason_are_set_aside_at_once(browser, batch, alice):
    for number in range(3):
        filing.file_delivery(filing.Delivery(DeliveryKind.ITEM, batch.token, b"no json %d" % number))
    filing.file_delivery(filing.Delivery(DeliveryKind.ITEM, "nobody", answer_for(batch.items.first())))
    # The newest delivery comes first.
    other, *alike = UnmatchedDelivery.objects.all()
    assert "Set aside all 3 like this" in browser.get(f"/unmatched/{alike[0].pk}/").content.decode()
    press(browser, alike[0], "set-alike-aside")
    assert set(UnmatchedDelivery.objects.values_list("status", "decided_by")) == {
        ("aside", alice.pk),
        ("waiting", None),
    }
    assert UnmatchedDelivery.objects.waiting().get() == other


def test_a_failed_retry_is_reported(browser, batch, monkeypatch):
    def fail(*_):
        raise ValueError("the row was: Ada Abbott")

    monkeypatch.setitem(filing.FILERS, DeliveryKind.ITEM, fail)
    monkeypatch.setattr(filing, "file_manually", fail)
    filing.file_delivery(filing.Delivery(DeliveryKind.ITEM, batch.token, answer_for(batch.items.first())))
    assert "It still cannot be filed" in press(browser, UnmatchedDelivery.objects.get(), "try-again")
    assert UnmatchedDelivery.objects.get().reason == "It could not be stored: ValueError."


def test_bodies_are_purged_after_the_retention_time(settings):
    filing.file_delivery(filing.Delivery(DeliveryKind.ITEM, "nobody", b"no json"))
    settings.RESULT_RETENTION_DAYS = 30
    retention.purge_expired(timezone.now(), 60)
    assert bytes(UnmatchedDelivery.objects.get().body) == b"no json"
    UnmatchedDelivery.objects.update(received_at=timezone.now() - timedelta(days=31))
    retention.purge_expired(timezone.now(), 60)
    unmatched = UnmatchedDelivery.objects.get()
    assert (bytes(unmatched.body), unmatched.reason) == (b"", filing.MALFORMED)


# Automatic retries


@pytest.fixture
def end_fault(monkeypatch):
    """Make every attempt to file a delivery fail. Return a function that ends this."""

    def fail(*_):
        raise ProgrammingError("the row was: Ada Abbott")

    with monkeypatch.context() as patch:
        patch.setattr(filing, "file_pending", fail)
        patch.setitem(filing.FILERS, DeliveryKind.ITEM, fail)
        patch.setitem(filing.FILERS, DeliveryKind.COMPLETION, fail)
        yield patch.undo


def later(**time):
    """Return the time that comes this much later than now."""
    return timezone.now() + timedelta(**time)


def test_a_delivery_is_filed_automatically_once_the_fault_is_over(end_fault, batch, browser):
    item = batch.items.first()
    deliver(batch, item)
    unmatched = UnmatchedDelivery.objects.get()
    assert (unmatched.reason, unmatched.item) == ("It could not be stored: ProgrammingError.", item)
    assert filing.retry_due(timezone.now()) == 0
    assert filing.retry_due(later(minutes=2)) == 0
    assert UnmatchedDelivery.objects.get().attempts == 1
    assert "automatically" in browser.get(f"/unmatched/{unmatched.pk}/").content.decode()
    end_fault()
    assert filing.retry_due(later(minutes=4)) == 1
    item.refresh_from_db()
    unmatched.refresh_from_db()
    assert (item.outcome, unmatched.status, unmatched.decided_by) == (
        Outcome.MATCHED,
        UnmatchedDelivery.Status.FILED,
        None,
    )
    assert filing.retry_due(later(days=1)) == 0
    assert "automatically" in browser.get(f"/unmatched/{unmatched.pk}/").content.decode()


def test_a_completion_that_could_not_be_stored_is_filed_too(end_fault, batch):
    filing.file_delivery(filing.Delivery(DeliveryKind.COMPLETION, batch.token, b'{"batchId": "vendor-batch"}'))
    assert UnmatchedDelivery.objects.get().item_id is None
    end_fault()
    assert filing.retry_due(later(minutes=2)) == 1
    assert Batch.objects.get().completed_at


def test_a_person_who_became_missing_in_the_meantime_gets_the_answer(end_fault, batch):
    item = batch.items.first()
    deliver(batch, item)
    closing.close_batch(batch.pk)
    end_fault()
    assert filing.retry_due(later(minutes=2)) == 1
    assert (Item.objects.get(pk=item.pk).outcome, Batch.objects.get().matched) == (Outcome.MATCHED, 1)


@pytest.mark.parametrize(("token", "body"), [("nobody", b'{"input": {"key": 1}}'), ("nobody", b"no json")])
def test_deliveries_that_need_a_decision_are_not_retried(batch, token, body):
    filing.file_delivery(filing.Delivery(DeliveryKind.ITEM, token, body))
    assert UnmatchedDelivery.objects.get().next_try_at is None
    assert filing.retry_due(later(days=10)) == 0


def test_a_second_answer_found_by_a_retry_needs_a_decision(end_fault, batch):
    item = batch.items.first()
    deliver(batch, item, "error")
    end_fault()
    deliver(batch, item, "error", batchRequestId="another")
    assert filing.retry_due(later(minutes=2)) == 0
    unmatched = UnmatchedDelivery.objects.get()
    assert (unmatched.reason, unmatched.next_try_at) == (item_filing.Filing.ONE_TOO_MANY.value, None)


def test_a_match_replaces_an_error_only_by_a_users_decision(end_fault, batch):
    item = batch.items.first()
    deliver(batch, item)
    end_fault()
    deliver(batch, item, "error", batchRequestId="another")
    filing.retry_due(later(minutes=2))
    assert Item.objects.get(pk=item.pk).outcome == Outcome.ERROR
    assert UnmatchedDelivery.objects.get().status == UnmatchedDelivery.Status.WAITING


def test_a_delivery_is_not_retried_forever(end_fault, batch):
    deliver(batch, batch.items.first())
    now = timezone.now()
    for _ in range(30):
        now += timedelta(hours=13)
        filing.retry_due(now)
    unmatched = UnmatchedDelivery.objects.get()
    assert (unmatched.status, unmatched.next_try_at) == (UnmatchedDelivery.Status.WAITING, None)
    assert unmatched.attempts == len(filing.RETRY_POLICY.retry_delays) + 1


def test_a_delivery_that_the_database_refuses_does_not_delay_others(end_fault, batch, monkeypatch):
    first, second = batch.items.all()[:2]
    deliver(batch, first)
    deliver(batch, second)
    end_fault()
    file = filing.FILERS[DeliveryKind.ITEM]

    def refuse_first(token, answer, text):
        if answer.key == first.pk:
            raise OperationalError("Ada Abbott")
        return file(token, answer, text)

    monkeypatch.setitem(filing.FILERS, DeliveryKind.ITEM, refuse_first)
    assert filing.retry_due(later(minutes=2)) == 1
    assert Item.objects.get(pk=second.pk).outcome == Outcome.MATCHED


@pytest.mark.django_db(transaction=True)
def test_the_clock_retries_due_deliveries(end_fault, batch):
    deliver(batch, batch.items.first())
    jobs.sweep()
    assert not any("retry_unmatched" in name for name in jobs.django_rq.get_queue("results").job_ids)
    UnmatchedDelivery.objects.update(next_try_at=timezone.now() - timedelta(seconds=1))
    jobs.sweep()
    assert any("retry_unmatched" in name for name in jobs.django_rq.get_queue("results").job_ids)
    end_fault()
    tasks.retry_unmatched()
    assert UnmatchedDelivery.objects.get().status == UnmatchedDelivery.Status.FILED


# Addresses of versions before 0.2


@pytest.mark.parametrize("rest", ["", "?status=waiting&kind=item", "7/", "7/set-aside/"])
def test_old_addresses_redirect_to_new_ones(browser, rest):
    for method in (browser.get, browser.post):
        response = method(f"/strays/{rest}")
        assert (response.status_code, response["Location"]) == (308, f"/unmatched/{rest}")
