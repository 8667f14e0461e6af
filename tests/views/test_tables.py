"""Tables that are sorted, paged, narrowed, and shown with the columns that somebody wants."""

import re

import pytest

from batches import paging
from batches.models import Item
from batches.views import items as item_pages
from tests.conftest import people, person

pytestmark = pytest.mark.django_db


def headings(response):
    head = re.search(r"<thead>.*?</thead>", response.content.decode(), re.DOTALL).group()
    return [re.sub(r"<[^>]*>", "", cell).strip() for cell in re.findall(r"<th.*?</th>", head, re.DOTALL)]


@pytest.fixture
def upload(start_upload):
    return start_upload(30)


def test_columns_that_are_chosen_are_remembered(browser, upload):
    assert headings(browser.get("/uploads/")) == ["List", "Status", "Progress", "Rows", "Priority", "By", "Uploaded"]
    chosen = {"column": ["status", "created_at"], "rows": "50", "next": "/uploads/?q=people"}
    response = browser.post("/tables/uploadtable/", chosen)
    assert response.url == "/uploads/?q=people"
    page = browser.get("/uploads/")
    assert headings(page) == ["List", "Status", "Uploaded"]
    assert page.context["table"].paginator.per_page == 50
    assert headings(browser.get("/batches/"))[1:3] == ["List", "Status"]


def test_an_address_says_which_columns_are_shown_and_changes_nothing_that_is_remembered(browser, upload):
    assert headings(browser.get("/uploads/?columns=progress.row_count")) == ["List", "Progress", "Rows"]
    assert len(headings(browser.get("/uploads/"))) == 7


def test_boxes_to_tick_and_the_first_column_always_stay(browser, upload):
    page = browser.get("/items/?columns=outcome")
    assert headings(page) == ["What to do", "Row", "Outcome"]


@pytest.mark.parametrize("cookie", ["", "7.person", "nonsense", "25.", "25.../../x", "25." + "a" * 3000, "|;25"])
def test_what_cannot_be_a_choice_is_passed_over(browser, upload, cookie):
    browser.cookies.load({"table-uploadtable": cookie})
    assert browser.get("/uploads/").status_code == 200


def test_only_pages_of_ours_are_gone_back_to(browser):
    assert browser.post("/tables/uploadtable/", {"next": "https://elsewhere.example/"}).url == "/"


def test_a_live_part_has_the_columns_that_its_reader_has_chosen(browser, client, charlie, upload, monkeypatch):
    monkeypatch.setattr("batches.views.live.FRESH", 60)
    whole = headings(browser.get("/uploads/", headers={"HX-Request": "true"}))
    browser.post("/tables/uploadtable/", {"column": "status"})
    assert headings(browser.get("/uploads/", headers={"HX-Request": "true"})) == ["List", "Status"] != whole


def test_how_a_table_is_sorted_is_said_to_those_who_do_not_see_it(browser, upload):
    page = browser.get("/uploads/?sort=-name").content.decode()
    assert re.findall(r'aria-sort="(\w+)"', page) == ["descending"]
    assert re.findall(r'aria-sort="(\w+)"', browser.get("/uploads/?sort=name").content.decode()) == ["ascending"]


def test_another_order_begins_on_the_first_page(browser, upload):
    page = browser.get(f"/items/?upload={upload.pk}&page=2&outcome=pending").content.decode()
    sort = re.search(r'href="(\?[^"]*sort=person[^"]*)"', page).group(1)
    assert "page" not in sort
    assert "outcome=pending" in sort


def test_long_tables_are_counted_up_to_where_somebody_would_page(browser, upload, monkeypatch):
    monkeypatch.setattr(paging, "CAP", 20)
    page = browser.get(f"/items/?upload={upload.pk}").content.decode()
    assert "1 to 20 of more than 20" in page
    assert "All 20+ that the filters show" in page


def test_without_a_list_the_newest_people_are_shown(browser, upload, start_upload, monkeypatch):
    monkeypatch.setattr(item_pages, "NEWEST", 12)
    other = start_upload([person(1_000 + number) for number in range(12)])
    page = browser.get("/items/")
    assert {row.record.upload_id for row in page.context["table"].page} == {other.pk}
    assert "The 12 people who were uploaded last" in page.content.decode()
    assert Item.objects.count() == 42
    assert "uploaded last" not in browser.get(f"/items/?upload={upload.pk}").content.decode()


def test_people_ticked_on_other_pages_are_sent_as_one_field(browser, finish_upload):
    upload = finish_upload(12)
    Item.objects.update(outcome="missing")
    first, second, third, *_ = Item.objects.values_list("pk", flat=True)
    browser.post("/items/re-run/", {"item": [f"{first},{second}", str(third), ""], "which": "ticked"})
    assert Item.objects.filter(outcome="pending").count() == 3
    assert upload.pk


LISTS = ["/uploads/", "/batches/", "/items/", "/exports/", "/suppressions/", "/strays/"]


def read_empty(response):
    return re.search(r'<div class="empty">(.*?)</div>', response.content.decode()).group(1)


@pytest.mark.parametrize("address", LISTS)
def test_every_list_says_what_to_do_where_it_is_empty(browser, address):
    assert len(read_empty(browser.get(address))) > 40


@pytest.mark.parametrize("address", LISTS)
def test_where_filters_leave_nothing_all_can_be_shown(browser, address):
    assert read_empty(browser.get(f"{address}?upload=7")).endswith(f'<a href="{address}">Show all</a>')


@pytest.mark.parametrize("query", ["q=oak", "status=running", "by=CHAR", "source=county"])
def test_lists_are_narrowed_down(browser, charlie, make_upload, start_upload, query):
    start_upload(10, name="Oak street.csv", user=charlie, source="County records")
    make_upload(people(1), name="Elm street.csv")
    page = browser.get(f"/uploads/?{query}").content.decode()
    assert "Oak street" in page
    assert "Elm street" not in page


def test_pages_beyond_the_last_show_the_last(browser, make_upload):
    upload = make_upload(people(30))
    assert browser.get(f"/items/?upload={upload.pk}&page=99").context["table"].page.number == 2
