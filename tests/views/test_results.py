"""Results on the pages: people are filtered, found, decided about together, exported and scored."""

import pytest

from batches.exports import files
from batches.models import Batch, Event, Export, ExportLayout, Item, Suppression, Upload
from batches.results import digests
from batches.statuses import Outcome, UploadStatus
from tests.factories import answer_for, answer_with, people, person
from tests.support.pages import read_page

pytestmark = pytest.mark.django_db
MOBILE = {"phone": "2025550101", "phoneType": "mobile", "isConnected": True}
DO_NOT_CALL = {"phone": "2025550102", "phoneType": "landline", "doNotCall": True}


def answer(item, place):
    if place == 0:
        return answer_with(item, phones=[DO_NOT_CALL, MOBILE], emails=["ada@example.com"])
    if place == 1:
        return answer_with(item, phones=[DO_NOT_CALL], demographics={"deceased": True})
    if place == 2:
        return answer_with(item, phones=[MOBILE], names=["Wes Underhill"])
    return answer_for(item, "error" if place == 3 else "no_match", output=None)


@pytest.fixture
def upload(finish_upload):
    return finish_upload([*people(11), person(40, State="FL"), person(50, State="Atlantis")], answers=answer)


def get_text(browser, address, **query):
    response = browser.get(address, query)
    assert response.status_code == 200
    return read_page(response)


def shown(browser, upload, **query):
    """Return the row numbers that the page of people shows."""
    response = browser.get("/items/", {"upload": upload.pk} | query)
    return sorted(row.record.row_number for row in response.context["table"].page.object_list)


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ({"outcome": ["matched"]}, [2, 3, 4]),
        ({"outcome": ["matched", "error"]}, [2, 3, 4, 5]),
        ({"match": ["same"]}, [2, 3]),
        ({"match": ["other", "perhaps"]}, [4]),
        ({"has": "mobile"}, [2, 4]),
        ({"has": "usable"}, [2, 4]),
        ({"has": "email"}, [2]),
        ({"has": "phone"}, [2, 3, 4]),
        ({"dnc": "some"}, [2, 3]),
        ({"dnc": "all"}, [3]),
        ({"dnc": "none"}, [4]),
        ({"deceased": "yes"}, [3]),
        ({"state": "fl"}, [13]),
        ({"problem": "not a state"}, [14]),
        ({"problem": "internal"}, [5]),
        ({"has": "mobile", "match": ["same"]}, [2]),
        ({"q": "40 oak"}, [13]),
    ],
)
def test_people_are_filtered(browser, upload, query, rows):
    assert shown(browser, upload, **query) == rows


def test_people_not_known_to_be_deceased_are_kept(browser, upload):
    assert shown(browser, upload, deceased="no") == [2, *range(4, 15)]


def test_unknown_filters_cause_no_error(browser, upload):
    for query in ({"match": "x"}, {"has": "x"}, {"state": "Florida"}, {"upload": "x"}, {"outcome": "'"}):
        assert browser.get("/items/", {"upload": upload.pk} | query).status_code == 200


def test_the_page_of_a_person_shows_the_row_and_the_result(browser, upload):
    item = upload.items.order_by("pk").first()
    page = get_text(browser, item.get_absolute_url())
    for text in ("Same person", "(202) 555-0101", "Search<span", "ada@example.com", "None so far", "this one"):
        assert text in page
    assert page.index("(202) 555-0101") < page.index("(202) 555-0102")
    assert "Deceased" not in page
    assert "Deceased" in get_text(browser, upload.items.get(row_number=3).get_absolute_url())
    assert "Someone else" in get_text(browser, upload.items.get(row_number=4).get_absolute_url())


def test_the_page_of_a_person_shows_other_lists_and_exports(browser, upload, make_upload):
    other = make_upload([person(1), person(60)], name="again.csv")
    page = get_text(browser, upload.items.get(row_number=2).get_absolute_url())
    assert "again" in page
    assert other.items.get(row_number=2).get_absolute_url() in page
    b"".join(browser.get(f"/uploads/{upload.pk}/export/"))
    assert "alice, <a" in get_text(browser, upload.items.get(row_number=2).get_absolute_url())


def test_a_number_links_to_everyone_who_has_it(browser, upload):
    page = get_text(browser, "/find/", q="(202) 555-0101")
    assert "2 people." in page
    assert upload.items.get(row_number=4).get_absolute_url() in page
    assert "Nobody matches" in get_text(browser, "/find/", q="2025550199")
    assert "Enter words in any order" in get_text(browser, "/find/")


# Several people at once


def press(browser, address, **form):
    return browser.post(address, form, follow=True)


def test_filtered_people_are_re_run(browser, upload):
    press(browser, "/items/re-run/", upload=upload.pk, outcome="error", which="all", shown=1)
    assert Item.objects.filter(outcome=Outcome.PENDING).count() == 1


def test_selected_people_are_suppressed(browser, upload):
    ticked = list(upload.items.filter(row_number__in=[2, 3]).values_list("pk", flat=True))
    page = press(browser, "/items/suppress/", item=ticked, which="ticked", upload=upload.pk)
    assert "Added 2 entries to the do-not-contact list." in page.content.decode()
    assert Suppression.objects.count() == 2


def test_all_filtered_people_are_suppressed(browser, upload):
    press(browser, "/items/suppress/", which="all", upload=upload.pk, match="other", shown=1)
    assert [entry.label for entry in Suppression.objects.all()] == ["Ada Abbott · 3 Oak St, Herndon, VA 20170"]


@pytest.mark.parametrize("form", [{}, {"which": "all"}, {"which": "all", "upload": "1", "outcome": "x"}])
def test_an_empty_selection_suppresses_no_one(browser, upload, form):
    page = press(browser, "/items/suppress/", **form)
    assert "No people selected." in page.content.decode()
    assert not Suppression.objects.exists()


def test_a_selection_is_exported(browser, upload):
    ticked = list(upload.items.filter(row_number__in=[2, 4]).values_list("pk", flat=True))
    response = browser.post("/items/export/", {"upload": upload.pk, "item": ticked, "which": "ticked"})
    page = get_text(browser, response.url)
    assert "2 selected people" in page
    assert '<strong class="big">2</strong> rows, <strong class="big">3</strong> phone numbers' in page
    response = browser.post("/items/export/", {"upload": upload.pk, "which": "all", "match": "same", "q": "oak"})
    assert response.url == f"/uploads/{upload.pk}/export/choose/?upload={upload.pk}&match=same&q=oak"
    assert '<strong class="big">2</strong> rows' in get_text(browser, response.url)


def test_a_selection_outside_a_list_is_not_exported(browser, upload):
    assert browser.post("/items/export/", {"which": "all"}).url == "/items/"
    assert browser.post("/items/export/", {"upload": upload.pk, "which": "ticked"}).url == "/items/"


# Files


def download(browser, upload, **query):
    return b"".join(browser.get(f"/uploads/{upload.pk}/export/", query)).decode("utf-8-sig").splitlines()


def test_filters_and_choices_apply_to_the_file(browser, upload):
    assert len(download(browser, upload)) == 14
    assert len(download(browser, upload, match="same", has="mobile")) == 2
    assert len(download(browser, upload, without_other="on", outcome="matched")) == 3
    item = upload.items.get(row_number=3)
    assert len(download(browser, upload, item=item.pk)) == 2
    kept = Export.objects.first()
    assert (kept.choices["choices"], kept.choices["rows"]) == ([], {"ticked": 1})
    assert kept.choices["layout"]["name"] == "wide"
    assert Export.objects.filter(choices__rows__match=["same"]).count() == 1
    download(browser, upload, q="Abbott")
    assert files.export_summary(Export.objects.first()) == "q (text)"
    assert "Abbott" not in str(list(Event.objects.values_list("detail", flat=True)))


def test_a_person_of_another_list_is_not_in_the_file(browser, upload, make_upload):
    other = make_upload(people(3), name="other.csv")
    assert len(download(browser, upload, item=other.items.first().pk)) == 1


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"layout": "x"}, "layout: "),
        ({"format": "pdf"}, "format: "),
        ({"match": "x"}, "match: "),
        ({"state": "Florida"}, "state: "),
    ],
)
def test_a_wrong_choice_is_reported(browser, upload, query, said):
    response = browser.get(f"/uploads/{upload.pk}/export/", query)
    assert response.status_code == 400
    assert response.content.decode().startswith(said)
    assert said in get_text(browser, f"/uploads/{upload.pk}/export/choose/", **query)


def test_a_workbook_has_its_name_and_type(browser, upload):
    response = browser.get(f"/uploads/{upload.pk}/export/", {"format": "xlsx", "layout": "Dialer"})
    assert response["Content-Disposition"] == f'attachment; filename="people-{upload.pk}-dialer.xlsx"'
    assert response["Content-Type"].endswith("spreadsheetml.sheet")
    assert b"".join(response).startswith(b"PK")


def test_the_chosen_rows_are_counted(browser, upload):
    page = get_text(browser, f"/uploads/{upload.pk}/export/choose/", layout="long", without_dnc="on")
    assert '<strong class="big">13</strong> rows, <strong class="big">2</strong> phone numbers' in page
    fragment = browser.get(
        f"/uploads/{upload.pk}/export/choose/", {"mobiles_only": "on", "has": "mobile"}, headers={"hx-request": "true"}
    ).content.decode()
    assert "<html" not in fragment
    assert '<strong class="big">2</strong> rows' in fragment


def test_a_long_list_is_counted_only_on_request(browser, upload):
    Upload.objects.update(row_count=60_000)
    address = f"/uploads/{upload.pk}/export/choose/"
    assert "counting takes a moment" in get_text(browser, address)
    assert '<strong class="big">13</strong> rows' in get_text(browser, address, count=1)


def test_the_log_of_exports_names_everything(browser, upload):
    download(browser, upload, without_dnc="on", outcome="matched")
    page = get_text(browser, "/exports/")
    kept = Export.objects.get()
    for text in ("alice", "wide, csv", "outcome matched; without do-not-call numbers", kept.sha256):
        assert text in page
    assert "No results match these filters" in get_text(browser, "/exports/", user="nobody")
    assert kept.sha256 in get_text(browser, "/exports/", upload=upload.pk)


def test_layouts_are_made_changed_and_deleted(browser, upload):
    form = {"name": "Ours", "per": "person", "columns": "Phone = phone_1", "needs": "phone", "max_phones": 0}
    assert browser.post("/exports/layouts/new/", form | {"columns": "Phone = x"}).status_code == 422
    assert browser.post("/exports/layouts/new/", form).url == "/exports/layouts/"
    kept = ExportLayout.objects.get(name="Ours")
    assert kept.created_by.username == "alice"
    assert "Phone = phone_1" in get_text(browser, f"/exports/layouts/{kept.pk}/")
    browser.post(f"/exports/layouts/{kept.pk}/", form | {"columns": "Number = phone_1"})
    assert download(browser, upload, layout="Ours") == ["Number", "2025550101", "2025550102", "2025550101"]
    assert "Ours" in get_text(browser, "/exports/layouts/")
    browser.post(f"/exports/layouts/{kept.pk}/delete/")
    assert browser.get(f"/uploads/{upload.pk}/export/", {"layout": "Ours"}).status_code == 400


# Scorecards


def test_a_lists_scorecard(browser, upload, settings):
    settings.PRICE_PER_CREDIT = 0.1
    page = get_text(browser, f"/uploads/{upload.pk}/scorecard/")
    for text in ("25% of people with an answer matched", "12 people in closed batches", "1.33", "0.67", "100%"):
        assert text in page
    assert "fills in automatically" in get_text(browser, f"/uploads/{Upload.objects.create(name='new').pk}/scorecard/")


@pytest.mark.parametrize(
    ("by", "label"),
    [("source", "County roll"), ("uploader", "alice"), ("month", ""), ("list", "people"), ("x", "County")],
)
def test_lists_are_compared(browser, upload, by, label):
    Upload.objects.update(list_source="County roll")
    page = get_text(browser, "/scorecards/", by=by)
    assert label in page
    assert "25% matched" in page


def test_lists_without_a_closed_batch_are_in_no_scorecard(browser, start_upload):
    start_upload(12)
    assert "No batches closed" in get_text(browser, "/scorecards/")


def test_undigested_batches_are_mentioned(browser, upload):
    Batch.objects.update(digested_at=None)
    assert "1 batch still being analysed" in get_text(browser, "/scorecards/")


def test_a_list_shows_its_source(browser, upload):
    Upload.objects.update(list_source="County roll")
    assert '<option value="County roll">' in get_text(browser, "/uploads/new/")


def test_the_number_of_results_does_not_change_the_number_of_queries(
    browser, finish_upload, django_assert_max_num_queries
):
    addresses = ["/items/?upload={}", "/find/?q=oak", "/uploads/{}/export/choose/", "/exports/", "/scorecards/"]
    addresses += ["/uploads/{}/scorecard/", "/exports/layouts/"]

    def count(upload):
        numbers = []
        for address in addresses:
            with django_assert_max_num_queries(40) as captured:
                get_text(browser, address.format(upload.pk))
            numbers.append(len(captured))
        return numbers

    first = finish_upload(people(10), answers=answer)
    b"".join(browser.get(f"/uploads/{first.pk}/export/"))
    before = count(first)
    second = finish_upload([person(n) for n in range(100, 145)], answers=answer)
    for _ in range(3):
        b"".join(browser.get(f"/uploads/{second.pk}/export/"))
    Upload.objects.update(status=UploadStatus.COMPLETE)
    assert count(second) == before


def test_an_answer_is_shown_before_it_is_digested(browser, finish_upload):
    upload = finish_upload(12, answers=answer, digested=False)
    page = get_text(browser, "/items/", upload=upload.pk)
    assert "2 phones · 1 email" in page
    assert "Someone else" in page
    digests.digest_upload(upload.pk)
    assert "2 phones · 1 email" in get_text(browser, "/items/", upload=upload.pk)


def test_choosing_all_ignores_the_ticked_boxes(browser, upload):
    ticked = [upload.items.order_by("pk").first().pk]
    press(browser, "/items/suppress/", which="all", upload=upload.pk, match=["same", "other"], item=ticked, shown=3)
    assert Suppression.objects.count() == 3
    form = {"which": "all", "upload": upload.pk, "match": "other", "item": ticked}
    assert browser.post("/items/export/", form).url.endswith(f"?upload={upload.pk}&match=other")


def test_a_search_applies_to_the_file_and_the_count(browser, upload):
    """Within a list, parts of words are found. In all lists, only whole words are."""
    assert '<strong class="big">1</strong> row,' in get_text(
        browser, f"/uploads/{upload.pk}/export/choose/", q="0 oa", state="fl"
    )
    assert len(download(browser, upload, q="0 oa", state="fl")) == 2


def test_columns_of_the_list_missing_from_a_layout_are_mentioned(browser, upload, alice):
    columns = [["Id", "column Lead Id"], ["Town", "column  CITY "]]
    ExportLayout.objects.create(name="Ours", columns=columns, created_by=alice)
    page = get_text(browser, f"/uploads/{upload.pk}/export/choose/", layout="Ours")
    assert "Not in this list, so left empty in the file: “Lead Id”." in page
    assert download(browser, upload, layout="Ours")[1] == ",Herndon"


def test_the_length_of_pages_is_limited(browser, upload):
    response = browser.get("/items/", {"upload": upload.pk, "per_page": 100_000})
    assert response.context["table"].paginator.per_page == 200


def test_a_wrong_list_with_a_search_causes_no_error(browser, upload):
    assert get_text(browser, "/items/", upload="abc", q="oak")
