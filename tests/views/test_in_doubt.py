"""The page for decisions about batches in doubt, and the links to it."""

import re

import pytest
from django.utils import timezone

from batches import jobs
from batches.models import Batch, Event, SendingBlock, Upload
from batches.statuses import BatchStatus
from batches.views import in_doubt
from tests.factories import person
from tests.support.pages import read_page

pytestmark = pytest.mark.django_db
PAGE = "/batches/in-doubt/"


@pytest.fixture
def lists(start_upload):
    """Start two lists with one batch of twelve people each, and put them in doubt."""
    for number in range(2):
        start_upload([person(100 * number + n) for n in range(12)], name=f"List {number}.csv")
    Batch.objects.update(submitted_at=timezone.now())
    jobs.put_open_work_in_doubt(SendingBlock.RESTORED)
    return list(Upload.objects.order_by("pk"))


def get_text(browser, address, **options):
    return read_page(browser.get(address, **options))


def list_statuses():
    return list(Batch.objects.order_by("pk").values_list("status", flat=True))


def test_the_page_shows_how_many_batches_are_in_doubt_and_what_they_can_cost(browser, lists, settings):
    settings.PRICE_PER_CREDIT = 0.1
    page = get_text(browser, PAGE)
    cells = re.findall(r'<td class="n"> ?([^<]*?) ?</td>', page)
    assert cells == ["1", "12", "12 ($1.20)"] * 2 + ["2", "24", "24 ($2.40)"]
    # For each of two lists, for all batches together, and for each of two batches.
    assert page.count("Send again (may be charged twice)") == 2 + 1 + 2
    assert "It was “Waiting” when the database was last in use." in page


@pytest.mark.parametrize(
    ("action", "status", "message"),
    [
        ("send-again", BatchStatus.PLANNED, "Sending 1 batch again."),
        ("close", BatchStatus.CLOSED, "Closed 1 batch. People without an answer are marked missing"),
    ],
)
def test_a_user_decides_about_one_list_or_about_all(browser, lists, alice, action, status, message):
    address = f"/uploads/{lists[0].pk}/in-doubt/{action}/"
    assert f'formaction="{address}" name="shown" value="1"' in get_text(browser, PAGE)
    page = browser.post(address, {"shown": 1}, follow=True)
    assert page.redirect_chain[-1][0] == PAGE
    assert message in page.content.decode()
    assert list_statuses() == [status, BatchStatus.UNCONFIRMED]
    browser.post(f"{PAGE}{action}/", {"shown": 1})
    assert list_statuses() == [status, status]
    assert set(Event.objects.order_by("-pk").values_list("user", flat=True)[:2]) == {alice.pk}
    assert "No batches are in doubt." in get_text(browser, PAGE)


@pytest.mark.parametrize("shown", ["1", "", "x"])
def test_a_decision_about_a_number_other_than_the_one_shown_is_refused(browser, lists, shown):
    page = browser.post(f"{PAGE}send-again/", {"shown": shown}, follow=True).content.decode()
    assert "to 2. Please check" in page
    assert set(list_statuses()) == {BatchStatus.UNCONFIRMED}


def test_one_click_decides_about_a_limited_number_of_batches_and_shows_how_many_remain(browser, lists, monkeypatch):
    monkeypatch.setattr(in_doubt, "MAX_BATCHES_AT_ONCE", 1)
    page = browser.post(f"{PAGE}close/", {"shown": 2}, follow=True).content.decode()
    assert "1 batch remaining: press the button again." in page
    assert list_statuses() == [BatchStatus.CLOSED, BatchStatus.UNCONFIRMED]


def test_each_batch_has_its_own_buttons(browser, lists):
    batch = Batch.objects.first()
    action = f'formaction="/batches/{batch.pk}/send-again/" name="attempts" value="1"'
    assert action in get_text(browser, PAGE)
    assert action in get_text(browser, batch.get_absolute_url())
    browser.post(f"/batches/{batch.pk}/send-again/", {"attempts": 1})
    assert sorted(list_statuses()) == [BatchStatus.PLANNED, BatchStatus.UNCONFIRMED]


def test_an_unconfirmed_batch_that_is_not_in_doubt_stays_as_it_is(browser, lists):
    Batch.objects.filter(upload=lists[0]).update(doubted_at=None)
    browser.post(f"{PAGE}close/", {"shown": 1})
    assert list_statuses() == [BatchStatus.UNCONFIRMED, BatchStatus.CLOSED]


def test_the_banner_and_the_pages_link_to_the_page_for_decisions(browser, lists):
    page = get_text(browser, "/")
    assert "This database was restored from a backup." in page
    assert "Decide about batches in doubt" in page
    assert "<b>2 batches</b> may have been sent before a restore or a long outage" in page
    assert "Send again (may be charged twice)" not in page
    page = get_text(browser, lists[0].get_absolute_url())
    assert "1 batch was open before a restore or a long outage" in page
    assert f'href="{PAGE}"' in get_text(browser, "/uploads/")


@pytest.mark.parametrize("policy", ["ask", "resend"])
def test_the_page_does_not_promise_to_send_again_automatically(browser, lists, settings, policy):
    settings.UNCONFIRMED_POLICY = policy
    page = get_text(browser, Batch.objects.first().get_absolute_url())
    assert "If a result still arrives, the batch continues. someone has to decide." not in page
    assert "Otherwise someone has to decide." in page
    assert "sent again automatically" not in page


def test_the_number_of_lists_in_doubt_does_not_change_the_number_of_queries(
    browser, lists, start_upload, django_assert_max_num_queries
):
    with django_assert_max_num_queries(30) as captured:
        browser.get(PAGE)
    start_upload([person(500 + n) for n in range(12)], name="One more.csv")
    jobs.put_open_work_in_doubt(SendingBlock.RESTORED)
    with django_assert_max_num_queries(len(captured)):
        browser.get(PAGE)
