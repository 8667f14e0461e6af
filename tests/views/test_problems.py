"""The review of a list by problem. Rows are shown and edited on the page, and edits are undone."""

import html
import re
from datetime import timedelta

import pytest
from django.utils import timezone

from batches.intake import problem_groups
from batches.models import Correction, Minute, TeamBudget, Upload
from batches.statuses import Outcome, UploadStatus
from batches.tracing import budgets
from tests.factories import HEADER, people, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def upload(make_upload):
    """Return a list with three wrong states in rows 14 to 16, an empty city, a duplicate and a warning."""
    wrong_states = [person(20, State="Atlantis"), person(21, State="Atlantis"), person(22, State="Nowhere")]
    return make_upload([*people(12), *wrong_states, person(23, City=""), person(1), person(24, Phone="555-0100")])


def read_text(response):
    """Return the text of a page, without its tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def find_address(upload, group_number=0):
    """Return the address of the page about a problem or a warning. Problems come first."""
    return f"/uploads/{upload.pk}/problems/{list_groups(upload)[group_number].key}/"


def list_groups(upload):
    return [*problem_groups.list_problems(upload), *problem_groups.list_warnings(upload)]


def send(browser, upload, changes=None, title=None, revision=None, **fields):
    """Send the form of the problem with this title, or of the first. `changes` is (row number, column) → new value."""
    upload.refresh_from_db()
    group = next(group for group in list_groups(upload) if title in (None, group.title))
    form = {"revision": upload.revision if revision is None else revision} | fields
    for item in group.shown_rows:
        for position in group.positions:
            form[f"cell-{item.row_number}-{position}"] = item.cells[position] if position < len(item.cells) else ""
    for (row_number, column), text in (changes or {}).items():
        form[f"cell-{row_number}-{upload.all_columns.index(column)}"] = text
    response = browser.post(f"/uploads/{upload.pk}/problems/{group.key}/", form)
    upload.refresh_from_db()
    return response


def read_states(upload):
    position = HEADER.index("State")
    return {item.row_number: item.cells[position] for item in upload.items.filter(row_number__in=[14, 15, 16])}


def test_the_review_names_each_problem_with_its_count_and_an_example(browser, upload):
    text = read_text(browser.get(f"/uploads/{upload.pk}/"))
    assert "4 rows cannot be traced Download them 3 × State is not a US state For example Atlantis ." in text
    assert "Enter the state&#x27;s two letters or its name. Fix rows" in text
    assert "1 × City is empty" in text
    assert "Good to know These rows are traced 1 × Phone could not be read and is left out" in text


def test_the_review_says_what_a_start_does_without_the_invalid_rows(browser, upload, settings):
    settings.PRICE_PER_CREDIT = 0.12
    text = read_text(browser.get(f"/uploads/{upload.pk}/"))
    assert "At most $1.56" in text
    assert "Trace 13 · at most $1.56" in text
    assert "You can start without the 4 rows that cannot be traced." in text
    assert text.count("come back in your export") == 1
    assert "To trace 13 Same person twice 1 free Cannot be traced 4 Rows in your file 18" in text
    _, _, cost = text.partition("At most")
    assert "batch" not in cost.lower()


def test_the_review_says_how_long_a_list_takes_at_the_recent_pace(browser, upload):
    address = f"/uploads/{upload.pk}/"
    assert "Takes about" not in read_text(browser.get(address))
    now = timezone.now()
    for minutes, matched in ((10, 0), (20, 4), (30, 2), (60 * 30, 600)):
        Minute.objects.create(at=now - timedelta(minutes=minutes), matched=matched)
    assert "Takes about 4 minutes" in read_text(browser.get(address))


def test_the_review_does_not_say_how_long_a_list_takes_while_others_run(browser, upload, start_upload):
    Minute.objects.create(at=timezone.now() - timedelta(minutes=5), matched=60)
    assert "Takes about 15 seconds" in read_text(browser.get(f"/uploads/{upload.pk}/"))
    start_upload(12)
    assert "Takes about" not in read_text(browser.get(f"/uploads/{upload.pk}/"))


def test_an_expensive_start_is_confirmed(browser, upload, settings):
    address = f"/uploads/{upload.pk}/"
    question = 'data-confirm="Trace 13 people? This can cost at most $1.56."'
    settings.CONFIRM_ABOVE = 1
    assert 'data-confirm="Trace' not in browser.get(address).content.decode()
    settings.PRICE_PER_CREDIT = 0.12
    assert question in browser.get(address).content.decode()
    for limit in (0, 2):
        settings.CONFIRM_ABOVE = limit
        assert question not in browser.get(address).content.decode()


def test_an_expensive_start_is_confirmed_with_a_tick_in_browsers_without_scripts(browser, upload, settings):
    address = f"/uploads/{upload.pk}/"
    settings.CONFIRM_ABOVE, settings.PRICE_PER_CREDIT = 1, 0.12
    page = browser.get(address).content.decode()
    without_script = re.search("<noscript>.*?</noscript>", page[page.index("/start/") :], re.DOTALL)[0]
    assert '<input type="checkbox" name="confirmed" required>' in without_script
    assert "Yes, spend up to $1.56" in without_script
    settings.CONFIRM_ABOVE = 2
    assert 'name="confirmed"' not in browser.get(address).content.decode()


@pytest.mark.parametrize(
    ("budget", "sentence", "look"),
    [
        (13, "Leaves team Herndon at least $0.00 of its $1.56 for", "note warn"),
        (65, "Leaves team Herndon at least $6.24 of its $7.80 for", ""),
        (16, "Leaves team Herndon at least $0.36 of its $1.92 for", "note warn"),
        (12, "Team Herndon has $1.44 left of its $1.44 for", "note warn"),
        (0, "Team Herndon's budget for", "note bad"),
    ],
)
def test_the_review_says_what_a_start_leaves_of_the_budget(browser, upload, settings, budget, sentence, look):
    settings.PRICE_PER_CREDIT = 0.12
    month = budgets.month_of(timezone.now())
    TeamBudget.objects.create(team=upload.team, month=month, credits=budget)
    start = html.unescape(browser.get(f"/uploads/{upload.pk}/").content.decode().partition("Cost and start")[2])
    assert sentence in " ".join(start.split())
    assert (f'<div class="{look}">' in start) if look else ('<div class="note' not in start)
    if budget == 0:
        assert "The list waits until an administrator raises the budget or the month ends." in start


def test_the_review_names_no_budget_if_the_team_has_none(browser, upload):
    assert "Herndon" not in browser.get(f"/uploads/{upload.pk}/").content.decode().partition("Cost and start")[2]


def test_the_button_says_credits_if_no_price_is_set(browser, upload):
    assert "Trace 13 · at most 13 credits" in read_text(browser.get(f"/uploads/{upload.pk}/"))


def test_the_button_says_that_approval_is_requested(browser, upload, settings):
    settings.APPROVAL_ABOVE = 2
    text = read_text(browser.get(f"/uploads/{upload.pk}/"))
    assert "Request approval for 13 · at most 13 credits" in text


def test_the_download_of_invalid_rows_is_offered_before_the_start(browser, upload):
    page = browser.get(f"/uploads/{upload.pk}/").content.decode()
    assert page.index("/invalid-rows/") < page.index("/start/")


def test_a_row_has_inputs_for_the_cells_with_the_problem_and_shows_the_others(browser, upload):
    page = browser.get(find_address(upload)).content.decode()
    assert 'name="cell-14-4" value="Atlantis"' in page
    assert "cell-14-3" not in page
    assert "Ada · Abbott · 20 Oak St · Herndon · 20170" in page
    assert 'State<span class="sr"> in row 14</span>' in page


def test_a_warning_is_fixed_on_the_page_like_a_problem(browser, upload):
    page = browser.get(find_address(upload, group_number=2)).content.decode()
    [(number, position)] = re.findall(r'name="cell-(\d+)-(\d+)" value="555-0100"', page)
    assert HEADER[int(position)] == "Phone"
    title = "Phone could not be read and is left out"
    response = send(browser, upload, {(int(number), "Phone"): "555-0101"}, title=title)
    assert response.status_code == 422
    assert "This could not be read and is left out." in read_text(response)
    assert f"Please correct: Phone in row {number}." in read_text(response)
    assert send(browser, upload, {(int(number), "Phone"): "703-555-0101"}, title=title).status_code == 302
    assert upload.items.get(row_number=number).phone == "7035550101"
    assert upload.warnings == []


def test_an_edited_row_joins_the_list_and_the_edit_can_be_undone(browser, upload):
    assert send(browser, upload, {(14, "State"): "VA"}).url == f"/uploads/{upload.pk}/"
    assert (read_states(upload)[14], upload.invalid_count) == ("VA", 3)
    page = browser.get(f"/uploads/{upload.pk}/")
    assert "1 row fixed. Undo" in read_text(page)
    undo = f"/uploads/{upload.pk}/edits/{Correction.objects.get().pk}/undo/"
    assert f'action="{undo}"' in page.content.decode()
    assert "Undone. 1 row is as it was before the edit." in read_text(browser.post(undo, follow=True))
    upload.refresh_from_db()
    assert (read_states(upload)[14], upload.invalid_count) == ("Atlantis", 4)
    assert "Not undone" in read_text(browser.post(undo, follow=True))


def test_a_change_applies_to_all_rows_with_the_same_value(browser, upload):
    send(browser, upload, {(14, "State"): "VA"}, apply_to_same="on")
    assert read_states(upload) == {14: "VA", 15: "VA", 16: "Nowhere"}
    assert upload.invalid_count == 2


def test_a_change_applies_to_no_other_row_unless_that_is_chosen(browser, upload):
    send(browser, upload, {(14, "State"): "VA"})
    assert read_states(upload) == {14: "VA", 15: "Atlantis", 16: "Nowhere"}


def test_two_replacements_of_the_same_value_are_refused_at_the_second_cell(browser, upload):
    response = send(browser, upload, {(14, "State"): "VA", (15, "State"): "MD"}, apply_to_same="on")
    assert response.status_code == 422
    assert "Please correct: State in row 15" in read_text(response)
    assert "Row 14 changes the same value to something else." in read_text(response)
    assert 'value="MD"' in response.content.decode()
    assert "checked" in response.content.decode()
    assert upload.invalid_count == 4


def test_cells_that_are_still_wrong_are_named_and_nothing_typed_is_lost(browser, upload):
    response = send(browser, upload, {(14, "State"): "Virginia", (15, "State"): "Nowhere Land"})
    page = response.content.decode()
    assert response.status_code == 422
    assert "Nothing has been saved yet. Please correct: State in row 15." in read_text(response)
    assert "“Nowhere Land” is not a state: give its two letters or its name." in page
    assert 'name="cell-14-4" value="Virginia"' in page
    assert 'name="cell-15-4" value="Nowhere Land"' in page
    assert 'aria-invalid="true"' in page
    assert read_states(upload)[14] == "Atlantis"


def test_saving_without_a_change_says_so(browser, upload):
    response = send(browser, upload)
    assert response.status_code == 422
    assert "Nothing was changed. Correct at least one cell, then save." in read_text(response)


def test_an_outdated_page_saves_nothing_but_keeps_what_was_typed(browser, upload):
    response = send(browser, upload, {(14, "State"): "VA"}, revision=upload.revision - 1)
    page = response.content.decode()
    assert response.status_code == 422
    assert "Nothing was saved. This list has changed since you opened the page." in read_text(response)
    assert 'name="cell-14-4" value="VA"' in page
    assert f'name="revision" value="{upload.revision}"' in page
    assert upload.invalid_count == 4


def test_rows_over_a_limit_are_refused_but_what_was_typed_is_kept(browser, upload, settings):
    settings.UPLOAD_CREDIT_LIMIT = 13
    response = send(browser, upload, {(14, "State"): "VA"})
    assert response.status_code == 422
    assert "above the limit of 13 credits per list" in read_text(response)
    assert 'name="cell-14-4" value="VA"' in response.content.decode()


def test_a_row_can_be_fixed_while_another_problem_remains_in_the_list(browser, make_upload):
    upload = make_upload([*people(3), person(4, City="", State="VA", Zip=""), ["Ada", "Abbott", "", "", "", "", ""]])
    assert send(browser, upload, {(5, "City"): "Herndon"}, title="City is empty").status_code == 302
    assert upload.invalid_count == 1


def test_a_cell_with_a_null_character_is_refused(browser, upload):
    response = send(browser, upload, {(14, "State"): "V\0A"})
    assert response.status_code == 422
    assert "Please correct: State in row 14." in read_text(response)


def test_rows_with_too_many_cells_to_edit_are_only_shown_page_by_page(browser, make_upload, monkeypatch):
    monkeypatch.setattr(problem_groups, "MAX_EDITED_COLUMNS", 0)
    upload = make_upload([*people(2), *people(51, State="Atlantis")])
    review = read_text(browser.get(f"/uploads/{upload.pk}/"))
    assert "51 × State is not a US state" in review
    assert "Show rows" in review
    page = read_text(browser.get(find_address(upload)))
    assert "There are too many cells to edit here. Download the invalid rows" in page
    assert "1–50 of 51" in page
    response = browser.post(find_address(upload), {"revision": upload.revision, "cell-4-4": "VA"})
    assert response.status_code == 422
    assert Upload.objects.get().invalid_count == 51


def test_a_change_can_apply_to_rows_that_are_not_shown(browser, make_upload):
    invalid = [person(n, State="Nowhere" if n % 10 == 0 else "Atlantis") for n in range(1, 131)]
    upload = make_upload([*people(2), *invalid])
    response = browser.get(find_address(upload))
    assert response.content.decode().count('<input type="text" name="cell-') == 50
    assert "The first 50 rows are shown" in read_text(response)
    send(browser, upload, {(4, "State"): "VA"}, apply_to_same="on")
    assert upload.invalid_count == 13
    assert "117 rows fixed." in read_text(browser.get(f"/uploads/{upload.pk}/"))
    browser.post(f"/uploads/{upload.pk}/edits/{Correction.objects.get().pk}/undo/")
    upload.refresh_from_db()
    assert upload.invalid_count == 130


def test_a_change_applies_to_no_row_that_is_not_shown_unless_that_is_chosen(browser, make_upload):
    upload = make_upload([*people(2), *people(60, State="Atlantis")])
    send(browser, upload, {(4, "State"): "VA"})
    assert upload.invalid_count == 59


def test_a_change_applies_to_a_limited_number_of_rows(browser, make_upload, monkeypatch):
    monkeypatch.setattr(problem_groups, "MAX_CHANGED_ROWS", 55)
    upload = make_upload([*people(2), *people(60, State="Atlantis")])
    assert "Each change can apply to the first 55 rows." in read_text(browser.get(find_address(upload)))
    send(browser, upload, {(4, "State"): "VA"}, apply_to_same="on")
    assert upload.invalid_count == 5


def test_fifty_rows_can_be_edited_on_one_page(browser, make_upload):
    upload = make_upload([*people(2), *people(50, State="Atlantis")])
    assert browser.get(find_address(upload)).content.decode().count('<input type="text" name="cell-') == 50
    send(browser, upload, {(4, "State"): "VA"}, apply_to_same="on")
    assert (upload.invalid_count, upload.items.filter(outcome=Outcome.INVALID).count()) == (0, 0)


def test_the_page_of_a_problem_that_has_been_fixed_redirects_to_the_review(browser, upload):
    address = find_address(upload)
    upload.items.filter(outcome=Outcome.INVALID).update(outcome=Outcome.PENDING, findings="")
    assert browser.get(address).url == f"/uploads/{upload.pk}/"
    assert "no row has this problem anymore" in read_text(browser.post(address, {"revision": 1}, follow=True))


def test_rows_are_shown_but_cannot_be_edited_once_the_list_is_started(browser, upload):
    address = find_address(upload)
    Upload.objects.update(status=UploadStatus.RUNNING)
    assert "Save and check" not in read_text(browser.get(address))
    response = browser.post(address, {"revision": upload.revision, "cell-14-4": "VA"})
    assert response.status_code == 422
    assert "these rows can no longer be edited on this page" in read_text(response)


def test_cells_are_escaped(browser, make_upload):
    upload = make_upload([*people(3), person(4, State='<script>"x"')])
    for address in (f"/uploads/{upload.pk}/", find_address(upload)):
        page = browser.get(address).content.decode()
        assert "<script>&quot;" not in page
        assert "&lt;script&gt;&quot;x&quot;" in page


def test_a_row_with_too_many_cells_can_be_edited(browser, make_upload):
    upload = make_upload([*people(3), [*person(4), "", "extra"]])
    assert send(browser, upload, {(5, "Column 9"): ""}).status_code == 302
    assert upload.items.get(row_number=5).cells == person(4)
    assert upload.invalid_count == 0


def test_a_row_that_is_not_in_the_form_stays_as_it_is(browser, upload):
    data = {"revision": upload.revision, "cell-14-4": "VA"}
    assert browser.post(find_address(upload), data).status_code == 302
    assert read_states(upload) == {14: "VA", 15: "Atlantis", 16: "Nowhere"}


def test_emptying_a_cell_that_is_needed_is_refused(browser, make_upload):
    upload = make_upload([*people(3), person(4, State="Atlantis", Zip="")])
    response = send(browser, upload, {(5, "State"): ""})
    assert response.status_code == 422
    assert "Empty; an address needs its state." in read_text(response)


def test_the_first_rows_of_a_group_are_shown_within_the_review(browser, make_upload):
    upload = make_upload([person(1), *(person(number, State="Atlantis") for number in range(2, 12))])
    [group] = problem_groups.list_problems(upload)
    part = browser.get(f"/uploads/{upload.pk}/problems/{group.key}/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert part.count('value="Atlantis"') == 5
    assert "5 of 10 shown" in part
    form = {"revision": upload.revision, "cell-3-4": "VA", "apply_to_same": "on"}
    browser.post(f"/uploads/{upload.pk}/problems/{group.key}/", form)
    upload.refresh_from_db()
    assert upload.invalid_count == 0
