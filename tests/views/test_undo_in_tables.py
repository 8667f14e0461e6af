"""A number that is struck through because of the do-not-contact list has Undo in tables and search results."""

import pytest

from accounts.rights import Right
from batches.intake import suppression
from batches.models import Item, Suppression
from tests.factories import answer_with, people
from tests.support.pages import read_page

pytestmark = pytest.mark.django_db
NUMBER = "2025550101"
PHONE = {"phone": NUMBER, "phoneType": "mobile", "doNotCall": False}


@pytest.fixture
def upload(finish_upload):
    return finish_upload(people(1), answers=lambda item, _: answer_with(item, phones=[PHONE]))


@pytest.fixture
def entry(upload):
    suppression.suppress_lines([NUMBER], None)
    return Suppression.objects.get()


def list_addresses(upload):
    return [f"/items/?upload={upload.pk}", upload.get_absolute_url(), "/find/?q=abbott", f"/find/?q={NUMBER}"]


def button(entry):
    return f'form="act" formaction="/suppressions/{entry.pk}/remove/"'


def test_a_suppressed_number_has_undo_in_every_table(browser, upload, entry):
    for address in list_addresses(upload):
        assert browser.get(address).content.decode().count(button(entry)) == 1, address


def test_undo_lifts_the_entry_and_leads_back_to_the_table(browser, upload, entry):
    address = f"/items/?upload={upload.pk}"
    response = browser.post(f"/suppressions/{entry.pk}/remove/", {"next": address})
    assert response.url == address
    assert not Suppression.objects.in_force().exists()
    page = browser.get(address).content.decode()
    assert "/remove/" not in page
    assert f'href="tel:+1{NUMBER}"' in page


def test_a_number_of_a_suppressed_person_has_undo_for_the_entry_of_the_person(browser, upload):
    person = Suppression.objects.create(kind="person", key=Item.objects.get().fingerprint, label="Ada Abbott")
    assert button(person) in browser.get(f"/items/?upload={upload.pk}").content.decode()


def test_a_number_on_our_list_is_not_said_to_be_on_no_list(browser, upload, entry):
    page = read_page(browser.get(Item.objects.get().get_absolute_url()))
    assert "On your do-not-contact list since" in page
    assert "vendor’s Do Not Call flag: no" in page
    assert "not on the Do Not Call list" not in page


def test_numbers_that_are_not_called_for_other_reasons_have_no_undo(browser, finish_upload):
    flagged = PHONE | {"doNotCall": True}
    upload = finish_upload(people(1), answers=lambda item, _: answer_with(item, phones=[flagged]))
    page = browser.get(f"/items/?upload={upload.pk}").content.decode()
    assert "tel off" in page
    assert "/remove/" not in page


def test_readers_who_may_not_change_the_list_get_no_undo(client, upload, entry, make_user, monkeypatch):
    rae = make_user("rae", "Member")
    allowed = rae.has_perm
    monkeypatch.setattr(
        type(rae), "has_perm", lambda _user, right, obj=None: right != Right.SUPPRESS and allowed(right, obj)
    )
    client.force_login(rae)
    page = client.get(f"/items/?upload={upload.pk}").content.decode()
    assert "tel off" in page
    assert "/remove/" not in page
