"""An answer in the vendor's second shape, about a household of three with the asked person second, comes out right."""

import io
import json

import openpyxl
import pytest
from django.test import Client

from api.models import ApiToken
from batches.exports.files import as_layout, find_layout
from batches.models import ExportLayout
from tests.exports.test_files import write_export
from tests.factories import people, read_sample
from tests.views.test_results import read_words

pytestmark = pytest.mark.django_db
NOT_READ = ("Sample-Status", "Sample-Group")


@pytest.fixture
def item(finish_upload):
    """Return the person at 1 Oak St, whose answer is the sample."""

    def answer(item, position):
        body = json.loads(read_sample("household.json"))
        return json.dumps(body | {"batchRequestId": f"request-{item.pk}", "input": {"key": item.pk}}).encode()

    return finish_upload(people(10), answers=answer).items.get(row_number=2)


def test_the_page_shows_the_asked_person_and_the_others_apart(browser, item):
    words = read_words(browser, item.get_absolute_url()).partition("The vendor's answer")[0]
    own, _, others = words.partition("Other people in the answer")
    assert "(703) 555-0132" in own
    assert "(703) 555-0134" in own
    assert "9 Elm St, Tampa, FL 33602" in words
    assert "(703) 555-0131" not in own
    assert "Same address Wes Underhill (703) 555-0131" in others
    assert "Same address Zoe Zamora (703) 555-0133" in others
    assert not [word for word in NOT_READ if word in words]


def test_the_table_shows_a_number_of_the_asked_person(browser, item):
    words = read_words(browser, f"/items/?upload={item.upload_id}")
    assert "(703) 555-0132" in words
    assert "555-0131" not in words


def test_the_api_returns_the_asked_person_and_the_others_apart(item, alice):
    _, secret = ApiToken.objects.create_with_secret(alice, "Test")
    caller = Client(headers={"Authorization": f"Bearer {secret}"})
    shown = caller.get(f"/api/v1/items/{item.pk}").json()
    found = shown["found"]
    assert (shown["match"], found["names"], found["age"]) == ("same", ["Ada M Abbott"], "52")
    assert [(phone["number"], phone["type"], phone["do_not_call"], phone["usage"]) for phone in found["phones"]] == [
        ("7035550132", "mobile", False, "5"),
        ("7035550134", "landline", True, "1"),
    ]
    assert found["emails"] == [{"address": "ada@example.com", "type": ""}]
    assert found["former_addresses"] == ["9 Elm St, Tampa, FL 33602"]
    assert {(other["name"], other["relation"], other["phones"][0]["number"]) for other in found["others"]} == {
        ("Wes Underhill", "household", "7035550131"),
        ("Zoe Zamora", "household", "7035550133"),
    }
    assert not [word for word in NOT_READ if word in json.dumps(shown)]


@pytest.mark.parametrize("address", ["/uploads/{}/", "/find/?q=7035550132"])
def test_the_list_and_a_search_show_a_number_of_the_asked_person(browser, item, address):
    words = read_words(browser, address.format(item.upload_id))
    assert "(703) 555-0132" in words
    assert "555-0131" not in words


def test_the_panel_shows_the_asked_person_and_the_others_apart(browser, item):
    headers = {"HX-Request": "true", "HX-Target": "person-panel"}
    page = browser.get(item.get_absolute_url(), headers=headers).content.decode()
    own, _, others = page.partition("Other people in the answer")
    assert "(703) 555-0132" in own
    assert "(703) 555-0131" not in own
    assert "(703) 555-0131" in others


def export(item, name, file_format):
    """Return the file of a layout as text, with the cells of a workbook separated by commas."""
    saved = ExportLayout.objects.filter(name=name).first()
    content = write_export(item.upload, as_layout(saved) if saved else find_layout(name), file_format)
    if file_format == "csv":
        return content.decode("utf-8-sig")
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    return "\n".join(",".join(str(cell or "") for cell in row) for row in sheet.iter_rows(values_only=True))


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_the_layout_for_letters_has_the_address_of_the_asked_person(item, file_format):
    text = export(item, "Mailer", file_format)
    assert "Ada Abbott" in text
    assert "1 Oak St,Herndon,VA,20170" in text
    assert "Underhill" not in text


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_the_household_and_the_former_address_can_be_exported(item, file_format):
    fields = ["found_name", "phone_1", "phone_1_usage", "phone_2_dnc", "household", "former_addresses", "age"]
    ExportLayout.objects.create(name="Household", columns=[[name, name] for name in fields])
    text = export(item, "Household", file_format)
    expected = "Ada M Abbott,7035550132,5,yes,Wes Underhill (7035550131); Zoe Zamora (7035550133),"
    assert expected in text
    assert "9 Elm St, Tampa, FL 33602" in text


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
@pytest.mark.parametrize("name", ["wide", "long", "full", "Dialer", "Text messages"])
def test_every_layout_has_the_numbers_of_the_asked_person_only(item, name, file_format):
    text = export(item, name, file_format)
    assert "7035550132" in text
    assert "7035550131" not in text
    assert "7035550133" not in text
    assert not [word for word in NOT_READ if word in text]
