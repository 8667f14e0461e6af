import io
from decimal import Decimal

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from batches import jobs
from batches.forms.mapping import column_field
from batches.intake import row_import
from batches.mapping.column_uses import list_uses
from batches.mapping.fields import MAPPABLE
from batches.models import Item, Suppression, Upload
from batches.results import digests
from batches.statuses import Outcome, UploadStatus
from tests.factories import answer_for, people, person, to_csv

pytestmark = pytest.mark.django_db


def give(browser, content, name="people.csv", **fields):
    file = SimpleUploadedFile(name, content)
    return browser.post("/uploads/new/", {"file": file, "priority": 1, **fields}, follow=True)


def test_a_file_leads_to_its_columns_with_guesses_and_samples(browser, alice):
    response = give(browser, to_csv(people(12)))
    upload = Upload.objects.get()
    assert response.redirect_chain[-1][0] == f"/uploads/{upload.pk}/columns/"
    assert upload.created_by == alice
    assert upload.name == "people"
    assert "<bdi>First Name</bdi>" in response.content.decode()
    assert response.context["form"]["column-2"].initial == "address"


@pytest.mark.parametrize(
    ("content", "name", "sentence"),
    [
        (b"", "a.csv", "The file is empty"),
        (b"Name,City\r\n", "a.csv", "no rows below them"),
        (b"%PDF-1.7", "a.csv", "This is a PDF document"),
        (b"PK\x03\x04xx", "a.xlsx", "The workbook is damaged"),
    ],
)
def test_what_is_no_list_comes_back_with_a_sentence(browser, content, name, sentence):
    response = give(browser, content, name)
    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert not Upload.objects.exists()


def test_the_sample_list_is_uploaded_by_a_button_in_the_sandbox(browser, alice, settings):
    for address in ("/", "/uploads/new/"):
        assert 'form="act" formaction="/uploads/sample/"' in browser.get(address).content.decode()
    response = browser.post("/uploads/sample/")
    upload = Upload.objects.get()
    assert response.url == f"/uploads/{upload.pk}/columns/"
    assert (upload.name, upload.filename, upload.created_by) == ("Sample list", "sample.csv", alice)
    settings.IS_SANDBOX = False
    assert "/uploads/sample/" not in browser.get("/uploads/new/").content.decode()
    assert browser.post("/uploads/sample/").status_code == 404
    assert Upload.objects.count() == 1


def test_a_large_file_comes_back_with_a_sentence(browser, settings):
    settings.MAX_UPLOAD_BYTES = 1000
    assert "Please split it." in give(browser, to_csv(people(100))).content.decode()


def test_without_a_file_the_form_says_so(browser):
    response = browser.post("/uploads/new/", {"priority": 1})
    assert "Please choose the file with your list." in response.content.decode()


def columns_form(upload, **changes):
    """The form of a list's columns as they are, with changes: field → its column or None, and other fields."""
    moved = {name: changes.pop(name) for name in MAPPABLE if name in changes}
    mapping = {name: positions for name, positions in upload.mapping.items() if name not in moved}
    mapping |= {name: [position] for name, position in moved.items() if position is not None}
    fields = {"name_order": "first_last", "companies": "mail", "look_back": 90}
    for position, names in list_uses(mapping).items():
        fields |= {column_field(position, number): name for number, name in enumerate(names)}
    return {name: value for name, value in (fields | changes).items() if value is not None}


def test_columns_are_taken_and_rows_checked_in_the_background(browser, django_capture_on_commit_callbacks):
    give(browser, to_csv(people(12)))
    upload = Upload.objects.get()
    with django_capture_on_commit_callbacks(execute=True):
        response = browser.post(f"/uploads/{upload.pk}/columns/", columns_form(upload), follow=True)
    assert "Reading and checking" in response.content.decode()
    job = jobs.django_rq.get_queue("intake").jobs[0]
    assert (job.func_name, job.args) == ("batches.jobs.check_rows", (upload.pk,))
    row_import.check_rows(upload.pk)
    page = browser.get(f"/uploads/{upload.pk}/").content.decode()
    assert "People to trace" in page
    assert "Trace 12 people - at most 12 credits" in page


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"state": None, "zip": None}, "A property address needs a city and a state."),
        ({"address": None, "city": None, "phone": None}, "at least one of"),
        ({"column-2": "street"}, "Choose one of the fields in the list."),
    ],
)
def test_columns_that_can_trace_nobody_come_back_with_a_sentence(browser, changes, sentence):
    give(browser, to_csv(people(12)))
    upload = Upload.objects.get()
    response = browser.post(f"/uploads/{upload.pk}/columns/", columns_form(upload, **changes))
    assert response.status_code == 422
    assert sentence in response.content.decode()
    upload.refresh_from_db()
    assert upload.status == UploadStatus.DRAFT


def test_a_state_can_be_fixed_for_all_rows(browser):
    give(
        browser,
        to_csv([["Ada", "Abbott", "1 Oak St", "Tampa"]] * 2, header=["First Name", "Last Name", "Address", "City"]),
    )
    upload = Upload.objects.get()
    browser.post(
        f"/uploads/{upload.pk}/columns/",
        columns_form(upload, fixed_state="Florida", match_requirements=["phones", "emails"]),
    )
    upload.refresh_from_db()
    assert (upload.constants, upload.match_requirements, upload.status) == (
        {"state": "Florida"},
        ["phones", "emails"],
        "checking",
    )


def test_the_sheet_of_a_workbook_is_chosen(browser):
    book = openpyxl.Workbook()
    book.active.append(["Notes"])
    book.active.append(["nothing"])
    leads = book.create_sheet("Leads & more")
    leads.append(["Email"])
    leads.append(["ada@example.com"])
    out = io.BytesIO()
    book.save(out)
    page = give(browser, out.getvalue(), "book.xlsx").content.decode()
    assert "This workbook has 2 sheets" in page
    upload = Upload.objects.get()
    page = browser.post(f"/uploads/{upload.pk}/columns/", {"sheet": "Leads & more"}, follow=True).content.decode()
    assert "<bdi>Email</bdi>" in page
    assert "<bdi>ada@example.com</bdi>" in page
    page = browser.post(f"/uploads/{upload.pk}/columns/", {"sheet": "Nope"}, follow=True).content.decode()
    assert "has no sheet" in page


def test_the_review_counts_what_goes_and_what_does_not(browser, make_upload, settings):
    settings.PRICE_PER_CREDIT = 0.1
    upload = make_upload([*people(12), person(1), person(13, State="Atlantis")])
    page = browser.get(f"/uploads/{upload.pk}/")
    text = page.content.decode()
    assert (page.context["review"].most, round(page.context["review"].most_money, 2)) == (12, Decimal("1.2"))
    assert "$1.20" in text
    assert "Trace 12 people - at most $1.20" in text
    assert "State is not a US state" in text
    assert "<q>Atlantis</q>" in text


def test_start_plans_in_the_background(browser, make_upload, django_capture_on_commit_callbacks):
    upload = make_upload(people(12))
    with django_capture_on_commit_callbacks(execute=True):
        response = browser.post(f"/uploads/{upload.pk}/start/", follow=True)
    assert "Started." in response.content.decode()
    assert [job.func_name for job in jobs.django_rq.get_queue("planning").jobs] == ["batches.jobs.plan_upload"]
    assert "has already been started" in browser.post(f"/uploads/{upload.pk}/start/", follow=True).content.decode()


def test_redis_being_down_stops_nobody(browser, make_upload, settings, monkeypatch):
    upload = make_upload(people(12))

    def refuse(name):
        raise jobs.RedisError

    monkeypatch.setattr(jobs.django_rq, "get_queue", refuse)
    assert browser.post(f"/uploads/{upload.pk}/start/", follow=True).status_code == 200
    upload.refresh_from_db()
    assert upload.status == UploadStatus.RUNNING


def test_pause_resume_and_cancel(browser, start_upload, alice):
    upload = start_upload(12)
    for action, status in [
        ("pause", "paused"),
        ("resume", "running"),
        ("cancel", "cancelled"),
        ("resume", "cancelled"),
    ]:
        browser.post(f"/uploads/{upload.pk}/{action}/")
        upload.refresh_from_db()
        assert upload.status == status
    assert list(upload.events.order_by("-id").values_list("what", "user__username")[:3]) == [
        ("cancelled", "alice"),
        ("resumed", "alice"),
        ("paused", "alice"),
    ]


def test_the_live_part_comes_alone(browser, start_upload):
    upload = start_upload(12)
    for address in (f"/uploads/{upload.pk}/", "/", "/uploads/", "/batches/", f"/batches/{upload.batches.get().pk}/"):
        part = browser.get(address, headers={"HX-Request": "true"}).content.decode()
        assert "<html" not in part
        assert "12" in part


@pytest.mark.parametrize("address", ["/", "/uploads/", "/batches/", "/items/"])
def test_lists_take_no_more_queries_for_three_than_for_one(
    browser, start_upload, address, django_assert_max_num_queries
):
    def look():
        with django_assert_max_num_queries(count[address]):
            assert browser.get(address).status_code == 200

    count = {"/": 21, "/uploads/": 10, "/batches/": 8, "/items/": 10}
    start_upload(12)
    look()
    start_upload(12)
    start_upload(12)
    look()


def test_filters_sorting_and_pages(browser, start_upload):
    upload = start_upload([person(n, **{"Last Name": f"Name{n:03}"}) for n in range(60)])
    Item.objects.filter(row_number=5).update(outcome=Outcome.MATCHED, answer=answer_for(Item.objects.first()).decode())
    page = browser.get("/items/", {"upload": upload.pk, "outcome": "matched"}).content.decode()
    assert "Name003" in page
    assert "3 phones · 1 email" in page
    assert "Name004" not in page
    digests.digest_upload(upload.pk)
    assert "Name042" in browser.get("/items/", {"q": "ada name042"}).content.decode()
    assert "Name059" in browser.get("/items/", {"sort": "-person"}).content.decode()
    assert "Name025" in browser.get("/items/", {"page": 2}).content.decode()
    assert browser.get("/items/", {"page": "9999"}).status_code == 200
    for bad in (
        {"upload": "x"},
        {"outcome": "x"},
        {"sort": "cells"},
        {"upload": "9" * 30},
        {"upload": "1.5"},
        {"upload": "1e2"},
    ):
        assert browser.get("/items/", bad).status_code == 200
        assert browser.get("/batches/", bad).status_code == 200


def test_a_page_of_nothing_is_a_plain_404(browser):
    for address in ("/uploads/999/", f"/items/{'9' * 30}/"):
        response = browser.get(address)
        assert response.status_code == 404
        assert "This page does not exist" in response.content.decode()


def test_what_a_file_says_is_escaped(browser, make_upload):
    upload = make_upload(to_csv([person(1, **{"First Name": "<script>alert(1)</script>"})]), name="<b>.csv")
    for address in (
        f"/uploads/{upload.pk}/",
        f"/items/{upload.items.get().pk}/",
        "/items/",
        "/",
        f"/uploads/{upload.pk}/columns/",
    ):
        assert "<script>alert" not in browser.get(address).content.decode()


def test_an_item_shows_what_was_asked_and_found(browser, start_upload):
    item = start_upload(12).items.first()
    Item.objects.filter(pk=item.pk).update(outcome=Outcome.MATCHED, answer=answer_for(item).decode(), credits=1)
    page = browser.get(f"/items/{item.pk}/").content.decode()
    for text in ("(202) 555-0148", "mobile", "ada@example.com", "Ada E Abbott", "Tampa, FL", "1 Oak St", "Ben Abbott"):
        assert text in page


@pytest.mark.parametrize(
    "answer",
    ['{"match": true, "cut": "\\ud83d"}', '{"match": true, "new": 1}', "[]", '{"output": null}', '{"persons": []}'],
)
def test_an_item_of_any_shape_shows(browser, start_upload, answer):
    item = start_upload(12).items.first()
    Item.objects.filter(pk=item.pk).update(outcome=Outcome.MATCHED, answer=answer)
    assert browser.get(f"/items/{item.pk}/").status_code == 200


def test_the_export_is_streamed_and_noted(browser, start_upload):
    upload = start_upload(12)
    response = browser.get(f"/uploads/{upload.pk}/export/")
    assert response.streaming
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == f'attachment; filename="people-{upload.pk}-traced.csv"'
    assert len(b"".join(response).splitlines()) == 13
    event = upload.events.last()
    assert (event.what, event.user.username, event.detail) == ("exported", "alice", "wide, csv: all rows")
    assert browser.get(f"/uploads/{upload.pk}/export/", {"layout": "tall"}).status_code == 400
    assert browser.get(f"/uploads/{upload.pk}/export/", {"outcome": "x"}).status_code == 400


@pytest.mark.parametrize("name", ["x" * 240 + ".csv", "списък клиенти.csv", "a b (1) – copy'.csv", "list"])
def test_file_names_of_any_kind_are_kept(browser, name):
    give(browser, to_csv(people(2)), name=name)
    upload = Upload.objects.get()
    assert upload.filename == name
    assert upload.name == name.removesuffix(".csv")[:200]


def test_a_review_without_people_or_invalid_rows_says_why_nobody_is_traced(browser, make_upload):
    Suppression.objects.create(kind="phone", key="7035550142")
    upload = make_upload([person(1, Phone="(703) 555-0142")])
    page = browser.get(upload.get_absolute_url()).content.decode()
    assert "everyone is a duplicate, a skipped company, or on the do-not-contact list" in page
