"""The review of a list by problem: rows are shown and edited on the page, and edits are undone."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from batches.intake import problem_groups
from batches.models import Correction, Minute, Upload
from batches.statuses import Outcome, UploadStatus
from tests.factories import people, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def upload(make_upload):
    wrong = [person(20, State="Atlantis"), person(21, State="Atlantis"), person(22, State="Nowhere")]
    return make_upload([*people(12), *wrong, person(23, City=""), person(1), person(24, Phone="555-0100")])


def text_of(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def address_of(upload, place=0):
    group = [*problem_groups.list_problems(upload), *problem_groups.list_warnings(upload)][place]
    return f"/uploads/{upload.pk}/problems/{group.key}/"


def send(browser, upload, place=0, revision=None, **cells):
    """Send the form of a problem, with cells given as r14c4=text and the others as they are."""
    upload.refresh_from_db()
    group = problem_groups.list_problems(upload)[place]
    data = {
        f"cell-{item.row_number}-{position}": item.cells[position] if position < len(item.cells) else ""
        for item in group.shown_rows
        for position in group.positions
    }
    for name in [name for name in cells if name != "apply_to_same"]:
        row, position = re.fullmatch(r"r(\d+)c(\d+)", name).groups()
        data[f"cell-{row}-{position}"] = cells[name]
    data |= {"apply_to_same": "on"} if cells.get("apply_to_same") else {}
    data["revision"] = upload.revision if revision is None else revision
    response = browser.post(f"/uploads/{upload.pk}/problems/{group.key}/", data)
    upload.refresh_from_db()
    return response


def states(upload):
    return {item.row_number: item.cells[4] for item in upload.items.filter(row_number__in=[14, 15, 16])}


def test_the_review_names_each_problem_with_its_count_and_an_example(browser, upload):
    text = text_of(browser.get(f"/uploads/{upload.pk}/"))
    assert "4 rows cannot be traced 3 × State is not a US state Enter the state&#x27;s two letters or its name." in text
    assert "For example, row 14: Atlantis Fix rows" in text
    assert "1 × City is empty" in text
    assert "Good to know These rows are still traced. 1 × Phone could not be read and is left out" in text


def test_the_review_says_what_a_start_does_without_the_invalid_rows(browser, upload, settings):
    settings.PRICE_PER_CREDIT = 0.12
    text = text_of(browser.get(f"/uploads/{upload.pk}/"))
    assert "To trace 13 people, at most $1.56" in text
    assert "Trace 13 people - at most $1.56" in text
    assert "You can start without the 4 rows that cannot be traced." in text
    assert text.count("come back in your export") == 1
    assert "To trace 13 people, at most $1.56 Rows in your file 18" in text
    assert "18 rows" not in text
    assert "batch" not in text.partition("What will happen")[2].lower()


def test_the_review_says_how_long_it_takes_at_the_recent_pace(browser, upload):
    address = f"/uploads/{upload.pk}/"
    assert "Takes about" not in text_of(browser.get(address))
    now = timezone.now()
    for minutes, matched in ((10, 0), (20, 4), (30, 2), (60 * 30, 600)):
        Minute.objects.create(at=now - timedelta(minutes=minutes), matched=matched)
    assert "Takes about 4 minutes at the pace of the last day." in text_of(browser.get(address))


def test_the_review_does_not_guess_how_long_other_lists_take(browser, upload, start_upload):
    Minute.objects.create(at=timezone.now() - timedelta(minutes=5), matched=60)
    assert "Takes about 15 seconds" in text_of(browser.get(f"/uploads/{upload.pk}/"))
    start_upload(12)
    assert "Takes about" not in text_of(browser.get(f"/uploads/{upload.pk}/"))


def test_without_a_price_the_button_says_credits(browser, upload):
    assert "Trace 13 people - at most 13 credits" in text_of(browser.get(f"/uploads/{upload.pk}/"))


def test_the_button_says_that_approval_is_requested(browser, upload, settings):
    settings.APPROVAL_ABOVE = 2
    text = text_of(browser.get(f"/uploads/{upload.pk}/"))
    assert "Request approval for 13 people - at most 13 credits" in text


def test_the_file_to_fix_comes_before_the_start(browser, upload):
    page = browser.get(f"/uploads/{upload.pk}/").content.decode()
    assert page.index("Download the invalid rows") < page.index("/start/")


def test_a_row_has_inputs_for_the_cells_concerned_and_shows_the_rest(browser, upload):
    page = browser.get(address_of(upload)).content.decode()
    assert 'name="cell-14-4" value="Atlantis"' in page
    assert "cell-14-3" not in page
    assert "Ada · Abbott · 20 Oak St · Herndon · 20170" in page
    assert 'State<span class="visually-hidden"> in row 14</span>' in page


def test_a_warning_shows_its_rows_without_a_form(browser, upload):
    response = browser.get(address_of(upload, 2))
    assert "555-0100" in text_of(response)
    assert "Save and check" not in text_of(response)


def test_an_edited_row_joins_the_list_and_the_edit_can_be_undone(browser, upload):
    assert send(browser, upload, r14c4="VA").url == f"/uploads/{upload.pk}/"
    assert (states(upload)[14], upload.invalid_count) == ("VA", 3)
    page = browser.get(f"/uploads/{upload.pk}/")
    assert "1 row fixed. Undo" in text_of(page)
    undo = f"/uploads/{upload.pk}/edits/{Correction.objects.get().pk}/undo/"
    assert f'action="{undo}"' in page.content.decode()
    assert "Undone. 1 row is as it was before the edit." in text_of(browser.post(undo, follow=True))
    upload.refresh_from_db()
    assert (states(upload)[14], upload.invalid_count) == ("Atlantis", 4)
    assert "Not undone" in text_of(browser.post(undo, follow=True))


def test_a_change_applies_to_all_rows_with_the_same_value(browser, upload):
    send(browser, upload, r14c4="VA", apply_to_same=True)
    assert states(upload) == {14: "VA", 15: "VA", 16: "Nowhere"}
    assert upload.invalid_count == 2


def test_without_the_box_only_the_edited_row_changes(browser, upload):
    send(browser, upload, r14c4="VA")
    assert states(upload) == {14: "VA", 15: "Atlantis", 16: "Nowhere"}


def test_two_texts_for_the_same_value_are_refused_at_the_second_cell(browser, upload):
    response = send(browser, upload, r14c4="VA", r15c4="MD", apply_to_same=True)
    assert response.status_code == 422
    assert "Please correct: State in row 15" in text_of(response)
    assert "Row 14 changes the same value to something else." in text_of(response)
    assert 'value="MD"' in response.content.decode()
    assert "checked" in response.content.decode()
    assert upload.invalid_count == 4


def test_cells_that_are_still_wrong_are_named_and_nothing_typed_is_lost(browser, upload):
    response = send(browser, upload, r14c4="Virginia", r15c4="Nowhere Land")
    page = response.content.decode()
    assert response.status_code == 422
    assert "Nothing has been saved yet. Please correct: State in row 15." in text_of(response)
    assert "“Nowhere Land” is not a state: give its two letters or its name." in page
    assert 'name="cell-14-4" value="Virginia"' in page
    assert 'name="cell-15-4" value="Nowhere Land"' in page
    assert 'aria-invalid="true"' in page
    assert states(upload)[14] == "Atlantis"


def test_saving_without_a_change_says_so(browser, upload):
    response = send(browser, upload)
    assert response.status_code == 422
    assert "Nothing was changed. Correct at least one cell, then save." in text_of(response)


def test_an_old_page_saves_nothing_but_keeps_what_was_typed(browser, upload):
    response = send(browser, upload, revision=upload.revision - 1, r14c4="VA")
    page = response.content.decode()
    assert response.status_code == 422
    assert "Nothing was saved. This list has changed since you opened the page." in text_of(response)
    assert 'name="cell-14-4" value="VA"' in page
    assert f'name="revision" value="{upload.revision}"' in page
    assert upload.invalid_count == 4


def test_a_limit_refuses_the_rows_and_keeps_what_was_typed(browser, upload, settings):
    settings.UPLOAD_CREDIT_LIMIT = 13
    response = send(browser, upload, r14c4="VA")
    assert response.status_code == 422
    assert "above the limit of 13 per list" in text_of(response)
    assert 'name="cell-14-4" value="VA"' in response.content.decode()


def test_a_row_with_another_problem_is_saved_and_goes_to_that_problem(browser, make_upload):
    upload = make_upload([*people(3), person(4, City="", State="VA", Zip=""), ["Ada", "Abbott", "", "", "", "", ""]])
    [empty] = [group for group in problem_groups.list_problems(upload) if group.title == "City is empty"]
    place = problem_groups.list_problems(upload).index(empty)
    assert send(browser, upload, place, r5c3="Herndon").status_code == 302
    assert upload.invalid_count == 1


def test_a_cell_with_a_null_character_is_refused(browser, upload):
    response = send(browser, upload, r14c4="V\0A")
    assert response.status_code == 422
    assert "Please correct: State in row 14." in text_of(response)


def test_more_columns_than_can_be_edited_are_shown_in_pages(browser, make_upload, monkeypatch):
    monkeypatch.setattr(problem_groups, "MAX_EDITED_COLUMNS", 0)
    upload = make_upload([*people(2), *people(51, State="Atlantis")])
    review = text_of(browser.get(f"/uploads/{upload.pk}/"))
    assert "51 × State is not a US state" in review
    assert "Show rows" in review
    page = text_of(browser.get(address_of(upload)))
    assert "There are too many cells to edit here. Download the invalid rows" in page
    assert "1 to 50 of 51" in page
    response = browser.post(address_of(upload), {"revision": upload.revision, "cell-4-4": "VA"})
    assert response.status_code == 422
    assert Upload.objects.get().invalid_count == 51


def test_a_change_reaches_rows_with_the_same_value_that_are_not_shown(browser, make_upload):
    many = [person(n, State="Nowhere" if n % 10 == 0 else "Atlantis") for n in range(1, 131)]
    upload = make_upload([*people(2), *many])
    response = browser.get(address_of(upload))
    assert response.content.decode().count('<input type="text" name="cell-') == 50
    assert "The first 50 rows are shown" in text_of(response)
    send(browser, upload, r4c4="VA", apply_to_same=True)
    assert upload.invalid_count == 13
    assert "117 rows fixed." in text_of(browser.get(f"/uploads/{upload.pk}/"))
    browser.post(f"/uploads/{upload.pk}/edits/{Correction.objects.get().pk}/undo/")
    upload.refresh_from_db()
    assert upload.invalid_count == 130


def test_without_the_box_rows_that_are_not_shown_stay(browser, make_upload):
    upload = make_upload([*people(2), *people(60, State="Atlantis")])
    send(browser, upload, r4c4="VA")
    assert upload.invalid_count == 59


def test_a_change_reaches_only_so_many_rows(browser, make_upload, monkeypatch):
    monkeypatch.setattr(problem_groups, "MAX_SPREAD_ROWS", 55)
    upload = make_upload([*people(2), *people(60, State="Atlantis")])
    assert "Each change can apply to the first 55 rows." in text_of(browser.get(address_of(upload)))
    send(browser, upload, r4c4="VA", apply_to_same=True)
    assert upload.invalid_count == 5


def test_fifty_rows_are_edited_on_one_page(browser, make_upload):
    upload = make_upload([*people(2), *people(50, State="Atlantis")])
    assert browser.get(address_of(upload)).content.decode().count('<input type="text" name="cell-') == 50
    send(browser, upload, r4c4="VA", apply_to_same=True)
    assert (upload.invalid_count, upload.items.filter(outcome=Outcome.INVALID).count()) == (0, 0)


def test_rows_that_someone_else_has_fixed_lead_back_to_the_review(browser, upload):
    old = address_of(upload)
    upload.items.filter(outcome=Outcome.INVALID).update(outcome=Outcome.PENDING, findings="")
    assert browser.get(old).url == f"/uploads/{upload.pk}/"
    assert "no row has this problem any more" in text_of(browser.post(old, {"revision": 1}, follow=True))


def test_after_the_start_rows_are_shown_and_not_edited(browser, upload):
    old = address_of(upload)
    Upload.objects.update(status=UploadStatus.RUNNING)
    assert "Save and check" not in text_of(browser.get(old))
    response = browser.post(old, {"revision": upload.revision, "cell-14-4": "VA"})
    assert response.status_code == 422
    assert "these rows can no longer be edited on this page" in text_of(response)


def test_cells_are_escaped(browser, make_upload):
    upload = make_upload([*people(3), person(4, State='<script>"x"')])
    for address in (f"/uploads/{upload.pk}/", address_of(upload)):
        page = browser.get(address).content.decode()
        assert "<script>&quot;" not in page
        assert "&lt;script&gt;&quot;x&quot;" in page


def test_a_row_with_a_cell_too_many_is_edited(browser, make_upload):
    upload = make_upload([*people(3), [*person(4), "", "extra"]])
    assert send(browser, upload, r5c8="").status_code == 302
    assert upload.items.get(row_number=5).cells == person(4)
    assert upload.invalid_count == 0


def test_a_row_that_the_page_has_not_shown_stays_as_it_is(browser, upload):
    data = {"revision": upload.revision, "cell-14-4": "VA"}
    assert browser.post(address_of(upload), data).status_code == 302
    assert states(upload) == {14: "VA", 15: "Atlantis", 16: "Nowhere"}


def test_an_emptied_cell_is_refused_if_it_is_needed(browser, make_upload):
    upload = make_upload([*people(3), person(4, State="Atlantis", Zip="")])
    response = send(browser, upload, r5c4="")
    assert response.status_code == 422
    assert "Empty; an address needs its state." in text_of(response)
