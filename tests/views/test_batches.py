"""The page of a batch: the vendor's totals, and the decisions that users make there."""

import pytest

from batches.models import Batch
from batches.statuses import BatchStatus
from tests.factories import answer_for
from tests.support.pages import read_page

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


def test_a_user_sends_an_unconfirmed_batch_again(browser, batch, alice):
    Batch.objects.update(status=BatchStatus.UNCONFIRMED, problem="The connection broke.")
    page = browser.get(f"/batches/{batch.pk}/").content.decode()
    assert "Send again (may be charged twice)" in page
    assert "Close<span" in page
    assert f'id="todo-batch-{batch.pk}"' in browser.get("/").content.decode()
    browser.post(f"/batches/{batch.pk}/send-again/")
    assert Batch.objects.get().status == BatchStatus.PLANNED
    assert (batch.events.last().what, batch.events.last().user) == ("resend requested", alice)


def test_a_user_closes_an_unconfirmed_batch(browser, batch):
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


def test_the_token_of_a_batch_is_on_no_page(browser, batch, client, charlie):
    client.force_login(charlie)
    for address in (f"/batches/{batch.pk}/", "/batches/", f"/admin/batches/batch/{batch.pk}/change/"):
        assert batch.token not in client.get(address).content.decode()


def test_the_people_of_a_batch_are_filtered_by_their_result(browser, finish_upload):
    upload = finish_upload(
        12, answers=lambda item, position: answer_for(item, "matched" if position < 4 else "no_match")
    )
    page = read_page(browser.get(upload.batches.get().get_absolute_url()))
    assert 'Matched <span class="num">4' in page
    assert 'No match <span class="num">8' in page
    address = upload.batches.get().get_absolute_url()
    assert count_rows(browser.get(address)) == 12
    assert count_rows(browser.get(address, {"outcome": "matched"})) == 4
    assert count_rows(browser.get(address, {"outcome": "odd"})) == 12
    assert f'href="/items/?batch={upload.batches.get().pk}"' in browser.get(address).content.decode()


def count_rows(response):
    return len(response.context["table"].page.object_list)


def test_the_columns_of_the_people_of_a_batch_are_remembered(browser, finish_upload, alice):
    address = finish_upload(12).batches.get().get_absolute_url()
    assert "Address" in read_head(browser.get(address))
    browser.post("/tables/itemtable/", {"column": ["person", "outcome"], "rows": "25"})
    head = read_head(browser.get(address))
    assert "Outcome" in head
    assert "Address" not in head


def read_head(response):
    """Return the head of the table of people."""
    return read_page(response).partition("<h2>People</h2>")[2].partition("<thead")[2].partition("</thead>")[0]
