"""Results in a real browser: odd answers, search, filters, actions, exports and scorecards."""

import csv
import hashlib
import json
import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import expect

from tests.support import odd_answers
from tests.support.browsing import browse
from tests.support.odd_answers import ARABIC, HEBREW, REVERSED_TEXT, SCRIPT, SHARED_PHONE, UNKNOWN_SHAPE, format_phone
from tests.support.portal import ROOT
from tests.support.services import wait_until


@pytest.fixture(scope="module")
def leads(portal):
    """Return the id of a list that has been traced and digested."""
    sample = ROOT / "static" / "sample.csv"
    pk = portal.trace_completely(sample, "--name", "Leads with results", "--look-back", "0")["upload"]
    wait_for_digests(portal, pk)
    return pk


def wait_for_digests(portal, upload):
    """Wait until a list is complete and digested, so that nothing changes any more unless a test does it."""
    state = f"Upload.objects.filter(pk={upload}, status='complete', digested_at__isnull=False).exists()"
    portal.wait_until(lambda: portal.ask(state), "the digests")


@pytest.fixture(scope="module")
def odd(portal, leads):
    """Return the ids of the people who have the odd answers, by the names of the answers."""
    return odd_answers.store_answers(portal, leads)


@pytest.fixture
def scriptless_page(chromium, portal):
    """Return a page without JavaScript."""
    with browse(chromium, portal, java_script_enabled=False) as page:
        yield page


def count_rows(page):
    """Count the rows of the page's table. A message that the table is empty is a row of one cell."""
    return page.locator("main table tbody tr:has(td + td)").count()


def download(page, path):
    """Download an export to a file. Return its rows."""
    with page.expect_download() as download_info:
        page.get_by_role("button", name="Download").click()
    download_info.value.save_as(path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def read_counts(page):
    """Return how many rows and phone numbers the export page says the file will have."""
    words = " ".join(page.locator("#count [role=status]").text_content().split())
    numbers, rows = re.search(r"has ([\d,]+) phone numbers? ([\d,]+) rows?", words).groups()
    return [parse_count(rows), parse_count(numbers)]


def parse_count(text):
    return int(text.replace(",", ""))


def wait_for_new_counts(page, previous):
    wait_until(lambda: read_counts(page) != previous, "new counts")
    return read_counts(page)


# Odd answers


def test_scripts_in_answers_are_shown_as_text_and_never_run(page, leads, odd):
    page.goto(f"/items/{odd['hostile']}/")
    page.get_by_role("heading", name="Is it the same person?").wait_for()
    assert page.get_by_text(SCRIPT, exact=True).count() > 2
    page.get_by_text("The vendor's answer as received").click()
    assert json.dumps(SCRIPT) in page.locator("pre").text_content()
    for path in (f"/items/?upload={leads}", "/find/?q=window.wasRun", f"/items/{odd['unknown shape']}/"):
        page.goto(path)
        assert page.evaluate("window.wasRun") is None
        assert page.locator("main script, main img").count() == 0


def test_right_to_left_text_is_isolated(page, odd):
    page.goto(f"/items/{odd['right to left']}/")
    for text in (HEBREW, ARABIC, REVERSED_TEXT, f"{HEBREW}@example.com"):
        isolated = page.locator("bdi").get_by_text(text, exact=True).first
        assert isolated.evaluate("element => getComputedStyle(element).unicodeBidi") == "isolate"
    override, after = page.locator("dd", has=page.get_by_text("Ben Abbott", exact=True)).locator("bdi").all()
    assert after.text_content() == "Ben Abbott"
    assert override.bounding_box()["x"] < after.bounding_box()["x"]
    assert page.get_by_text("Deceased", exact=True).first.is_visible()
    assert page.get_by_role("link", name="javascript").count() == 0


def test_forty_phones_are_sorted_by_usefulness(page, odd):
    page.goto(f"/items/{odd['forty phones']}/")
    shown = page.locator(".phone .tel bdi").all_inner_texts()
    # The last two digits of the phones in tests/support/odd_answers.py.
    mobiles = [26, 28, 32, 34]
    landlines_newest_first = list(reversed(range(24)))
    internet_phones = [40]
    do_not_call = [24, 30, 36]
    disconnected = [25, 29, 31, 35, 37]
    both = [27, 33]
    assert shown == [
        *format_phones([*mobiles, *landlines_newest_first, *internet_phones]),
        "ask at reception",
        *format_phones([*do_not_call, *disconnected, *both]),
    ]
    assert page.locator("main").evaluate("element => element.scrollWidth <= element.clientWidth")


def format_phones(endings):
    return [f"(703) 555-01{ending:02}" for ending in endings]


@pytest.mark.parametrize("kind", ["unknown shape", "a list", "nested"])
def test_an_answer_of_unknown_format_is_shown_in_full(page, odd, kind):
    page.goto(f"/items/{odd[kind]}/")
    assert page.get_by_text("has an unknown format").is_visible()
    page.get_by_text("The vendor's answer as received").click()
    answer = odd_answers.ANSWERS[kind]
    shown = page.locator("pre.answer").text_content()
    if kind == "nested":
        assert shown == answer
    else:
        assert json.loads(shown) == json.loads(answer)
    if kind == "unknown shape":
        assert UNKNOWN_SHAPE["people"][0]["tel"] in shown


def test_pages_of_empty_answers_and_of_answers_with_broken_characters_are_readable(page, odd):
    page.goto(f"/items/{odd['nothing in it']}/")
    assert page.get_by_text("Nothing was found.").is_visible()
    page.goto(f"/items/{odd['half characters']}/")
    assert page.locator("bdi").get_by_text("Ada ?", exact=True).first.is_visible()
    assert page.get_by_text("(703) 555-0143").first.is_visible()


# Search and filters


def test_a_phone_links_to_everyone_who_shares_it(page, odd):
    page.goto(f"/items/{odd['shared']}/")
    page.locator(".phone details.menu > summary").first.click()
    page.get_by_role("link", name="Who else has it").first.click()
    page.wait_for_url("**/find/?q=*")
    for kind in ("shared", "shared too"):
        assert page.locator(f"a[href='/items/{odd[kind]}/']").count() > 0
    assert page.locator(f"a[href='/items/{odd['forty phones']}/']").count() == 0


def find_people(page, text):
    """Search with the box that every page has."""
    page.locator("#search").click()
    page.locator("#palette input").fill(text)
    page.locator(f'#palette .results[data-query="{text}"]').wait_for()


@pytest.mark.parametrize("text", ["cora shar", "Cora.Sharer@example.com", format_phone(SHARED_PHONE)])
def test_the_search_box_finds_names_emails_and_phones_of_answers(page, odd, text):
    find_people(page, text)
    assert page.locator(f"a[href='/items/{odd['shared']}/']").count() > 0


def test_only_the_last_word_of_a_search_may_be_the_start_of_a_word(page, odd):
    find_people(page, "shar cora")
    assert page.locator(f"a[href='/items/{odd['shared']}/']").count() == 0


@pytest.mark.parametrize("text", ["+1 703.555.0199", "7035550199", "1-703-555-0199", "703 555 0199"])
def test_a_phone_is_found_in_any_format(page, odd, text):
    page.goto("/find/")
    page.get_by_label("Name, address, phone or email, in any list").fill(text)
    page.get_by_role("button", name="Find", exact=True).click()
    page.wait_for_url("**/find/?q=*")
    assert page.locator(f"a[href='/items/{odd['shared']}/']").count() > 0


def test_the_search_box_finds_an_address(page, odd):
    find_people(page, "2031 river blvd tampa")
    page.get_by_text("Cora Ito").first.wait_for()


@dataclass(frozen=True)
class Filter:
    """A filter of the table of people."""

    label: str
    """The label of the field, or of the checkbox."""
    value: str | None
    """What is chosen or typed. None checks a checkbox."""
    condition: str
    """The same filter as arguments of a Django query."""


FILTERS = {
    "outcome": Filter("Matched", None, "outcome='matched'"),
    "match": Filter("Someone else", None, "digest__match='other'"),
    "mobile": Filter("Has", "A mobile", "digest__mobiles__gt=0"),
    "do not call": Filter(
        "Do not call",
        "All numbers",
        "~has_phone(callable=True), digest__phones__gt=0",
    ),
    "deceased": Filter("Deceased", "Yes", "digest__deceased=True"),
    "state": Filter("State", "va", "models.Q(state='VA') | models.Q(state='', mail_state='VA')"),
    "problem": Filter("Problem", "city", "outcome='invalid', message__icontains='city'"),
}


@pytest.mark.parametrize("name", FILTERS)
def test_filters_show_only_matching_people(page, portal, leads, odd, name):
    chosen = FILTERS[name]
    page.goto(f"/items/?upload={leads}")
    menu = page.locator("details.filter-menu")
    menu.locator("summary").click()
    if chosen.label in {"State", "Problem"}:
        menu.get_by_label(chosen.label, exact=True).fill(chosen.value)
        menu.get_by_role("button", name="Apply").click()
    elif chosen.value is None:
        menu.get_by_role("link", name=chosen.label).first.click()
    else:
        menu.get_by_role("group", name=chosen.label).get_by_role("link", name=chosen.value, exact=True).click()
    page.wait_for_url("**/items/?*&*")
    [shown] = re.findall(r"Select all ([\d,]+)", page.locator("#people").text_content())
    portal.do("from batches.numbers.conditions import has_phone")
    expected = portal.ask(f"Item.objects.filter({chosen.condition}, upload={leads}).count()")
    assert parse_count(shown) == expected
    # The filter must leave out some people, but not all.
    total = portal.ask(f"Item.objects.filter(upload={leads}).count()")
    assert 0 < expected < total


# The panel of a person


def show_people_to_call(page, leads):
    """Show those people of a list who may be called. Return the links to them, and the panel, which is closed."""
    page.goto(f"/items/?upload={leads}&has=callable&match=same")
    panel = page.get_by_role("region", name="Person", exact=True)
    expect(panel).to_have_count(0)
    return page.locator("tbody a.go"), panel


def test_a_person_is_opened_beside_the_table_with_the_keyboard_alone(page, leads):
    links, panel = show_people_to_call(page, leads)
    table_address, names = page.url, links.all_inner_texts()
    page.keyboard.press("j")
    expect(links.nth(0)).to_be_focused()
    page.keyboard.press("Enter")
    expect(panel.get_by_role("heading", level=2).first).to_have_text(names[0])
    expect(panel.get_by_role("heading", level=2).first).to_be_focused()
    assert page.url == links.nth(0).evaluate("link => link.href")
    page.keyboard.press("j")
    expect(panel.get_by_role("heading", level=2).first).to_have_text(names[1])
    assert page.url == links.nth(1).evaluate("link => link.href")
    # Escape closes a menu first, then the panel.
    panel.get_by_text("Assign", exact=True).first.click()
    page.keyboard.press("Escape")
    expect(panel.locator("details[open]")).to_have_count(0)
    expect(panel).to_be_visible()
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(links.nth(1)).to_be_focused()
    assert page.url == table_address


def test_the_address_of_the_panel_is_that_of_the_page(page, leads):
    links, panel = show_people_to_call(page, leads)
    table_address, name = page.url, links.first.inner_text()
    links.first.click()
    expect(panel.get_by_role("heading", level=2).first).to_have_text(name)
    # The browser goes back within the page that was reloaded, which has never shown the table.
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    expect(panel).to_have_count(0)
    page.go_back()
    page.wait_for_url(table_address)
    expect(links.first).to_have_text(name)


def test_what_came_of_a_call_is_recorded_in_the_panel_and_shown_in_the_table(page, leads):
    links, panel = show_people_to_call(page, leads)
    links.first.click()
    row = page.locator("tbody tr.open")
    row.locator("input.tick").check()
    number = panel.locator(".phone.first .tel").inner_text()
    panel.locator(".phone.first").get_by_role("button", name="Do not call").click()
    struck = panel.locator(".phone.quiet", has_text=number)
    expect(struck).to_be_visible()
    expect(page.locator("tbody a.tel", has_text=number)).to_have_count(0)
    struck.get_by_role("button", name="Undo").first.click()
    expect(panel.locator(".phone.first .tel")).to_have_text(number)
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)


def test_a_person_is_opened_beside_the_results_on_the_page_of_a_list(page, leads):
    page.goto(f"/uploads/{leads}/?outcome=matched")
    link = page.locator("tbody tr:has(a.tel) a.go").nth(4)
    panel, list_address, name = page.get_by_role("region", name="Person", exact=True), page.url, link.inner_text()
    link.click()
    expect(panel.get_by_role("heading", level=2).first).to_have_text(name)
    row = page.locator("tbody tr.open")
    number = panel.locator(".phone.first .tel").inner_text()
    panel.locator(".phone.first").get_by_role("button", name="Do not call").click()
    struck = panel.locator(".phone.quiet", has_text=number)
    expect(struck).to_be_visible()
    # The row says so at once, and stays in the table.
    expect(row.locator("a.tel", has_text=number)).to_have_count(0)
    expect(row.locator("a.go")).to_have_text(name)
    struck.get_by_role("button", name="Undo").first.click()
    expect(panel.locator(".phone.first .tel")).to_have_text(number)
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    assert page.url == list_address


def test_j_and_k_go_through_the_rows_of_search_results_in_the_panel(page, leads):
    page.goto("/find/?q=Herndon")
    links, panel = page.locator("table.people a.go"), page.get_by_role("region", name="Person", exact=True)
    names = links.all_inner_texts()
    heading = panel.get_by_role("heading", level=2).first
    links.nth(1).click()
    expect(heading).to_have_text(names[1])
    for key, row in (("j", 2), ("k", 1), ("k", 0), ("k", 0)):
        page.keyboard.press(key)
        expect(heading).to_have_text(names[row])
        expect(page.locator("tbody tr.open a.go")).to_have_text(names[row])


def test_a_person_is_opened_as_a_page_on_phones_and_without_javascript(chromium, portal, leads):
    for options in ({"viewport": {"width": 390, "height": 800}}, {"java_script_enabled": False}):
        with browse(chromium, portal, **options) as page:
            links, _ = show_people_to_call(page, leads)
            name = links.first.inner_text()
            links.first.click()
            expect(page.get_by_role("heading", level=1)).to_have_text(name)


# Actions on selected people


def select_last_people(page, leads, query, count):
    """Select the last people of a list on the page, and accept all confirmations from then on."""
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"/items/?upload={leads}&{query}")
    for box in page.locator("tbody input.tick").all()[-count:]:
        box.check()


def test_selected_people_are_added_to_the_do_not_contact_list(page, portal, leads):
    select_last_people(page, leads, "outcome=no_match", count=2)
    page.get_by_role("button", name="Do not contact").click()
    page.get_by_text("to the do-not-contact list.").wait_for()
    assert portal.ask("Suppression.objects.filter(kind='person').count()") >= 2


def test_selected_people_are_rerun(page, portal, leads):
    select_last_people(page, leads, "outcome=error", count=2)
    page.get_by_role("button", name="Re-run").click()
    page.get_by_text("Re-running 2 people.").wait_for()
    # Other tests count the people of this list.
    wait_for_digests(portal, leads)


def test_selected_people_are_exported(page, leads, tmp_path):
    select_last_people(page, leads, "outcome=matched&has=phone", count=3)
    page.get_by_role("button", name="Export").click()
    page.get_by_text("3 selected people.").wait_for()
    page.goto(f"{page.url}&layout=wide")
    row_count, _ = read_counts(page)
    exported = download(page, tmp_path / "traced.csv")
    assert len(exported) == row_count == 3


# Exports


def test_the_counts_of_rows_and_phone_numbers_follow_the_choices(page, leads, odd, tmp_path):
    page.goto(f"/uploads/{leads}/export/choose/?outcome=matched&layout=wide")
    page.evaluate("window.wasNotReloaded = true")
    page.locator("#details > summary").click()
    counts = [read_counts(page)]
    page.get_by_label("Layout", exact=True).select_option("long")
    counts.append(wait_for_new_counts(page, counts[-1]))
    page.get_by_label("Leave out: Do-not-call numbers").check()
    counts.append(wait_for_new_counts(page, counts[-1]))
    page.get_by_label("Leave out: Numbers that are not mobiles").check()
    counts.append(wait_for_new_counts(page, counts[-1]))
    assert page.evaluate("window.wasNotReloaded")
    # Only the long layout has a row for each number, so only its counts can be compared.
    long, without_do_not_call, only_mobiles = [number_count for _, number_count in counts[1:]]
    assert long > without_do_not_call > only_mobiles

    path = tmp_path / "long.csv"
    rows = download(page, path)
    rows_with_phone = [row for row in rows if row["Phone (trace)"]]
    assert [len(rows), len(rows_with_phone)] == counts[-1]
    assert {row["Phone Type"] for row in rows_with_phone} == {"mobile"}
    page.goto("/exports/")
    log_entry = page.locator("tbody tr").first
    assert log_entry.locator("code").text_content() == hashlib.sha256(path.read_bytes()).hexdigest()
    assert "without do-not-call numbers" in log_entry.text_content()


def test_a_new_layout_is_corrected_saved_and_used_for_an_export(page, leads, tmp_path):
    page.goto("/exports/layouts/")
    page.get_by_role("link", name="New layout").click()
    # The script of the page closes the text.
    page.wait_for_load_state()
    page.get_by_label("Name", exact=True).fill("Call sheet")
    page.get_by_text("As text").click()
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
    page.locator("#details > summary").click()
    page.get_by_label("Layout", exact=True).select_option("Call sheet")
    row_count, _ = wait_for_new_counts(page, before)
    rows = download(page, tmp_path / "calls.csv")
    assert list(rows[0]) == ["Who", "Number", "Lead"]
    assert len(rows) == row_count
    assert all(row["Number"] for row in rows)


def test_columns_of_a_layout_are_dragged_and_the_preview_follows(page, leads):
    page.goto("/exports/layouts/new/")
    page.get_by_text("As text").click()
    text = page.get_by_role("textbox", name="Columns")
    text.fill("Who = found_name\nKind = phone_1_type\nNothing = message")
    preview = page.locator("#layout-preview")
    expect(preview.get_by_role("rowheader")).to_have_text(["Who", "Kind", "Nothing"])
    first = page.locator("[data-grip]").first
    first.hover()
    page.mouse.down()
    box = page.locator("[data-grip]").last.bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + box["height"] - 2, steps=4)
    expect(page.locator(".dragged")).to_have_count(1)
    page.mouse.up()
    expect(page.locator("#announcement")).to_have_text("Who: position 3 of 3")
    expect(preview.get_by_role("rowheader")).to_have_text(["Kind", "Nothing", "Who"])
    expect(preview.get_by_role("columnheader")).to_have_count(4)
    expect(text).to_have_value("Kind = phone_1_type\nNothing = message\nWho = found_name")

    page.get_by_label("Move up").last.click()
    expect(page.locator("#announcement")).to_have_text("Who: position 2 of 3")
    expect(preview.get_by_role("rowheader")).to_have_text(["Kind", "Who", "Nothing"])

    # The Escape key cancels a drag.
    page.locator("[data-grip]").first.hover()
    page.mouse.down()
    page.mouse.move(box["x"] + 5, box["y"] + box["height"] - 2, steps=4)
    page.keyboard.press("Escape")
    page.mouse.up()
    expect(page.locator(".dragged")).to_have_count(0)
    expect(text).to_have_value("Kind = phone_1_type\nWho = found_name\nNothing = message")


def test_columns_of_a_layout_are_dragged_with_a_finger(chromium, portal):
    with browse(chromium, portal, viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True) as page:
        page.goto("/exports/layouts/new/")
        page.get_by_text("As text").tap()
        text = page.get_by_role("textbox", name="Columns")
        text.fill("Who = found_name\nKind = phone_1_type\nMail = email_1")
        # The preview changes the height of the page, so it must not arrive while the finger moves.
        preview = page.locator("#layout-preview")
        expect(preview.get_by_role("rowheader")).to_have_text(["Who", "Kind", "Mail"])
        first, last = page.locator("[data-grip]").first, page.locator("[data-grip]").last
        first.scroll_into_view_if_needed()
        start, end = first.bounding_box(), last.bounding_box()
        scrolled = page.evaluate("window.scrollY")
        finger = page.context.new_cdp_session(page)

        def touch(kind, *y):
            points = [{"x": start["x"] + start["width"] / 2, "y": each} for each in y]
            finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

        top, bottom = start["y"] + start["height"] / 2, end["y"] + end["height"] - 2
        touch("touchStart", top)
        expect(page.locator(".dragged")).to_have_count(1)
        for step in range(1, 5):
            touch("touchMove", top + (bottom - top) * step / 4)
        touch("touchEnd")
        expect(text).to_have_value("Kind = phone_1_type\nMail = email_1\nWho = found_name")
        expect(page.locator(".dragged")).to_have_count(0)
        # The page did not scroll under the finger.
        assert page.evaluate("window.scrollY") == scrolled


# Without JavaScript


def test_filtering_counting_and_exporting_work_without_javascript(scriptless_page, leads, odd, tmp_path):
    page = scriptless_page
    page.goto(f"/items/?upload={leads}")
    page.locator("details.filter-menu > summary").click()
    page.locator("details.filter-menu").get_by_role("link", name="Matched").first.click()
    # The bar with the actions appears once a person is selected.
    page.locator("tbody input.tick").first.check()
    page.get_by_label("Select all").check()
    page.get_by_role("button", name="Export").click()
    page.goto(f"{page.url}&layout=wide")
    page.locator("#details > summary").click()
    page.get_by_text("People to include").wait_for()
    rows_before, numbers_before = read_counts(page)
    assert page.get_by_label("Matched", exact=True).is_checked()
    page.get_by_label("Leave out: Numbers that are not mobiles").check()
    page.get_by_role("button", name="Count").click()
    page.wait_for_url("**count=1*")
    rows, numbers = read_counts(page)
    assert rows == rows_before
    assert 0 < numbers < numbers_before
    assert len(download(page, tmp_path / "plain.csv")) == rows


def test_odd_answers_are_readable_without_javascript(scriptless_page, odd):
    scriptless_page.goto(f"/items/{odd['unknown shape']}/")
    scriptless_page.get_by_text("The vendor's answer as received").click()
    assert scriptless_page.locator("pre.answer").is_visible()
    scriptless_page.get_by_role("link", name="Exports").first.click()
    scriptless_page.wait_for_url("**/exports/")


# Scorecards


@pytest.mark.parametrize("by", ["source", "uploader", "month", "list"])
def test_scorecards_show_bars_and_numbers(page, leads, by):
    page.goto("/scorecards/")
    page.get_by_role("navigation", name="Compare by").locator(f"a[href*='by={by}']").click()
    page.wait_for_url(f"**by={by}*")
    assert page.locator("main svg.bar").count() == 3 * min(count_rows(page), 8) > 0
    assert page.locator("main svg.bar rect").first.bounding_box()["width"] > 0
    assert page.get_by_role("columnheader", name="Usable mobiles").is_visible()
    groups = page.locator("main table tbody tr > :first-child").all_text_contents()
    assert len(groups) == len(set(groups)) == count_rows(page)


def test_the_scorecard_of_a_list_shows_bars_and_numbers(page, leads):
    page.goto(f"/uploads/{leads}/")
    page.get_by_role("link", name="Scorecard", exact=True).click()
    page.get_by_text("Is it the right person?").wait_for()
    page.wait_for_load_state()
    assert page.locator("main svg.bar").count() == 7
    assert page.locator(".figure").count() == 4
    assert count_rows(page) == 1
    assert page.locator(".nav-links [aria-current]").count() == 1
