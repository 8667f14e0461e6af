"""One person is traced from a form: known people are offered first, and nobody is bought twice by accident."""

import pytest

from batches.models import Batch, Item, Suppression, Upload
from batches.statuses import BatchKind, Outcome, SuppressionKind, UploadStatus
from batches.tracing import packing
from tests.factories import person
from tests.support.pages import read_page

pytestmark = pytest.mark.django_db
ADA = {
    "first_name": "Ada",
    "last_name": "Abbott",
    "address": "12 Oak St",
    "city": "Herndon",
    "state": "VA",
    "zip": "20170",
}


def trace(browser, **fields):
    return browser.post("/items/new/", fields)


def test_the_form_says_what_a_person_costs_at_most(browser, settings):
    settings.PRICE_PER_CREDIT = "0.12"
    assert "Trace for at most $0.12" in read_page(browser.get("/items/new/"))


def test_a_person_is_sent_alone_over_the_single_endpoint_and_shown(browser):
    response = trace(browser, **ADA)
    item = Item.objects.get()
    assert response.url == item.get_absolute_url()
    assert (item.asked_name, item.asked_address) == ("Ada Abbott", "12 Oak St, Herndon, VA 20170")
    packing.plan_upload(item.upload_id)
    assert Batch.objects.get().kind == BatchKind.SINGLE


def test_the_result_is_for_the_purpose_that_was_chosen(browser):
    assert "What is the result used for?" in read_page(browser.get("/items/new/"))
    trace(browser, **ADA, purpose="collect-debt")
    assert Upload.objects.get().purpose.key == "collect-debt"


def test_the_list_of_one_person_does_not_name_the_person(browser):
    trace(browser, **ADA)
    upload = Upload.objects.get()
    assert (upload.list_source, upload.status) == ("One person", UploadStatus.RUNNING)
    assert "Ada" not in upload.name + upload.filename


@pytest.mark.parametrize("contact", [{"phone": "(703) 555-0142"}, {"email": "ada@example.com"}])
def test_a_phone_or_an_email_is_enough(browser, contact):
    assert trace(browser, **contact).status_code == 302
    assert Item.objects.get().outcome == Outcome.PENDING


@pytest.mark.parametrize(
    ("entered", "sentence"),
    [
        ({}, "Nothing to trace by: give an address, a city, an email or a phone."),
        ({"first_name": "Ada", "last_name": "Abbott", "address": "12 Oak St"}, "Empty; an address needs its city."),
        (ADA | {"phone": "555"}, "“555” is not a US phone number: give ten digits."),
        (ADA | {"zip": "2017"}, "“2017” is not a ZIP: give five digits, or five and four."),
    ],
)
def test_a_value_that_cannot_be_traced_is_reported_at_its_field_and_nothing_is_sent(browser, entered, sentence):
    response = trace(browser, **entered)
    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert not Upload.objects.exists()


def test_an_earlier_result_is_offered_instead_of_a_purchase(browser, finish_upload):
    earlier = finish_upload([person(1)]).items.get()
    known = {"first_name": earlier.first_name, "last_name": earlier.last_name, "address": earlier.address}
    known |= {"city": earlier.city, "state": earlier.state, "zip": earlier.zip}
    page = trace(browser, **known).content.decode()
    assert earlier.get_absolute_url() in page
    assert "Opening an earlier result is free." in page
    assert Upload.objects.count() == 1
    buttons_of_the_form = page.split('name="first_name"')[-1].split("</form>")[0]
    assert 'name="again"' not in buttons_of_the_form
    assert trace(browser, **known, again="1").status_code == 302
    assert Upload.objects.latest("pk").look_back == 0


def test_a_second_press_of_the_button_buys_nobody_twice(browser):
    trace(browser, **ADA)
    page = trace(browser, **ADA).content.decode()
    assert "This person may be known already" in page
    assert Upload.objects.count() == 1


def test_tracing_a_person_again_twice_at_once_buys_the_person_once(browser):
    trace(browser, **ADA)
    first = Item.objects.get()
    response = browser.post("/items/new/", ADA | {"again": "1"}, follow=True)
    assert response.redirect_chain[-1][0] == first.get_absolute_url()
    assert "This person is already being traced." in response.content.decode()
    assert Item.objects.get() == first


def test_an_answer_in_a_list_of_another_team_is_reused_but_not_shown(browser, finish_upload, make_user):
    earlier = finish_upload([person(1)]).items.get()
    Upload.objects.update(team=None, created_by=make_user("olga"))
    fields = {name: getattr(earlier, name) for name in ADA}
    trace(browser, **fields)
    later = Item.objects.latest("pk")
    assert (later.outcome, later.same_as_id) == (Outcome.REUSED, earlier.pk)


def test_a_person_on_the_do_not_contact_list_is_not_traced(browser, alice):
    Suppression.objects.create(kind=SuppressionKind.PHONE, key="7035550142", label="7035550142", created_by=alice)
    response = browser.post("/items/new/", {"phone": "703-555-0142"}, follow=True)
    assert "Not traced: this person is on your do-not-contact list." in response.content.decode()
    assert not Batch.objects.exists()


def test_a_person_over_the_daily_limit_stays_as_a_list_that_is_ready(browser, settings):
    settings.DAILY_CREDIT_LIMIT = 1
    settings.CREDITS_PER_MATCH = 10
    response = browser.post("/items/new/", ADA, follow=True)
    assert "Not traced:" in response.content.decode()
    assert Upload.objects.get().status == UploadStatus.READY


def test_a_person_who_costs_more_than_the_user_may_spend_alone_waits_for_an_approval(browser, settings):
    settings.APPROVAL_ABOVE = 1
    settings.CREDITS_PER_MATCH = 10
    response = browser.post("/items/new/", ADA, follow=True)
    assert "The person is traced once someone else approves it." in response.content.decode()
    assert Upload.objects.get().status == UploadStatus.APPROVAL


def test_the_page_of_a_waiting_person_reloads_once_there_is_an_answer(browser):
    trace(browser, **ADA)
    item = Item.objects.get()
    assert f"/items/{item.pk}/wait/" in read_page(browser.get(item.get_absolute_url()))
    assert browser.get(f"/items/{item.pk}/wait/").status_code == 204
    Item.objects.update(outcome=Outcome.NO_MATCH)
    assert browser.get(f"/items/{item.pk}/wait/").headers["HX-Refresh"] == "true"
