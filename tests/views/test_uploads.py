"""The pages of lists and people, from the uploaded file to the export."""

from decimal import Decimal

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
from tests.factories import answer_for, make_workbook, people, person, to_csv

pytestmark = pytest.mark.django_db


def upload_file(browser, content, name="people.csv", **fields):
    """Upload a new list on the page. Return the next page."""
    file = SimpleUploadedFile(name, content)
    return browser.post("/uploads/new/", {"file": file, "priority": 1, **fields}, follow=True)


def test_an_uploaded_file_leads_to_its_columns_with_guesses_and_samples(browser, alice):
    response = upload_file(browser, to_csv(people(12)))
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
def test_a_file_that_is_not_a_list_is_refused_with_a_message(browser, content, name, sentence):
    response = upload_file(browser, content, name)
    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert not Upload.objects.exists()


def test_a_file_over_the_limit_is_refused_with_a_message(browser, settings):
    settings.MAX_UPLOAD_BYTES = 1000
    assert "Please split it." in upload_file(browser, to_csv(people(100))).content.decode()


def test_a_form_without_a_file_is_refused_with_a_message(browser):
    response = browser.post("/uploads/new/", {"priority": 1})
    assert "Please choose the file with your list." in response.content.decode()


def columns_form(upload, **changes):
    """Return the form of a list's columns as they are mapped, with these changes.

    A change is either field → position of its column (None for no column), or name of an input → its value.
    """
    moved = {field: changes.pop(field) for field in MAPPABLE if field in changes}
    mapping = {field: positions for field, positions in upload.mapping.items() if field not in moved}
    mapping |= {field: [position] for field, position in moved.items() if position is not None}
    form = {"name_order": "first_last", "companies": "mail", "look_back": 90}
    for position, fields in list_uses(mapping).items():
        form |= {column_field(position, number): field for number, field in enumerate(fields)}
    return {name: value for name, value in (form | changes).items() if value is not None}


def test_rows_are_checked_in_the_background_once_the_columns_are_accepted(browser, django_capture_on_commit_callbacks):
    upload_file(browser, to_csv(people(12)))
    upload = Upload.objects.get()
    with django_capture_on_commit_callbacks(execute=True):
        response = browser.post(f"/uploads/{upload.pk}/columns/", columns_form(upload), follow=True)
    assert "Reading the rows" in response.content.decode()
    [job] = jobs.django_rq.get_queue("intake").jobs
    assert (job.func_name, job.args) == ("batches.jobs.check_rows", (upload.pk,))
    row_import.check_rows(upload.pk)
    page = browser.get(f"/uploads/{upload.pk}/").content.decode()
    assert "To trace" in page
    assert "Trace 12 · at most 12 credits" in page


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"state": None, "zip": None}, "A property address needs a city and a state."),
        ({"address": None, "city": None, "phone": None}, "at least one of"),
        ({"column-2": "street"}, "Choose one of the fields in the list."),
    ],
)
def test_columns_that_can_trace_nobody_are_refused_with_a_message(browser, changes, sentence):
    upload_file(browser, to_csv(people(12)))
    upload = Upload.objects.get()
    response = browser.post(f"/uploads/{upload.pk}/columns/", columns_form(upload, **changes))
    assert response.status_code == 422
    assert sentence in response.content.decode()
    upload.refresh_from_db()
    assert upload.status == UploadStatus.DRAFT


def test_a_fixed_state_and_match_requirements_are_saved(browser):
    header = ["First Name", "Last Name", "Address", "City"]
    upload_file(browser, to_csv([["Ada", "Abbott", "1 Oak St", "Tampa"]] * 2, header=header))
    upload = Upload.objects.get()
    form = columns_form(upload, fixed_state="Florida", match_requirements=["phones", "emails"])
    browser.post(f"/uploads/{upload.pk}/columns/", form)
    upload.refresh_from_db()
    assert (upload.constants, upload.match_requirements, upload.status) == (
        {"state": "Florida"},
        ["phones", "emails"],
        "checking",
    )


def test_another_sheet_of_a_workbook_can_be_chosen(browser):
    sheets = {"Sheet": [["Notes"], ["nothing"]], "Leads & more": [["Email"], ["ada@example.com"]]}
    page = upload_file(browser, make_workbook(**sheets), "book.xlsx").content.decode()
    assert "This workbook has 2 sheets" in page
    upload = Upload.objects.get()
    page = browser.post(f"/uploads/{upload.pk}/columns/", {"sheet": "Leads & more"}, follow=True).content.decode()
    assert "<bdi>Email</bdi>" in page
    assert "<bdi>ada@example.com</bdi>" in page
    page = browser.post(f"/uploads/{upload.pk}/columns/", {"sheet": "Nope"}, follow=True).content.decode()
    assert "has no sheet" in page


def test_the_review_shows_the_highest_cost_and_the_problems(browser, make_upload, settings):
    settings.PRICE_PER_CREDIT = 0.1
    upload = make_upload([*people(12), person(1), person(13, State="Atlantis")])
    page = browser.get(f"/uploads/{upload.pk}/")
    text = page.content.decode()
    review = page.context["review"]
    assert (review.max_credits, round(review.max_money, 2)) == (12, Decimal("1.2"))
    assert "$1.20" in text
    assert "Trace 12 · at most $1.20" in text
    assert "State is not a US state" in text
    assert '<span class="mono">Atlantis</span>' in text


def test_a_started_list_is_planned_in_the_background(browser, make_upload, django_capture_on_commit_callbacks):
    upload = make_upload(people(12))
    with django_capture_on_commit_callbacks(execute=True):
        response = browser.post(f"/uploads/{upload.pk}/start/", follow=True)
    assert "Started." in response.content.decode()
    assert [job.func_name for job in jobs.django_rq.get_queue("planning").jobs] == ["batches.jobs.plan_upload"]
    assert "has already been started" in browser.post(f"/uploads/{upload.pk}/start/", follow=True).content.decode()


def test_a_list_can_be_started_while_redis_is_down(browser, make_upload, settings, monkeypatch):
    upload = make_upload(people(12))

    def refuse(name):
        raise jobs.RedisError

    monkeypatch.setattr(jobs.django_rq, "get_queue", refuse)
    assert browser.post(f"/uploads/{upload.pk}/start/", follow=True).status_code == 200
    upload.refresh_from_db()
    assert upload.status == UploadStatus.RUNNING


def test_a_list_is_paused_resumed_and_cancelled_for_good(browser, start_upload, alice):
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


def test_a_live_part_is_sent_without_the_rest_of_the_page(browser, start_upload):
    upload = start_upload(12)
    for address in (f"/uploads/{upload.pk}/", "/", "/uploads/", "/batches/", f"/batches/{upload.batches.get().pk}/"):
        part = browser.get(address, headers={"HX-Request": "true"}).content.decode()
        assert "<html" not in part
        assert "12" in part


@pytest.mark.parametrize(("address", "count"), [("/", 26), ("/uploads/", 17), ("/batches/", 13), ("/items/", 22)])
def test_a_page_takes_no_more_queries_for_three_lists_than_for_one(
    browser, start_upload, address, count, django_assert_max_num_queries
):
    for more_lists in (1, 2):
        for _ in range(more_lists):
            start_upload(12)
        with django_assert_max_num_queries(count):
            assert browser.get(address).status_code == 200


def test_people_are_filtered_searched_sorted_and_paged(browser, start_upload):
    upload = start_upload([person(n, **{"Last Name": f"Name{n:03}"}) for n in range(60)])
    Item.objects.filter(row_number=5).update(outcome=Outcome.MATCHED, answer=answer_for(Item.objects.first()).decode())
    page = browser.get("/items/", {"upload": upload.pk, "outcome": "matched"}).content.decode()
    assert "Name003" in page
    assert "(202) 555-0149" in page
    assert "Name004" not in page
    digests.digest_upload(upload.pk)
    assert "Name042" in browser.get("/items/", {"q": "ada name042"}).content.decode()
    assert "Name059" in browser.get("/items/", {"sort": "-person"}).content.decode()
    assert "Name025" in browser.get("/items/", {"page": 2}).content.decode()


@pytest.mark.parametrize(
    "query", ["upload=x", f"upload={'9' * 30}", "upload=1.5", "upload=1e2", "outcome=x", "sort=cells", "page=9999"]
)
def test_invalid_filters_cause_no_error(browser, start_upload, query):
    start_upload(12)
    assert browser.get(f"/items/?{query}").status_code == 200
    assert browser.get(f"/batches/?{query}").status_code == 200


def test_a_record_that_does_not_exist_gets_a_404_page(browser):
    for address in ("/uploads/999/", f"/items/{'9' * 30}/"):
        response = browser.get(address)
        assert response.status_code == 404
        assert "This page does not exist" in response.content.decode()


def test_the_name_and_the_contents_of_a_file_are_escaped(browser, make_upload):
    upload = make_upload(to_csv([person(1, **{"First Name": "<script>alert(1)</script>"})]), name="<b>.csv")
    for address in (
        f"/uploads/{upload.pk}/",
        f"/items/{upload.items.get().pk}/",
        "/items/",
        "/",
        f"/uploads/{upload.pk}/columns/",
    ):
        assert "<script>alert" not in browser.get(address).content.decode()


def test_the_page_of_a_person_shows_what_was_asked_and_found(browser, start_upload):
    item = start_upload(12).items.first()
    Item.objects.filter(pk=item.pk).update(outcome=Outcome.MATCHED, answer=answer_for(item).decode(), credits=1)
    page = browser.get(f"/items/{item.pk}/").content.decode()
    for text in ("(202) 555-0148", "mobile", "ada@example.com", "Ada E Abbott", "Tampa, FL", "1 Oak St", "Ben Abbott"):
        assert text in page


@pytest.mark.parametrize(
    "answer",
    ['{"match": true, "cut": "\\ud83d"}', '{"match": true, "new": 1}', "[]", '{"output": null}', '{"persons": []}'],
)
def test_a_person_with_an_answer_in_an_unknown_format_is_shown(browser, start_upload, answer):
    item = start_upload(12).items.first()
    Item.objects.filter(pk=item.pk).update(outcome=Outcome.MATCHED, answer=answer)
    assert browser.get(f"/items/{item.pk}/").status_code == 200


def test_the_export_is_streamed_and_recorded(browser, start_upload):
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
    upload_file(browser, to_csv(people(2)), name=name)
    upload = Upload.objects.get()
    assert upload.filename == name
    assert upload.name == name.removesuffix(".csv")[:200]


def test_the_review_says_why_nobody_is_traced_although_no_row_is_invalid(browser, make_upload):
    Suppression.objects.create(kind="phone", key="7035550142")
    upload = make_upload([person(1, Phone="(703) 555-0142")])
    page = browser.get(upload.get_absolute_url()).content.decode()
    assert "everyone is a duplicate, a skipped company, or on the do-not-contact list" in page
