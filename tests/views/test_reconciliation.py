"""The page that compares the vendor's totals with our records."""

import csv
import io
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from batches.models import Batch
from batches.statuses import BatchStatus
from tests.support.pages import read_page
from webhooks.models import DeliveryKind, UnmatchedDelivery

pytestmark = pytest.mark.django_db
GROUPINGS = ["batch", "list", "month"]


@pytest.fixture
def make_batch(start_upload):
    """Return a function that makes a closed batch of 20 people in a list. `columns` replaces some of its values."""
    uploads = {}

    def make(name="Spring", **columns):
        if name not in uploads:
            uploads[name] = start_upload(12, name=f"{name}.csv")
        number = Batch.objects.filter(upload=uploads[name]).count() + 1
        now = timezone.now()
        values = {"status": BatchStatus.CLOSED, "submitted_at": now, "completed_at": now, "closed_at": now, "size": 20}
        values |= {"vendor_processed": 20, "vendor_matched": 12, "received": 20, "received_matched": 12}
        return Batch.objects.create(upload=uploads[name], number=number, **values | columns)

    return make


def get_text(browser, query=""):
    return read_page(browser.get(f"/reconciliation/{query}"))


def list_records(browser, query=""):
    return [row.record for row in browser.get(f"/reconciliation/{query}").context["table"].page.object_list]


def test_the_reports_link_to_the_reconciliation(browser):
    assert 'href="/reconciliation/"' in browser.get("/reports/").content.decode()


def test_the_page_says_if_nothing_has_been_sent_yet(browser):
    assert "No batches sent yet." in get_text(browser)


def test_answers_never_received_are_counted_with_a_link(browser, make_batch):
    make_batch()
    lacking = make_batch(received=18, received_matched=11, credits=Decimal(110))
    text = get_text(browser)
    assert "2 answers never received" in text
    assert "1 match never received" in text
    assert "agrees" in text
    assert 'href="/reconciliation/?by=batch&amp;state=lacking" aria-label="Show 2 answers never received"' in text
    assert [row["pk"] for row in list_records(browser, "?by=batch&state=lacking")] == [lacking.pk]


def test_totals_that_cannot_be_compared_have_a_remark(browser, make_batch):
    make_batch(vendor_processed=None, vendor_matched=None)
    make_batch(completed_at=None, vendor_processed=None, vendor_matched=None)
    make_batch(received=None)
    text = get_text(browser)
    for remark in ("completion call without totals", "no completion call", "being counted"):
        assert remark in text


def test_the_page_explains_its_numbers(browser):
    text = get_text(browser)
    assert "What these numbers mean" in text
    assert "A batch with extra answers does not offset another." in text


@pytest.mark.parametrize("by", GROUPINGS)
def test_the_numbers_are_the_same_by_batch_list_and_month(browser, make_batch, by):
    make_batch(received=18)
    make_batch("Autumn", received=19)
    found = list_records(browser, f"?by={by}")
    assert len(found) == {"batch": 2, "list": 2, "month": 1}[by]
    assert sum(row["sum_lost_answers"] for row in found) == 3
    assert browser.get("/reconciliation/").context["total"].lost_answers == 3


def test_a_list_and_a_month_link_to_their_batches(browser, make_batch):
    batch = make_batch(received=18, submitted_at=timezone.now().replace(year=2025, month=2, day=28))
    assert f"/reconciliation/?by=batch&amp;state=lacking&amp;upload={batch.upload_id}" in get_text(browser, "?by=list")
    link = "/reconciliation/?by=batch&amp;state=lacking&amp;since=2025-02-01&amp;until=2025-02-28"
    assert link in get_text(browser, "?by=month")
    assert [row["pk"] for row in list_records(browser, "?by=batch&since=2025-02-01&until=2025-02-28")] == [batch.pk]


def test_reconciliation_is_filtered_by_date_and_list(browser, make_batch):
    now = timezone.now()
    old = make_batch(submitted_at=now - timedelta(days=40))
    new = make_batch("Autumn")
    day = f"{now - timedelta(days=20):%Y-%m-%d}"
    assert [row["pk"] for row in list_records(browser, f"?since={day}")] == [new.pk]
    assert [row["pk"] for row in list_records(browser, f"?until={day}")] == [old.pk]
    assert [row["pk"] for row in list_records(browser, "?q=autumn")] == [new.pk]
    assert [row["pk"] for row in list_records(browser, f"?upload={old.upload_id}")] == [old.pk]
    assert browser.get(f"/reconciliation/?since={day}").context["total"].batches == 1


@pytest.mark.parametrize(
    "query", ["?by=x", "?since=x", "?state=x", "?upload=0", "?sort=x", "?page=9999", "?sort=-people"]
)
def test_invalid_filters_are_ignored(browser, make_batch, query):
    make_batch()
    assert browser.get(f"/reconciliation/{query}").status_code == 200


@pytest.mark.parametrize("by", GROUPINGS)
@pytest.mark.parametrize("sort", ["lost_answers", "-unmatched_answers", "processed", "people"])
def test_reconciliation_is_sorted_by_its_numbers(browser, make_batch, by, sort):
    make_batch(received=18)
    make_batch("Autumn", unmatched_answers=3)
    found = [row[f"sum_{sort.lstrip('-')}"] for row in list_records(browser, f"?by={by}&sort={sort}")]
    assert found == sorted(found, reverse=sort.startswith("-"))


@pytest.mark.parametrize("by", GROUPINGS)
def test_the_number_of_batches_does_not_change_the_number_of_queries(browser, make_batch, by):
    def count_queries():
        cache.clear()
        with CaptureQueriesContext(connection) as queries:
            get_text(browser, f"?by={by}&rows=200")
        return len(queries)

    make_batch()
    for_one_batch = count_queries()
    for number in range(30):
        make_batch(f"List {number % 3}", received=18, submitted_at=timezone.now() - timedelta(days=31 * number))
    assert count_queries() == for_one_batch


@pytest.mark.parametrize("by", GROUPINGS)
def test_reconciliation_can_be_downloaded(browser, make_batch, by):
    make_batch(received=18, received_matched=11, credits=Decimal("110.00"))
    make_batch("=Autumn", submitted_at=timezone.now() - timedelta(days=400))
    since = f"{timezone.now() - timedelta(days=20):%Y-%m-%d}"
    response = browser.get(f"/reconciliation/export/?by={by}")
    assert f"reconciliation-by-{by}.csv" in response["Content-Disposition"]
    found = read_csv(response)
    assert len(found) == 2
    row = next(row for row in found if row["Answers Never Received"] == "2")
    assert (row["Vendor Processed"], row["Answers Held"], row["Credits Charged"]) == ("20", "18", "110")
    assert row["State"] == "2 answers never received; 1 match never received"
    filtered = read_csv(browser.get(f"/reconciliation/export/?by={by}&since={since}"))
    assert len(filtered) == 1


def read_csv(response):
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_the_page_of_a_batch_shows_what_was_never_received(browser, make_batch):
    batch = make_batch(received=18, received_matched=11)
    text = browser.get(f"/batches/{batch.pk}/").content.decode()
    assert "The vendor reports 20 processed; we never received 2 of these answers." in text
    assert "The vendor reports 12 matched; we received 11 matches." in text
    assert browser.get(f"/batches/{batch.pk}/").context["totals"][0] == ("Answered", 18, 20)


def test_the_page_of_a_batch_shows_what_cannot_be_compared(browser, make_batch):
    batch = make_batch(vendor_processed=None, vendor_matched=None)
    assert "completion call had no totals" in browser.get(f"/batches/{batch.pk}/").content.decode()
    batch = make_batch(completed_at=None, vendor_processed=None, vendor_matched=None)
    assert "the vendor never reported that this batch was done" in browser.get(f"/batches/{batch.pk}/").content.decode()


def test_the_page_of_a_batch_without_differences_has_no_remark(browser, make_batch):
    text = browser.get(f"/batches/{make_batch().pk}/").content.decode()
    assert "never received" not in text


def test_the_metrics_contain_the_vendors_totals_and_our_records(client, make_batch):
    make_batch(received=18, received_matched=11, odd_credits=1, credits=Decimal("110.00"), unmatched_answers=1)
    make_batch(completed_at=None, vendor_processed=None, vendor_matched=None)
    make_batch(submitted_at=timezone.now() - timedelta(days=40), received=0)
    lines = client.get("/metrics").content.decode().splitlines()
    for line in (
        'skipportal_vendor_people{said="processed"} 20.0',
        'skipportal_vendor_people{said="matched"} 12.0',
        'skipportal_answers{kind="filed"} 38.0',
        'skipportal_answers{kind="unmatched"} 1.0',
        'skipportal_credits{kind="filed"} 110.0',
        'skipportal_lost{what="answers"} 1.0',
        'skipportal_lost{what="matches"} 1.0',
        'skipportal_completions{call="with totals"} 1.0',
        'skipportal_completions{call="missing"} 1.0',
        "skipportal_odd_credits 1.0",
        'skipportal_match_cost{source="setting"} 1.0',
        'skipportal_match_cost{source="used"} 1.0',
    ):
        assert line in lines


def test_answers_that_belong_to_no_batch_are_a_number_with_a_link(staff_browser, make_batch):
    batch = make_batch()
    assert "arrived at addresses" not in get_text(staff_browser)
    for token in (batch.token, "nobody"):
        UnmatchedDelivery.objects.create(kind=DeliveryKind.ITEM, token=token, reason=f"For {token}.", body=b"{}")
    UnmatchedDelivery.objects.create(kind=DeliveryKind.COMPLETION, token="nobody", reason="Completion.", body=b"{}")
    text = get_text(staff_browser)
    assert 'href="/unmatched/?address=unknown"' in text
    assert "1 answer</a> arrived at addresses" in text
    listed = read_page(staff_browser.get("/unmatched/?address=unknown"))
    assert "For nobody." in listed
    assert batch.token not in listed
    assert "Completion." not in listed


def test_an_answer_without_a_batch_no_longer_counts_once_it_is_filed(browser):
    UnmatchedDelivery.objects.create(
        kind=DeliveryKind.ITEM, token="nobody", reason="Unknown.", body=b"{}", status=UnmatchedDelivery.Status.FILED
    )
    assert "arrived at addresses" not in get_text(browser)
