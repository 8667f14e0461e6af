"""Results in a real browser: unusual answers, search, filters, actions, exports and scorecards."""

import csv
import hashlib
import json
import re

import pytest

from tests.support import odd_answers
from tests.support.browsing import browse
from tests.support.odd_answers import ARABIC, HEBREW, HOSTILE, OVERRIDE, SHARED, UNKNOWN
from tests.support.portal import ROOT
from tests.support.services import wait_until


@pytest.fixture(scope="module")
def leads(portal):
    """The id of a list that has been traced and digested."""
    sample = ROOT / "static" / "sample.csv"
    pk = portal.trace(sample, "--name", "Leads with results", "--look-back", "0", "--wait", "--timeout", "90")["upload"]
    wait_until(lambda: portal.ask(f"Upload.objects.get(pk={pk}).digested_at"), "digests", 60)
    return pk


@pytest.fixture(scope="module")
def odd(portal, leads):
    """Name of an odd answer → the id of the person who has it."""
    return odd_answers.store(portal, leads)


@pytest.fixture
def scriptless_page(chromium, portal):
    """A page with JavaScript switched off."""
    with browse(chromium, portal, java_script_enabled=False) as page:
        yield page


def count_rows(page):
    return page.locator("main table tbody tr:has(td + td)").count()


def download(page, path):
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    download.value.save_as(path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def read_counts(page):
    """Return the row and number counts shown on the export page."""
    return [int(text.replace(",", "")) for text in page.locator("#count strong").all_text_contents()]


def wait_for_counts(page, before):
    wait_until(lambda: read_counts(page) != before, "other counts", 10)
    return read_counts(page)


# Odd answers


def test_hostile_answers_are_shown_and_never_executed(page, leads, odd):
    page.goto(f"/items/{odd['hostile']}/")
    page.get_by_role("heading", name="Found").wait_for()
    assert page.locator("dd bdi").first.text_content() == HOSTILE
    assert page.locator("td.any bdi").text_content() == HOSTILE
    assert page.locator("li bdi").text_content() == HOSTILE
    page.get_by_text("The vendor's answer as received").click()
    assert json.dumps(HOSTILE) in page.locator("pre").text_content()
    for path in (f"/items/?upload={leads}", "/find/?q=window.wasRun", f"/items/{odd['unknown shape']}/"):
        page.goto(path)
        assert page.evaluate("window.wasRun") is None
        assert page.locator("main script, main img").count() == 0


def test_right_to_left_text_is_isolated(page, odd):
    page.goto(f"/items/{odd['right to left']}/")
    for text in (HEBREW, ARABIC, OVERRIDE, f"{HEBREW}@example.com"):
        isolated = page.locator("bdi").get_by_text(text, exact=True).first
        assert isolated.evaluate("element => getComputedStyle(element).unicodeBidi") == "isolate"
    override, after = page.locator("p > bdi").all()
    assert after.text_content() == "Ben Abbott"
    assert override.bounding_box()["x"] < after.bounding_box()["x"]
    assert page.get_by_text("Deceased", exact=True).first.is_visible()
    assert page.get_by_role("link", name="javascript").count() == 0


def test_forty_phones_are_sorted_by_usefulness(page, odd):
    page.goto(f"/items/{odd['forty phones']}/")
    shown = page.locator(".phones tbody tr td:first-child").all_inner_texts()
    mobiles, do_not_call = [26, 28, 32, 34], [24, 30, 36]
    disconnected = [25, 29, 31, 35, 37, 27, 33]
    expected = [*mobiles, *reversed(range(24)), 40]
    assert shown == [
        *(f"(703) 555-01{n:02}" for n in expected),
        "ask at reception",
        *(f"(703) 555-01{n:02}" for n in [*do_not_call, *disconnected]),
    ]
    table = page.locator(".table-container", has=page.locator(".phones"))
    assert table.evaluate("element => element.scrollWidth <= element.clientWidth")


@pytest.mark.parametrize("kind", ["unknown shape", "a list", "nested"])
def test_an_answer_of_unknown_format_is_shown_in_full(page, odd, kind):
    page.goto(f"/items/{odd[kind]}/")
    assert page.get_by_text("has an unknown format").is_visible()
    page.get_by_text("The vendor's answer as received").click()
    answer = odd_answers.ANSWERS[kind]
    shown = page.locator("pre.answer").text_content()
    assert shown == answer if kind == "nested" else json.loads(shown) == json.loads(answer)
    assert kind != "unknown shape" or UNKNOWN["people"][0]["tel"] in shown


def test_empty_answers_and_broken_characters_are_readable(page, odd):
    page.goto(f"/items/{odd['nothing in it']}/")
    assert page.get_by_text("Nothing was found.").is_visible()
    page.goto(f"/items/{odd['half characters']}/")
    assert page.locator("dd bdi").first.text_content() == "Ada ?"
    assert page.get_by_text("(703) 555-0143").first.is_visible()


# Search and filters


def test_a_phone_links_to_everyone_who_shares_it(page, odd):
    page.goto(f"/items/{odd['shared']}/")
    page.locator(".phones").get_by_role("link", name="Search").first.click()
    page.get_by_role("status").get_by_text("people.").wait_for()
    for kind in ("shared", "shared too"):
        assert page.locator(f"a[href='/items/{odd[kind]}/']").count() > 0
    assert page.locator(f"a[href='/items/{odd['forty phones']}/']").count() == 0


@pytest.mark.parametrize(
    "text", ["shar cora", "cora shar", "Cora.Sharer@example.com", f"({SHARED[:3]}) {SHARED[3:6]}-{SHARED[6:]}"]
)
def test_the_search_box_finds_names_emails_and_phones_of_answers(page, odd, text):
    page.get_by_placeholder("Find people").fill(text)
    page.get_by_placeholder("Find people").press("Enter")
    page.wait_for_url("**/find/?q=*")
    # Only the last word of a search may be the start of a word.
    is_found = text != "shar cora"
    count = page.locator(f"a[href='/items/{odd['shared']}/']").count()
    assert (count > 0) == is_found


@pytest.mark.parametrize("text", ["+1 703.555.0199", "7035550199", "1-703-555-0199", "703 555 0199"])
def test_a_phone_is_found_in_any_format(page, odd, text):
    page.goto("/find/")
    page.get_by_label("Name, address, phone or email, in any list").fill(text)
    page.get_by_role("button", name="Find", exact=True).click()
    page.wait_for_url("**/find/?q=*")
    assert page.locator(f"a[href='/items/{odd['shared']}/']").count() > 0


def test_the_search_box_finds_an_address(page, odd):
    page.get_by_placeholder("Find people").fill("2031 river blvd tampa")
    page.get_by_placeholder("Find people").press("Enter")
    page.get_by_text("Cora Ito").first.wait_for()


FILTERS = {
    "outcome": ("check", "Matched", "outcome='matched'"),
    "match": ("check", "Someone else", "digest__match='other'"),
    "mobile": ("Has", "A mobile", "digest__mobiles__gt=0"),
    "do not call": (
        "Do not call",
        "All numbers",
        "digest__do_not_call__gt=0, digest__do_not_call=models.F('digest__phones')",
    ),
    "deceased": ("Deceased", "Yes", "digest__deceased=True"),
    "state": ("State", "va", "models.Q(state='VA') | models.Q(state='', mail_state='VA')"),
    "problem": ("Problem", "city", "outcome='invalid', message__icontains='city'"),
}


@pytest.mark.parametrize("name", FILTERS)
def test_filters_show_only_matching_people(page, portal, leads, odd, name):
    label, value, condition = FILTERS[name]
    page.goto(f"/items/?upload={leads}")
    page.get_by_text("Filter by outcome, match check, phones, state or problem").click()
    if label == "check":
        page.get_by_label(value, exact=True).check()
    elif label in {"State", "Problem"}:
        page.get_by_label(label, exact=True).fill(value)
    else:
        page.get_by_label(label, exact=True).select_option(label=value)
    page.get_by_role("button", name="Filter", exact=True).click()
    page.wait_for_url("**/items/?*&*")
    shown = int(
        re.search(r"All ([\d,]+) that match the filters", page.locator("#people").text_content())[1].replace(",", "")
    )
    expected = portal.ask(f"Item.objects.filter({condition}, upload={leads}).count()")
    assert shown == expected
    assert 0 < shown < 250


# Actions on selected people


def select(page, leads, query, count):
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"/items/?upload={leads}&{query}")
    for box in page.get_by_label("Select row").all()[-count:]:
        box.check()


def test_selected_people_are_added_to_the_do_not_contact_list(page, portal, leads):
    select(page, leads, "outcome=no_match", 2)
    page.get_by_role("button", name="Do not contact").click()
    page.get_by_text("to the do-not-contact list.").wait_for()
    assert portal.ask("Suppression.objects.filter(kind='person').count()") >= 2


def test_selected_people_are_rerun(page, leads):
    select(page, leads, "outcome=error", 2)
    page.get_by_role("button", name="Re-run").click()
    page.get_by_text("Re-running 2 people.").wait_for()


def test_selected_people_are_exported(page, leads, tmp_path):
    select(page, leads, "outcome=matched&has=phone", 3)
    rows = [label.split()[2] for label in page.locator("[name=item]:checked").evaluate_all(LABELS)]
    page.get_by_role("button", name="Export").click()
    page.get_by_text("3 selected people.").wait_for()
    counts = read_counts(page)
    exported = download(page, tmp_path / "traced.csv")
    assert len(exported) == counts[0] == len(rows) == 3


LABELS = "boxes => boxes.map(box => box.getAttribute('aria-label'))"


# Exports


def test_row_and_number_counts_follow_the_choices(page, leads, odd, tmp_path):
    page.goto(f"/uploads/{leads}/export/choose/?outcome=matched")
    page.evaluate("window.wasNotReloaded = true")
    counts = [read_counts(page)]
    page.get_by_label("Layout", exact=True).select_option("long")
    counts.append(wait_for_counts(page, counts[-1]))
    page.get_by_label("Do-not-call numbers").check()
    counts.append(wait_for_counts(page, counts[-1]))
    page.get_by_label("Numbers that are not mobiles").check()
    counts.append(wait_for_counts(page, counts[-1]))
    assert page.evaluate("window.wasNotReloaded")
    assert [numbers for _, numbers in counts[1:]] == sorted({numbers for _, numbers in counts[1:]}, reverse=True)

    path = tmp_path / "long.csv"
    rows = download(page, path)
    numbers = [row["Phone (trace)"] for row in rows if row["Phone (trace)"]]
    assert [len(rows), len(numbers)] == counts[-1]
    assert {row["Phone Type"] for row in rows if row["Phone (trace)"]} == {"mobile"}
    page.goto("/exports/")
    logged = page.locator("tbody tr").first
    assert logged.locator("code").text_content() == hashlib.sha256(path.read_bytes()).hexdigest()
    assert "without do-not-call numbers" in logged.text_content()


def test_a_layout_is_created_corrected_and_exported(page, leads, tmp_path):
    page.goto("/exports/layouts/")
    page.get_by_role("link", name="New layout").click()
    page.get_by_label("Name", exact=True).fill("Call sheet")
    columns = page.get_by_role("textbox", name="Columns")
    columns.fill("Who = found_name\nNumber = fone_1\nLead = column Note")
    page.get_by_role("button", name="Save layout").click()
    page.get_by_text("Line 2: There is no field “fone_1”.").wait_for()
    columns.fill("Who = found_name\nNumber = phone_1\nLead = column Note")
    page.get_by_label("Leave out people without").select_option("phone")
    page.get_by_role("button", name="Save layout").click()
    page.get_by_text("Saved the layout “Call sheet”. You can use it for any list.").wait_for()

    page.goto(f"/uploads/{leads}/export/choose/")
    before = read_counts(page)
    page.get_by_label("Layout", exact=True).select_option("Call sheet")
    row_count, _ = wait_for_counts(page, before)
    rows = download(page, tmp_path / "calls.csv")
    assert list(rows[0]) == ["Who", "Number", "Lead"]
    assert len(rows) == row_count
    assert all(row["Number"] for row in rows)


# Without JavaScript


def test_filter_count_and_download_work_without_javascript(scriptless_page, leads, odd, tmp_path):
    page = scriptless_page
    page.goto(f"/items/?upload={leads}")
    page.get_by_text("Filter by outcome, match check, phones, state or problem").click()
    page.get_by_label("Matched", exact=True).check()
    page.get_by_label("Has", exact=True).select_option("usable")
    page.get_by_role("button", name="Filter", exact=True).click()
    page.get_by_label("that match the filters").check()
    page.get_by_role("button", name="Export").click()
    page.get_by_text("People to include").wait_for()
    before = read_counts(page)
    assert page.get_by_label("Matched", exact=True).is_checked()
    page.get_by_label("Numbers that are not mobiles").check()
    page.get_by_role("button", name="Count").click()
    page.wait_for_url("**count=1*")
    rows, numbers = read_counts(page)
    assert rows == before[0]
    assert 0 < numbers < before[1]
    assert len(download(page, tmp_path / "plain.csv")) == rows


def test_odd_answers_are_readable_without_javascript(scriptless_page, odd):
    scriptless_page.goto(f"/items/{odd['unknown shape']}/")
    scriptless_page.get_by_text("The vendor's answer as received").click()
    assert scriptless_page.locator("pre.answer").is_visible()
    scriptless_page.get_by_text("More", exact=True).click()
    scriptless_page.get_by_role("link", name="Exports").click()
    scriptless_page.wait_for_url("**/exports/")


# Scorecards


@pytest.mark.parametrize("by", ["source", "uploader", "month", "list"])
def test_scorecards_show_bars_and_numbers(page, leads, by):
    page.goto("/scorecards/")
    page.get_by_label("Compare by").select_option(by)
    page.get_by_role("button", name="Compare").click()
    page.wait_for_url(f"**by={by}*")
    assert page.locator("svg.bar").count() == 3 * count_rows(page) > 0
    assert page.locator("svg.bar rect").first.bounding_box()["width"] > 0
    assert page.get_by_role("columnheader", name="Usable mobiles per match").is_visible()
    groups = page.locator("main table tbody tr > :first-child").all_text_contents()
    assert len(groups) == len(set(groups)) == count_rows(page)


def test_the_scorecard_of_a_list_shows_bars_and_numbers(page, leads):
    page.goto(f"/uploads/{leads}/")
    page.get_by_role("link", name="Scorecard", exact=True).click()
    page.get_by_text("Is it the right person?").wait_for()
    assert page.locator("svg.bar").count() == 4
    assert page.locator(".tile").count() == 6
    assert count_rows(page) == 1
    assert page.locator("nav [aria-current]").count() == 1
