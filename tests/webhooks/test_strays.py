import json
from datetime import timedelta

import pytest
from django.utils import timezone

from batches import jobs
from batches.models import Batch, EarlierAnswer, Item
from batches.statuses import Outcome
from batches.tracing import closing, decisions
from batches.tracing import filing as item_filing
from tests.factories import answer_for
from webhooks.inbound import filing
from webhooks.models import Stray

pytestmark = pytest.mark.django_db


def deliver(batch, item, outcome="matched", **changes):
    filing.take(filing.Delivery(Stray.Kind.ITEM, batch.token, answer_for(item, outcome, **changes)))


def press(browser, stray, action):
    return browser.post(f"/strays/{stray.pk}/{action}/", follow=True).content.decode()


def test_a_stray_says_what_came_and_why_it_could_not_be_filed(browser, batch):
    filing.take(filing.Delivery(Stray.Kind.ITEM, batch.token, b'{"input": {"last_name": "Abbott"}}'))
    page = browser.get("/strays/").content.decode()
    assert "The answer does not say which item it is for." in page
    page = browser.get(f"/strays/{Stray.objects.get().pk}/").content.decode()
    assert "&quot;last_name&quot;: &quot;Abbott&quot;" in page
    assert f"batch {batch}" in page
    assert batch.token not in page


def test_the_dashboard_says_that_strays_are_to_be_looked_at(browser, batch, alice):
    assert "could not be filed" not in browser.get("/").content.decode()
    filing.take(filing.Delivery(Stray.Kind.ITEM, batch.token, b"no json"))
    assert "1 delivery of the vendor could not be filed" in browser.get("/").content.decode()
    press(browser, Stray.objects.get(), "set-aside")
    assert "could not be filed" not in browser.get("/").content.decode()
    stray = Stray.objects.get()
    assert (stray.status, stray.decided_by, bytes(stray.body)) == (Stray.Status.ASIDE, alice, b"no json")


def test_a_stray_whose_item_is_waited_for_again_is_filed(browser, batch, alice):
    item = batch.items.first()
    deliver(batch, item, "error")
    deliver(batch, item, batchRequestId="another")
    stray = Stray.objects.get()
    assert stray.reason == item_filing.Filing.ONE_TOO_MANY.value
    decisions.rerun(Item.objects.filter(pk=item.pk), alice)
    assert "Filed" in press(browser, stray, "try-again")
    item.refresh_from_db()
    assert (item.outcome, item.request_id) == (Outcome.MATCHED, "another")
    stray.refresh_from_db()
    assert (stray.status, stray.decided_by) == (Stray.Status.FILED, alice)


def test_a_person_files_an_answer_over_an_error(browser, batch, alice):
    item = batch.items.first()
    deliver(batch, item, "error", credits=1)
    for other in batch.items.exclude(pk=item.pk):
        deliver(batch, other)
    closing.close_batch(batch.pk)
    deliver(batch, item, batchRequestId="another")
    assert "Filed" in press(browser, Stray.objects.get(), "try-again")
    batch.refresh_from_db()
    assert (batch.matched, batch.error, batch.credits, batch.earlier_credits) == (12, 0, 12, 1)
    assert EarlierAnswer.objects.get().item == item
    assert batch.events.get(what="stray filed over an error").user == alice


def test_a_person_files_no_second_match(browser, batch):
    item = batch.items.first()
    deliver(batch, item)
    deliver(batch, item, batchRequestId="another")
    assert "It still cannot be filed" in press(browser, Stray.objects.get(), "try-again")
    assert Stray.objects.get().status == Stray.Status.WAITING


def test_a_completion_that_strayed_is_filed_once_its_batch_is_known(browser, batch):
    body = json.dumps({"batchId": "vendor-batch", "totalProcessed": 12}).encode()
    filing.take(filing.Delivery(Stray.Kind.COMPLETION, "other", body))
    Batch.objects.update(token="other")
    assert "Filed" in press(browser, Stray.objects.get(), "try-again")
    assert Batch.objects.get().vendor_processed == 12


def test_what_is_decided_is_decided(browser, batch):
    filing.take(filing.Delivery(Stray.Kind.ITEM, batch.token, b"no json"))
    stray = Stray.objects.get()
    press(browser, stray, "set-aside")
    assert browser.post(f"/strays/{stray.pk}/try-again/").status_code == 404


@pytest.mark.parametrize("body", [b"", b"\xff\xfe\x00", b"<script>alert(1)</script>", b"[" * 100_000, b"9" * 5000])
def test_any_body_shows(browser, body):
    filing.take(filing.Delivery(Stray.Kind.ITEM, "nobody", body))
    page = browser.get(f"/strays/{Stray.objects.get().pk}/")
    assert page.status_code == 200
    assert b"<script>alert" not in page.content


def test_strays_take_the_same_number_of_queries_for_one_and_three(browser, alice, django_assert_num_queries):
    for _ in range(2):
        filing.take(filing.Delivery(Stray.Kind.ITEM, "nobody", answer_for(Item(pk=1))))
        Stray.objects.update(decided_by=alice)
        with django_assert_num_queries(6):
            browser.get("/strays/")
        filing.take(filing.Delivery(Stray.Kind.ITEM, "nobody", b"no json"))


def test_all_that_strayed_for_the_same_reason_are_set_aside_at_once(browser, batch, alice):
    for number in range(3):
        filing.take(filing.Delivery(Stray.Kind.ITEM, batch.token, b"no json %d" % number))
    filing.take(filing.Delivery(Stray.Kind.ITEM, "nobody", answer_for(batch.items.first())))
    other, *alike = Stray.objects.all()
    assert "Set all 3 like this aside" in browser.get(f"/strays/{alike[0].pk}/").content.decode()
    press(browser, alike[0], "set-alike-aside")
    assert set(Stray.objects.values_list("status", "decided_by")) == {("aside", alice.pk), ("waiting", None)}
    assert Stray.objects.waiting().get() == other


def test_a_stray_that_breaks_something_says_so_again(browser, batch, monkeypatch):
    def fail(*_):
        raise ValueError("the row was: Ada Abbott")

    monkeypatch.setitem(filing.FILE, Stray.Kind.ITEM, fail)
    monkeypatch.setattr(filing, "file_by_hand", fail)
    filing.take(filing.Delivery(Stray.Kind.ITEM, batch.token, answer_for(batch.items.first())))
    assert "It still cannot be filed" in press(browser, Stray.objects.get(), "try-again")
    assert Stray.objects.get().reason == "It could not be stored: ValueError."


def test_what_strays_held_is_forgotten_when_its_time_is_over(settings):
    filing.take(filing.Delivery(Stray.Kind.ITEM, "nobody", b"no json"))
    settings.RESULT_RETENTION_DAYS = 30
    jobs.sweep()
    assert bytes(Stray.objects.get().body) == b"no json"
    Stray.objects.update(received_at=timezone.now() - timedelta(days=31))
    jobs.sweep()
    assert (bytes(Stray.objects.get().body), Stray.objects.get().reason) == (b"", filing.MALFORMED)
