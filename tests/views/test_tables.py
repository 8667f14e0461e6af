"""Tables are sorted, paged and filtered, and show chosen columns."""

import html
import re

import pytest

from batches.intake.problem_groups import list_warnings
from batches.models import Item, TableChoice, Upload
from batches.results import digests
from batches.statuses import UploadStatus
from batches.tables import paging
from batches.views import items as item_pages
from tests.factories import people, person
from tests.support.pages import read_page

pytestmark = pytest.mark.django_db
ADDRESSES = ["/uploads/", "/batches/", "/items/", "/exports/", "/suppressions/", "/unmatched/", "/reconciliation/"]
"""The pages with a table that has filters and columns to choose."""


def read_headings(response):
    head = re.search(r"<thead.*?</thead>", response.content.decode(), re.DOTALL).group()
    return [re.sub(r"<[^>]*>", "", cell).strip() for cell in re.findall(r"<th\b.*?</th>", head, re.DOTALL)]


@pytest.fixture
def upload(start_upload):
    return start_upload(30)


def test_chosen_columns_are_remembered(browser, upload):
    assert read_headings(browser.get("/uploads/")) == [
        "List",
        "Status",
        "Progress",
        "Matched",
        "Rows",
        "Cost",
        "By",
        "Uploaded",
    ]
    chosen = {"column": ["status", "created_at"], "rows": "50", "next": "/uploads/?q=people"}
    response = browser.post("/tables/uploadtable/", chosen)
    assert response.url == "/uploads/?q=people"
    page = browser.get("/uploads/")
    assert read_headings(page) == ["List", "Status", "Uploaded"]
    assert page.context["table"].paginator.per_page == 50
    assert read_headings(browser.get("/batches/"))[1:3] == ["List", "Status"]


def test_columns_in_the_address_are_shown_but_not_remembered(browser, upload):
    assert read_headings(browser.get("/uploads/?columns=progress.row_count")) == ["List", "Progress", "Rows"]
    assert len(read_headings(browser.get("/uploads/"))) == 8


def test_the_link_to_a_view_shows_the_same_columns_to_others(browser, client, charlie, upload):
    browser.post("/tables/uploadtable/", {"column": ["status", "created_at"]})
    page = browser.get("/uploads/?sort=-name&status=running&q=")
    link = re.search(r'href="([^"]*)">Link to this view', page.content.decode()).group(1)
    assert link == "/uploads/?sort=-name&amp;status=running&amp;q=&amp;columns=status.created_at"
    client.force_login(charlie)
    assert read_headings(client.get("/uploads/")) != read_headings(page)
    assert read_headings(client.get(html.unescape(link))) == read_headings(page) == ["List", "Status", "Uploaded"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_filtering_keeps_order_and_columns(browser, address):
    page = browser.get(f"{address}?sort=-id&columns=-").content.decode()
    for form in re.findall(r'<form[^>]*method="get"[^>]*role="search".*?</form>', page, re.DOTALL):
        if "Find" not in form:
            hidden = re.findall(r'type="hidden" name="(sort|columns)" value="([^"]*)"', form)
            assert hidden == [("sort", "-id"), ("columns", "-")]
    links = re.findall(r'<a\s+class="filter[^"]*"\s+href="([^"]*)"', page)
    assert not [link for link in links if "sort=-id" not in link or "columns=-" not in link]
    assert not re.findall('name="(?:sort|columns)"', browser.get(address).content.decode())


@pytest.mark.parametrize("address", ADDRESSES)
def test_only_the_first_column_is_shown_if_none_is_chosen(browser, upload, address):
    # A table without rows has no head, unless filters are the reason.
    filtered = f"{address}?upload=7"
    all_headings = read_headings(browser.get(filtered))
    first = next(heading for heading in all_headings if heading and heading != "Actions")
    table = browser.get(address).context["choice"].table
    browser.post(f"/tables/{table}/", {"rows": "50"})
    page = browser.get(filtered)
    assert [heading for heading in read_headings(page) if heading != "Actions"] == [first]
    assert page.context["choice"].rows == 50
    assert "columns=-" in page.content.decode()
    TableChoice.objects.all().delete()
    assert read_headings(browser.get(f"{filtered}&columns=-")) == read_headings(page) != all_headings
    assert read_headings(browser.get(filtered)) == all_headings


def test_checkboxes_and_the_first_column_are_always_shown(browser, upload):
    page = browser.get("/items/?columns=outcome")
    assert read_headings(page) == ["Actions", "Name", "Outcome"]


@pytest.mark.parametrize(
    ("rows", "column"),
    [
        ("7", ["person"]),
        ("", []),
        ("50", ["nonsense.", "../../x", "|"]),
        ("x", ["a" * 3000]),
        ("25", ["abcdefgh"] * 999),
    ],
)
def test_invalid_choices_of_columns_are_ignored(browser, upload, rows, column):
    browser.post("/tables/uploadtable/", {"rows": rows, "column": column})
    assert read_headings(browser.get("/uploads/")) == ["List"]


def test_each_user_has_a_choice_of_columns_for_each_table(browser, client, bob, upload):
    browser.post("/tables/uploadtable/", {"column": ["status"]})
    assert read_headings(browser.get("/uploads/")) == ["List", "Status"]
    client.force_login(bob)
    assert len(read_headings(client.get("/uploads/"))) == 8


def test_the_form_for_columns_redirects_only_to_our_own_pages(browser):
    assert browser.post("/tables/uploadtable/", {"next": "https://elsewhere.example/"}).url == "/"


def test_a_live_part_has_the_columns_of_its_reader(browser, client, charlie, upload, monkeypatch):
    monkeypatch.setattr("batches.views.live.FRESH_SECONDS", 60)
    all_headings = read_headings(browser.get("/uploads/", headers={"HX-Request": "true"}))
    browser.post("/tables/uploadtable/", {"column": "status"})
    assert read_headings(browser.get("/uploads/", headers={"HX-Request": "true"})) == ["List", "Status"] != all_headings


def test_screen_readers_are_told_how_a_table_is_sorted(browser, upload):
    page = browser.get("/uploads/?sort=-name").content.decode()
    assert re.findall(r'aria-sort="(\w+)"', page) == ["descending"]
    assert re.findall(r'aria-sort="(\w+)"', browser.get("/uploads/?sort=name").content.decode()) == ["ascending"]


def test_changing_the_order_returns_to_the_first_page(browser, upload):
    page = browser.get(f"/items/?upload={upload.pk}&page=2&outcome=pending").content.decode()
    sort = re.search(r'href="(\?[^"]*sort=person[^"]*)"', page).group(1)
    assert "page" not in sort
    assert "outcome=pending" in sort


def test_long_tables_are_counted_up_to_the_cap(browser, upload, monkeypatch):
    monkeypatch.setattr(paging, "MAX_COUNTED_ROWS", 20)
    page = read_page(browser.get(f"/items/?upload={upload.pk}"))
    assert "1–20 of more than 20" in page
    assert "Select all 20+" in page


def test_the_newest_people_are_shown_if_no_list_is_chosen(browser, upload, start_upload, monkeypatch):
    monkeypatch.setattr(item_pages, "MAX_NEWEST", 12)
    other = start_upload([person(1_000 + number) for number in range(12)])
    page = browser.get("/items/")
    assert {row.record.upload_id for row in page.context["table"].page} == {other.pk}
    assert "The 12 most recently uploaded people" in page.content.decode()
    assert Item.objects.count() == 42
    assert "most recently uploaded" not in browser.get(f"/items/?upload={upload.pk}").content.decode()


@pytest.mark.parametrize(
    "query",
    ["", "q=", "q=%20", "upload=0", "upload=1,2", "upload=x", "batch=0", "batch=-1", "outcome=pending", "state=VA"],
)
def test_invalid_filters_show_the_newest_people(browser, upload, start_upload, monkeypatch, query):
    monkeypatch.setattr(item_pages, "MAX_NEWEST", 12)
    other = start_upload([person(1_000 + number) for number in range(12)])
    page = browser.get(f"/items/?{query}")
    assert {row.record.upload_id for row in page.context["table"].page} == {other.pk}
    assert "The 12 most recently uploaded people" in page.content.decode()


def test_a_search_covers_all_lists(browser, upload, start_upload, monkeypatch):
    monkeypatch.setattr(item_pages, "MAX_NEWEST", 12)
    start_upload([person(1_000 + number) for number in range(12)])
    digests.digest_upload(upload.pk)
    for query in ("q=5+oak", "q=5+oak&upload=0", f"upload={upload.pk}", f"batch={upload.batches.get().pk}"):
        page = browser.get(f"/items/?{query}")
        assert {row.record.upload_id for row in page.context["table"].page} == {upload.pk}, query
        assert "most recently uploaded" not in page.content.decode()


def test_people_ticked_on_other_pages_are_sent_as_one_field(browser, finish_upload):
    finish_upload(12)
    Item.objects.update(outcome="missing")
    first, second, third, *_ = Item.objects.values_list("pk", flat=True)
    browser.post("/items/re-run/", {"item": [f"{first},{second}", str(third), ""], "which": "ticked"})
    assert Item.objects.filter(outcome="pending").count() == 3


def read_text_of_empty_table(response):
    return re.search(r'<div class="empty">(.*?)</div>', read_page(response)).group(1).strip()


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_empty_table_says_what_to_do(browser, address):
    assert len(read_text_of_empty_table(browser.get(address))) > 40


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_table_without_results_offers_to_remove_the_filters(browser, address):
    assert read_text_of_empty_table(browser.get(f"{address}?upload=7")).endswith(
        f'<a class="btn s" href="{address}">Clear filters</a>'
    )


@pytest.mark.parametrize("query", ["q=oak", "status=running", "by=BO", "source=county"])
def test_lists_are_filtered(browser, bob, make_upload, start_upload, query):
    start_upload(10, name="Oak street.csv", user=bob, source="County records")
    make_upload(people(1), name="Elm street.csv")
    page = browser.get(f"/uploads/?{query}").content.decode()
    assert "Oak street" in page
    assert "Elm street" not in page


INVALID_SIZES = ["-5", "0", "-0", "x", "1.5", "²", "٣", "1,2", "9" * 5000, "", "%00"]
INVALID_PAGES = ["-5", "0", "x", "1.5", "²", "9" * 30, "9" * 5000, "", "last", "%00"]
INVALID_SORTS = ["-", "--", "x", "-x", ",", "pk", "progress", "__class__", "name,-name", "?", "%00"]
INVALID_QUERIES = [
    *(f"per_page={size}" for size in INVALID_SIZES),
    *(f"page={page}" for page in INVALID_PAGES),
    *(f"sort={name}" for name in INVALID_SORTS),
    *("per_page=500&page=2", "per_page=-5&page=-5", "per_page=1&page=2&per_page=0"),
]


@pytest.mark.parametrize(
    "address", [*ADDRESSES, "/notices/", "/find/?q=oak", "{upload}", "{upload}history/", "{batch}", "{problem}"]
)
def test_an_invalid_query_causes_no_error(browser, start_upload, make_upload, address):
    upload, ready = start_upload(10), make_upload([*people(3, City="Reston"), *people(5, Phone="555-0100")])
    [group] = list_warnings(ready)
    # Until its list is started, a group of rows is shown as a form.
    Upload.objects.filter(pk=ready.pk).update(status=UploadStatus.RUNNING)
    address = address.format(
        upload=upload.get_absolute_url(),
        batch=upload.batches.get().get_absolute_url(),
        problem=f"{ready.get_absolute_url()}problems/{group.key}/",
    )
    for query in INVALID_QUERIES:
        response = browser.get(f"{address}{'&' if '?' in address else '?'}{query}")
        assert response.status_code == 200, query
        assert response.context["table"].page.number >= 1


@pytest.mark.parametrize(
    ("query", "page", "rows"),
    [
        ("per_page=500&page=2", 2, 200),
        ("per_page=500", 1, 200),
        ("per_page=-5", 1, 25),
        ("per_page=0&page=3", 3, 25),
        ("per_page=7&page=-1", 31, 7),
        ("page=x", 1, 25),
    ],
)
def test_pages_have_at_most_200_rows(browser, make_upload, query, page, rows):
    upload = make_upload(people(211))
    table = browser.get(f"/items/?upload={upload.pk}&{query}").context["table"]
    assert (table.page.number, table.paginator.per_page) == (page, rows)


def test_pages_beyond_the_last_show_the_last(browser, make_upload):
    upload = make_upload(people(30))
    assert browser.get(f"/items/?upload={upload.pk}&page=99").context["table"].page.number == 2


def test_the_filter_by_list_is_kept_if_another_filter_is_invalid(browser, make_upload):
    upload = make_upload(people(3))
    page = browser.get(f"/items/?upload={upload.pk}&state=Florida")
    assert page.context["upload"] == upload
    assert page.context["table"].paginator.count == 3
