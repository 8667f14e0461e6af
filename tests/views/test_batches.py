import pytest

from batches.models import Batch
from batches.statuses import BatchStatus

pytestmark = pytest.mark.django_db


@pytest.fixture
def batch(start_upload):
    return start_upload(12).batches.get()


def test_the_totals_of_the_vendor_are_shown_next_to_ours(browser, batch):
    Batch.objects.update(
        status=BatchStatus.CLOSED, matched=9, no_match=3, vendor_processed=12, vendor_matched=8, receive_count=12
    )
    page = browser.get(f"/batches/{batch.pk}/")
    assert page.context["totals"] == [("Answered", 12, 12), ("Matched", 9, 8), ("Errors", 0, None)]
    assert "differs" in page.content.decode()


def test_a_user_decides_about_an_unconfirmed_batch(browser, batch, alice):
    Batch.objects.update(status=BatchStatus.UNCONFIRMED, problem="The connection broke.")
    page = browser.get(f"/batches/{batch.pk}/").content.decode()
    assert "Send again (may be charged twice)" in page
    assert "Close<span" in page
    assert f"Batch {batch}" in browser.get("/").content.decode()
    browser.post(f"/batches/{batch.pk}/send-again/")
    assert Batch.objects.get().status == BatchStatus.PLANNED
    assert (batch.events.last().what, batch.events.last().user) == ("resend requested", alice)


def test_closing_ends_the_batch(browser, batch):
    Batch.objects.update(status=BatchStatus.UNCONFIRMED)
    browser.post(f"/batches/{batch.pk}/close/")
    assert (Batch.objects.get().status, Batch.objects.get().missing) == (BatchStatus.CLOSED, 12)


def test_a_refused_batch_can_be_closed_too(browser, batch):
    Batch.objects.update(status=BatchStatus.REFUSED, problem="No.")
    assert "Close<span" in browser.get(f"/batches/{batch.pk}/").content.decode()
    browser.post(f"/batches/{batch.pk}/close/")
    assert Batch.objects.get().status == BatchStatus.CLOSED


def test_only_a_batch_that_needs_a_decision_can_be_closed(browser, batch):
    page = browser.post(f"/batches/{batch.pk}/close/", follow=True).content.decode()
    assert "No changes were made" in page
    assert Batch.objects.get().status == BatchStatus.PLANNED


def test_the_token_is_on_no_page(browser, batch, client, charlie):
    client.force_login(charlie)
    for address in (f"/batches/{batch.pk}/", "/batches/", f"/admin/batches/batch/{batch.pk}/change/"):
        assert batch.token not in client.get(address).content.decode()
