"""Results on the pages: people are filtered, found, decided about together, exported and scored."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEntry, Team
from accounts.rights import Role
from batches import assignments
from batches.exports import files
from batches.exports.layouts import LAYOUT_FIELDS, NUMBERED_FIELDS
from batches.id_set import IdSet
from batches.intake import suppression
from batches.models import Batch, Event, Export, ExportLayout, Item, PhoneNumber, Suppression, Upload
from batches.results import digests
from batches.statuses import Outcome, UploadStatus
from batches.views import item_actions
from tests.factories import answer_for, answer_with, people, person
from tests.support.pages import read_page

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
MOBILE = {"phone": "2025550101", "phoneType": "mobile", "isConnected": True}
DO_NOT_CALL = {"phone": "2025550102", "phoneType": "landline", "doNotCall": True}


def answer(item, position):
    """Return the answer for one person, by position in the batch.

    The first has two phones and an email, the second is deceased, the third is someone else, the fourth is an error,
    and the others have no match.
    """
    if position == 0:
        return answer_with(item, phones=[DO_NOT_CALL, MOBILE], emails=["ada@example.com"])
    if position == 1:
        return answer_with(item, phones=[DO_NOT_CALL], demographics={"deceased": True})
    if position == 2:
        return answer_with(item, phones=[MOBILE], names=["Wes Underhill"])
    return answer_for(item, "error" if position == 3 else "no_match", output=None)


@pytest.fixture
def upload(finish_upload):
    return finish_upload([*people(11), person(40, State="FL"), person(50, State="Atlantis")], answers=answer)


def read_words(browser, address, **query):
    """Return the words of a page, with one space between them."""
    return " ".join(re.sub(r"<[^>]*>", " ", get_text(browser, address, **query)).split())


def get_text(browser, address, **query):
    response = browser.get(address, query)
    assert response.status_code == 200
    return read_page(response)


def list_row_numbers(browser, upload, **query):
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
    assert list_row_numbers(browser, upload, **query) == rows


def test_people_who_were_not_exported_yet_are_filtered(browser, upload, make_upload):
    everyone = list(range(2, 15))
    assert list_row_numbers(browser, upload, exported="no") == everyone
    assert list_row_numbers(browser, upload, exported="yes") == []
    chosen = upload.items.filter(row_number__in=[2, 4, 13]).values_list("pk", flat=True)
    b"".join(browser.get(f"/uploads/{upload.pk}/export/", {"item": list(chosen)}))
    assert list_row_numbers(browser, upload, exported="yes") == [2, 4, 13]
    assert list_row_numbers(browser, upload, exported="no") == sorted({*everyone} - {2, 4, 13})
    # People of other lists, and of files that never became complete, were not exported.
    later = make_upload([person(80)], name="later.csv")
    Export.objects.create(upload=later, layout="wide", format="csv", item_ids=b"")
    shown = browser.get("/items/", {"exported": "no"}).context["table"].page.object_list
    assert {row.record.row_number for row in shown if row.record.upload_id == upload.pk} == {*everyone} - {2, 4, 13}
    assert [row.record.upload_id for row in shown].count(later.pk) == 1
    # An export can be limited to them.
    address = f"/uploads/{upload.pk}/export/choose/?outcome=matched&exported=no&layout=wide"
    assert "1 row" in read_words(browser, address)
    assert "Not exported yet remove" in read_words(browser, "/items/", exported="no")


def test_the_filter_for_living_people_keeps_everyone_not_known_to_be_deceased(browser, upload):
    assert list_row_numbers(browser, upload, deceased="no") == [2, *range(4, 15)]


def test_invalid_filters_cause_no_error(browser, upload):
    for query in ({"match": "x"}, {"has": "x"}, {"state": "Florida"}, {"upload": "x"}, {"outcome": "'"}):
        assert browser.get("/items/", {"upload": upload.pk} | query).status_code == 200


def test_the_page_of_a_person_shows_the_row_and_the_result(browser, upload):
    item = upload.items.order_by("pk").first()
    page = get_text(browser, item.get_absolute_url())
    for text in ("Same person", "(202) 555-0101", "Who else has it<span", "ada@example.com", "None so far", "this one"):
        assert text in page
    assert page.index("(202) 555-0101") < page.index("(202) 555-0102")
    tag = '<span class="tag bad">Deceased</span>'
    assert tag not in page
    assert tag in get_text(browser, upload.items.get(row_number=3).get_absolute_url())
    assert "Someone else" in get_text(browser, upload.items.get(row_number=4).get_absolute_url())


def test_the_panel_of_a_person_is_a_part_of_their_page(browser, upload):
    address = f"{upload.items.get(row_number=2).get_absolute_url()}?view=upload%3D{upload.pk}"
    response = browser.get(address, headers=HTMX | {"HX-Target": "person-panel"})
    panel = read_page(response)
    assert "<html" not in panel
    assert "<h1" not in panel
    assert "HX-Target" in response["Vary"]
    for text in ('<h2 tabindex="-1">', "Next person (J)", "(202) 555-0101", "Wrong number", "Add note", "Your list"):
        assert text in panel
    assert AuditEntry.objects.filter(kind="seen").count() == 1
    assert "<html" in get_text(browser, address)


def test_a_form_of_the_panel_leads_back_to_the_panel(browser, upload):
    item = upload.items.get(row_number=2)
    address = f"{item.get_absolute_url()}?view="
    posted = {"number": "2025550101", "outcome": "no_answer", "next": address}
    headers = HTMX | {"HX-Target": "person-panel"}
    response = browser.post(f"{item.get_absolute_url()}call/", posted, headers=headers)
    assert response.url == address
    panel = read_page(browser.get(address, headers=headers))
    assert "Recorded: No answer." in panel
    assert "<html" not in panel


def test_the_panel_is_only_for_readers_who_may_see_contact_details(browser, client, make_user, upload):
    assert "data-person-panel" in get_text(browser, "/items/", upload=upload.pk)
    client.force_login(make_user("vera", Role.VIEWER, team=Team.objects.get()))
    page = get_text(client, "/items/", upload=upload.pk)
    assert "data-person-panel" not in page


def test_the_page_of_a_person_shows_other_lists_and_exports(browser, upload, make_upload):
    other = make_upload([person(1), person(60)], name="again.csv")
    page = get_text(browser, upload.items.get(row_number=2).get_absolute_url())
    assert "again" in page
    assert other.items.get(row_number=2).get_absolute_url() in page
    b"".join(browser.get(f"/uploads/{upload.pk}/export/"))
    assert "alice: <a" in get_text(browser, upload.items.get(row_number=2).get_absolute_url())


def test_everyone_with_a_phone_is_found_by_its_number(browser, upload):
    page = get_text(browser, "/find/", q="(202) 555-0101")
    assert "2 people." in page
    assert upload.items.get(row_number=4).get_absolute_url() in page
    assert "Nobody matches" in get_text(browser, "/find/", q="2025550199")
    assert "Enter words in any order" in get_text(browser, "/find/")


# Decisions about several people


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
    assert "Your file has 3 phone numbers 2 rows" in read_words(browser, f"{response.url}&layout=wide")
    response = browser.post("/items/export/", {"upload": upload.pk, "which": "all", "match": "same", "q": "oak"})
    assert response.url == f"/uploads/{upload.pk}/export/choose/?upload={upload.pk}&match=same&q=oak"
    assert "phone numbers 2 rows" in read_words(browser, f"{response.url}&layout=wide")


def test_people_of_several_lists_are_exported_list_by_list(browser, client, make_upload, make_user, upload):
    other = make_upload([person(70), person(71), person(72)], name="more.csv")
    ticked = [*upload.items.filter(row_number__in=[2, 4]), other.items.get(row_number=2)]
    form = {"item": [item.pk for item in ticked], "which": "ticked"}
    response = browser.post("/items/export/", form)
    assert response.url.startswith("/items/export/lists/?item=")
    lists = browser.get(response.url).context["lists"]
    assert [(each, count) for each, count, _ in lists] == [(other, 1), (upload, 2)]
    assert "2 selected people" in get_text(browser, lists[1][2])
    # Whoever selects people of one list gets its page at once.
    one = browser.post("/items/export/", {"item": ticked[0].pk})
    assert one.url == f"/uploads/{upload.pk}/export/choose/?item={ticked[0].pk}"
    # People of lists that somebody does not see stay out.
    client.force_login(make_user("zoe", Role.LEAD, team=Team.objects.create(name="East")))
    assert client.get(response.url).context["lists"] == []


def test_all_people_of_an_assignee_are_exported_list_by_list(browser, alice, make_upload, upload):
    other = make_upload([person(70)], name="more.csv")
    mine = [*upload.items.filter(row_number__in=[2, 4]), *other.items.all()]
    assignments.assign(Item.objects.filter(pk__in=[item.pk for item in mine]), alice, alice)
    response = browser.post("/items/export/", {"which": "all", "assigned": "me"})
    assert response.url == "/items/export/lists/?assigned=me"
    lists = browser.get(response.url).context["lists"]
    assert [(each, count) for each, count, _ in lists] == [(other, 1), (upload, 2)]


@pytest.mark.parametrize("query", ["", "outcome=matched", "item=abc'", "item=abc'&assigned=me", "assigned=nobody"])
def test_an_address_that_selects_nobody_leads_back_to_people_and_says_so(browser, alice, upload, query):
    assignments.assign(upload.items.all(), alice, alice)
    response = browser.get(f"/items/export/lists/?{query}", follow=True)
    assert response.redirect_chain == [("/items/", 302)]
    assert "No people selected. Tick some people" in read_page(response)


def test_the_page_of_several_lists_makes_the_same_number_of_queries_for_two_and_four(browser, make_upload):
    items = [make_upload([person(70 + number)], name=f"{number}.csv").items.get() for number in range(4)]
    address = "/items/export/lists/?item="
    browser.get(f"{address}{items[0].pk}")
    counted = []
    for chosen in (items[:2], items):
        with CaptureQueriesContext(connection) as queries:
            page = browser.get(address + ",".join(str(item.pk) for item in chosen))
        assert len(page.context["lists"]) == len(chosen)
        counted.append(len(queries))
    assert counted[0] == counted[1]


def test_many_people_of_a_list_are_passed_on_by_their_filters(browser, alice, upload, monkeypatch):
    monkeypatch.setattr(item_actions, "MAX_TICKED", 1)
    assignments.assign(upload.items.filter(row_number__in=[2, 4]), alice, alice)
    [(_, _, address)] = browser.get("/items/export/lists/?assigned=me").context["lists"]
    assert address == f"/uploads/{upload.pk}/export/choose/?assigned=me"
    assert "2 rows" in read_words(browser, f"{address}&layout=wide")


def test_a_selection_outside_a_list_is_not_exported(browser, upload):
    assert browser.post("/items/export/", {"which": "all"}).url == "/items/"
    assert browser.post("/items/export/", {"item": 0, "which": "ticked"}).url == "/items/"
    assert browser.post("/items/export/", {"upload": upload.pk, "which": "ticked"}).url == "/items/"


# Exports


def download(browser, upload, **query):
    return b"".join(browser.get(f"/uploads/{upload.pk}/export/", query)).decode("utf-8-sig").splitlines()


def test_filters_and_choices_apply_to_the_export(browser, upload):
    assert len(download(browser, upload)) == 14
    assert len(download(browser, upload, match="same", has="mobile")) == 2
    assert len(download(browser, upload, without_other="on", outcome="matched")) == 3
    item = upload.items.get(row_number=3)
    assert len(download(browser, upload, item=item.pk)) == 2
    entry = Export.objects.first()
    assert (entry.choices["choices"], entry.choices["rows"]) == ([], {"ticked": 1})
    assert entry.choices["layout"]["name"] == "wide"
    assert Export.objects.filter(choices__rows__match=["same"]).count() == 1
    download(browser, upload, q="Abbott")
    assert files.summarise_export(Export.objects.first()) == "q (text)"
    assert "Abbott" not in str(list(Event.objects.values_list("detail", flat=True)))


def test_a_person_of_another_list_is_not_exported(browser, upload, make_upload):
    other = make_upload(people(3), name="other.csv")
    assert len(download(browser, upload, item=other.items.first().pk)) == 1


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"layout": "x"}, "layout: "),
        ({"format": "pdf"}, "format: "),
        ({"match": "x"}, "match: "),
        ({"state": "Florida"}, "state: "),
    ],
)
def test_an_invalid_choice_is_reported(browser, upload, query, message):
    response = browser.get(f"/uploads/{upload.pk}/export/", query)
    assert response.status_code == 400
    assert response.content.decode().startswith(message)
    assert message in get_text(browser, f"/uploads/{upload.pk}/export/choose/", **query)


def test_a_workbook_has_its_name_and_type(browser, upload):
    response = browser.get(f"/uploads/{upload.pk}/export/", {"format": "xlsx", "layout": "Dialer"})
    assert response["Content-Disposition"] == f'attachment; filename="people-{upload.pk}-dialer.xlsx"'
    assert response["Content-Type"].endswith("spreadsheetml.sheet")
    assert b"".join(response).startswith(b"PK")


def test_the_rows_to_be_exported_are_counted(browser, upload):
    words = read_words(browser, f"/uploads/{upload.pk}/export/choose/", layout="long", without_dnc="on")
    assert "Your file has 2 phone numbers 13 rows" in words
    fragment = browser.get(
        f"/uploads/{upload.pk}/export/choose/", {"mobiles_only": "on", "has": "mobile"}, headers={"hx-request": "true"}
    ).content.decode()
    assert "<html" not in fragment
    assert "2 rows" in fragment


def test_a_long_list_is_counted_only_on_request(browser, upload):
    Upload.objects.update(row_count=60_000)
    address = f"/uploads/{upload.pk}/export/choose/"
    assert "counting takes a moment" in get_text(browser, address)
    assert "13 rows" in read_words(browser, address, count=1)


def test_the_export_log_shows_who_exported_which_rows_in_which_file(browser, upload):
    download(browser, upload, without_dnc="on", outcome="matched")
    page = get_text(browser, "/exports/")
    entry = Export.objects.get()
    for text in ("alice", "wide, csv", "outcome matched; without do-not-call numbers", entry.sha256):
        assert text in page
    assert "No results match these filters" in get_text(browser, "/exports/", user="nobody")
    assert entry.sha256 in get_text(browser, "/exports/", upload=upload.pk)


def test_layouts_are_made_changed_and_deleted(browser, upload):
    form = {"name": "Ours", "per": "person", "columns": "Phone = phone_1", "needs": "phone", "max_phones": 0}
    assert browser.post("/exports/layouts/new/", form | {"columns": "Phone = x"}).status_code == 422
    assert browser.post("/exports/layouts/new/", form).url == "/exports/layouts/"
    layout = ExportLayout.objects.get(name="Ours")
    assert layout.created_by.username == "alice"
    assert "Phone = phone_1" in get_text(browser, f"/exports/layouts/{layout.pk}/")
    browser.post(f"/exports/layouts/{layout.pk}/", form | {"columns": "Number = phone_1"})
    assert download(browser, upload, layout="Ours") == ["Number", "2025550101", "2025550102", "2025550101"]
    assert "Ours" in get_text(browser, "/exports/layouts/")
    browser.post(f"/exports/layouts/{layout.pk}/delete/")
    assert browser.get(f"/uploads/{upload.pk}/export/", {"layout": "Ours"}).status_code == 400


DRAFT = {"name": "", "per": "person", "needs": "", "max_phones": 0}


def preview(browser, columns, **fields):
    """Return the preview of a layout's draft: the values of its first row by column, and all of its words."""
    response = browser.post("/exports/layouts/preview/", DRAFT | {"columns": columns} | fields, headers=HTMX)
    assert response.status_code == 200
    shown = response.context.get("preview")
    words = " ".join(re.sub(r"<[^>]*>", " ", read_page(response)).split())
    return {name: values[0] for name, values in shown.columns} if shown else None, words


def test_the_preview_fills_a_draft_with_the_first_rows_of_the_newest_list(browser, upload, alice):
    cells, words = preview(browser, "Who = found_name\nNumber = phone_1\nThird = phone_3", originals="on")
    assert cells["Number"] == "2025550101"
    assert list(cells)[: len(upload.all_columns)] == upload.all_columns
    assert "Row 2 Row 3 Row 4" in words
    assert "Third — — —" in words
    assert f"The first rows of {upload.name}" in words
    assert not ExportLayout.objects.filter(created_by=alice).exists()
    entry = AuditEntry.objects.latest("pk")
    assert (entry.upload_id, entry.detail) == (upload.pk, "preview of a layout")
    shown = upload.items.filter(row_number__in=[2, 3, 4])
    assert set(IdSet.unpack(bytes(entry.item_ids))) == set(shown.values_list("pk", flat=True))
    # Whoever changes the draft still sees the same people.
    preview(browser, "Number = phone_1")
    assert AuditEntry.objects.latest("pk") == entry


def test_the_preview_follows_the_choices_of_a_draft(browser, upload):
    cells, words = preview(browser, "Phone = phone", per="phone")
    assert cells == {"Phone": "2025550101"}
    # The first person has two phones, so the layout has two rows for that person.
    assert "Row 2 Row 2 Row 3 Phone 2025550101 2025550102 2025550102" in words
    assert preview(browser, "Phone = phone_1", types=["landline"])[0] == {"Phone": "2025550102"}
    # Only the first person has an email, and nobody has a VoIP number.
    assert preview(browser, "Mail = email_1", needs="email")[0] == {"Mail": "ada@example.com"}
    assert "An invented person" in preview(browser, "Phone = phone_1", needs="phone", types=["voip"])[1]


def test_the_preview_of_a_wrong_draft_says_what_is_wrong(browser, upload):
    assert "Line 2: There is no field “fone_1”." in preview(browser, "Who = found_name\nNumber = fone_1")[1]
    assert "needs one row per phone" in preview(browser, "Number = phone")[1]
    assert preview(browser, " ")[1] == "Add a column to see what it contains."
    refused = browser.post("/exports/layouts/new/", DRAFT | {"name": "Ours", "columns": "Number = fone_1"})
    assert refused.status_code == 422
    assert read_page(refused).count("There is no field “fone_1”.") == 1
    assert "Correct the layout to see its preview." in read_page(refused)


def test_the_preview_shows_nobody_of_a_list_that_the_user_does_not_see(client, upload, make_user):
    team = Team.objects.create(name="East")
    client.force_login(make_user("zoe", Role.MEMBER, team=team))
    fields = [*LAYOUT_FIELDS, *(name.replace("_N", "_1") for name in NUMBERED_FIELDS), "column Note"]
    cells, words = preview(client, "\n".join(f"{name} = {name}" for name in fields), per="phone")
    assert list(cells) == fields
    assert cells["phone"] == "7035550142"
    assert "An invented person" in words


def test_the_editor_shows_the_preview_of_a_saved_layout(browser, upload):
    layout = ExportLayout.objects.create(name="Ours", columns=[["Number", "phone_1"]])
    assert "Number 2025550101 2025550102" in read_words(browser, f"/exports/layouts/{layout.pk}/")
    assert "Add a column to see what it contains." in read_words(browser, "/exports/layouts/new/")


# Scorecards


def test_the_scorecard_of_a_list_shows_its_rates_and_costs(browser, upload, settings):
    settings.PRICE_PER_CREDIT = 0.1
    page = get_text(browser, f"/uploads/{upload.pk}/scorecard/")
    for text in (
        "25%",
        "of 12 answers",
        "12 people in closed batches",
        "1.33",
        "0.67",
        "100% of the matches were free",
    ):
        assert text in page
    assert "No batch of this list has closed yet." in get_text(
        browser, f"/uploads/{Upload.objects.create(name='new').pk}/scorecard/"
    )


@pytest.mark.parametrize(
    ("by", "label"),
    [("source", "County roll"), ("uploader", "alice"), ("month", ""), ("list", "people"), ("x", "County")],
)
def test_scorecards_are_compared_by_source_uploader_month_and_list(browser, upload, by, label):
    Upload.objects.update(list_source="County roll")
    page = get_text(browser, "/scorecards/", by=by)
    assert label in page
    assert '<dd class="num">25%</dd>' in page


def test_lists_without_a_closed_batch_have_no_scorecard(browser, start_upload):
    start_upload(12)
    assert "No batches closed" in get_text(browser, "/scorecards/")


def test_batches_that_are_not_digested_yet_are_mentioned(browser, upload):
    Batch.objects.update(digested_at=None)
    assert "1 batch still being analyzed" in get_text(browser, "/scorecards/")


def test_known_sources_are_suggested_for_a_new_list(browser, upload):
    Upload.objects.update(list_source="County roll")
    assert '<option value="County roll">' in get_text(browser, "/uploads/new/")


def test_the_number_of_results_does_not_change_the_number_of_queries(
    browser, finish_upload, django_assert_max_num_queries
):
    addresses = ["/items/?upload={}", "/find/?q=oak", "/uploads/{}/export/choose/", "/exports/", "/scorecards/"]
    addresses += ["/uploads/{}/scorecard/", "/exports/layouts/"]

    def count_queries(upload):
        numbers = []
        for address in addresses:
            with django_assert_max_num_queries(40) as captured:
                get_text(browser, address.format(upload.pk))
            numbers.append(len(captured))
        return numbers

    first = finish_upload(people(10), answers=answer)
    b"".join(browser.get(f"/uploads/{first.pk}/export/"))
    for_ten_people = count_queries(first)
    everywhere = [person(n) for n in range(100, 145)]
    second = finish_upload(everywhere, answers=lambda item, position: answer(item, position % 10))
    for _ in range(3):
        b"".join(browser.get(f"/uploads/{second.pk}/export/"))
    Upload.objects.update(status=UploadStatus.COMPLETE)
    assert count_queries(second) == for_ten_people


def test_an_answer_is_shown_before_it_is_digested(browser, finish_upload):
    upload = finish_upload(12, answers=answer, digested=False)
    page = get_text(browser, "/items/", upload=upload.pk)
    assert "(202) 555-0101" in page
    assert "Someone else" in page
    digests.digest_upload(upload.pk)
    assert "(202) 555-0101" in get_text(browser, "/items/", upload=upload.pk)


def test_ticked_boxes_are_ignored_if_all_people_are_chosen(browser, upload):
    ticked = [upload.items.order_by("pk").first().pk]
    press(browser, "/items/suppress/", which="all", upload=upload.pk, match=["same", "other"], item=ticked, shown=3)
    assert Suppression.objects.count() == 3
    form = {"which": "all", "upload": upload.pk, "match": "other", "item": ticked}
    assert browser.post("/items/export/", form).url.endswith(f"?upload={upload.pk}&match=other")


def test_a_search_for_parts_of_words_applies_to_the_export_and_its_count(browser, upload):
    words = read_words(browser, f"/uploads/{upload.pk}/export/choose/", q="0 oa", state="fl", layout="wide")
    assert "1 row" in words
    assert len(download(browser, upload, q="0 oa", state="fl")) == 2


def test_columns_of_a_layout_that_the_list_does_not_have_are_mentioned(browser, upload, alice):
    columns = [["Id", "column Lead Id"], ["Town", "column  CITY "]]
    ExportLayout.objects.create(name="Ours", columns=columns, created_by=alice)
    page = get_text(browser, f"/uploads/{upload.pk}/export/choose/", layout="Ours")
    assert "This list lacks these columns, so they are empty in the file: “Lead Id”." in page
    assert download(browser, upload, layout="Ours")[1] == ",Herndon"


def test_the_number_of_rows_per_page_is_limited(browser, upload):
    response = browser.get("/items/", {"upload": upload.pk, "per_page": 100_000})
    assert response.context["table"].paginator.per_page == 200


def test_a_search_in_an_invalid_list_causes_no_error(browser, upload):
    assert get_text(browser, "/items/", upload="abc", q="oak")


def test_other_people_in_an_answer_are_shown_without_suppressed_numbers(browser, finish_upload, alice):
    def answer(item, position):
        people = [("Wes Underhill", "2025550131"), ("Zoe Zamora", "2025550132"), (item.asked_name, "2025550133")]
        address = {"streetAddress": "9 Elm St", "city": "Tampa", "state": "FL", "zip": "33602"}
        persons = [
            {"fullName": name, "address": address, "phones": [{"phone": phone, "phoneFtcDnc": "Y"}]}
            for name, phone in people
        ]
        return answer_for(item, output=None, persons=persons)

    upload = finish_upload(10, answers=answer)
    suppression.suppress_lines(["2025550132"], alice)
    words = read_words(browser, upload.items.first().get_absolute_url())
    assert "Other people in the answer 2" in words
    shown = words.partition("The vendor's answer")[0]
    assert "Same address Wes Underhill (202) 555-0131 Do not call Same address Zoe Zamora" in shown
    assert "555-0132" not in shown


def test_the_facts_of_a_number_are_those_that_its_standing_rests_on(browser, upload):
    item = upload.items.order_by("pk").first()
    tomorrow = timezone.localdate() + timedelta(days=1)
    PhoneNumber.objects.filter(pk=2025550101).update(
        flag=True, flag_at=tomorrow, is_connected=False, connected_at=tomorrow
    )
    number = get_text(browser, item.get_absolute_url()).partition("(202) 555-0101</bdi>")[2].partition("</li>")[0]
    assert "Disconnected, the vendor said" in number
    assert "disconnected ·" in number
    assert "· vendor’s Do Not Call flag: yes" in number
