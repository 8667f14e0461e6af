"""The way of a list from its file to running, through a real browser: forwards, back, refused, broken off."""

import re

from tests.support.browsing import browse, log_in, log_in_anew
from tests.support.portal import ROOT

SAMPLE = ROOT / "static" / "sample.csv"
GO_ON = "Go on to the columns"
NARROW = {"width": 360, "height": 740}

DROP = """([selector, name, text, kind]) => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([text], name));
  const event = new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true });
  document.querySelector(selector).dispatchEvent(event);
  return event.defaultPrevented;
}"""

# What is said to those who hear a page, also of one that was left since.
HEARD = "JSON.parse(sessionStorage.heard || '[]')"
LISTEN = f"""new MutationObserver(() => {{
  sessionStorage.heard = JSON.stringify([...{HEARD}, said.textContent]);
}}).observe(said, {{ childList: true }})"""


def drag(page, selector, kind="drop", name="leads.csv"):
    """What a dragged file does to a part of the page. True if the browser is kept from opening it."""
    return page.evaluate(DROP, [selector, name, "Email\r\nada@example.com\r\n", kind])


def choose(page, name="leads.csv", content=b"Email\r\nada@example.com\r\n"):
    page.get_by_label("File").set_input_files({"name": name, "mimeType": "text/csv", "buffer": content})


def start(page, name, file=SAMPLE):
    """Upload a list; ends on its columns. Return their address."""
    page.goto("/uploads/new/")
    page.get_by_label("File").set_input_files(file)
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name=GO_ON).click()
    page.get_by_role("heading", name=f"What the columns of “{name}” say").wait_for()
    return page.url


def make_large(megabytes=3):
    row = b"Ada,Abbott,1 Oak St,Herndon,VA,20170\r\n"
    return b"First Name,Last Name,Address,City,State,Zip\r\n" + row * (megabytes * 1024**2 // len(row))


def slow_down(page, bytes_a_second):
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    limits = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes_a_second}
    session.send("Network.emulateNetworkConditions", limits)


def test_a_file_is_dropped(page):
    page.goto("/uploads/new/")
    assert drag(page, ".drop", "dragover")
    assert "is-over" in page.locator(".drop").get_attribute("class")
    assert drag(page, ".drop")
    page.get_by_text("Chosen: leads.csv, 24 bytes").wait_for()
    assert "is-over" not in page.locator(".drop").get_attribute("class")
    assert page.get_by_label("Name").get_attribute("placeholder") == "leads"
    page.get_by_role("button", name=GO_ON).click()
    page.get_by_role("heading", name="What the columns of “leads” say").wait_for()


def test_a_file_that_is_dropped_beside_the_area_is_neither_opened_nor_taken(page):
    page.goto("/uploads/new/")
    for kind in ("dragover", "drop"):
        assert drag(page, "h1", kind)
    assert page.get_by_label("File").input_value() == ""


def test_what_cannot_be_a_list_is_said_before_anything_is_sent(page):
    sent = []
    page.on("request", lambda request: sent.append(request.method) if request.method == "POST" else None)
    page.goto("/uploads/new/")
    choose(page, "leads.xls")
    assert "save it as “Excel Workbook (.xlsx)”" in page.get_by_role("alert").text_content()
    page.get_by_role("button", name=GO_ON).click()
    assert page.get_by_label("File").evaluate("field => field === document.activeElement")
    choose(page, "leads.pdf")
    page.get_by_text("“leads.pdf” is no list that can be read here.").wait_for()
    assert page.get_by_label("File").get_attribute("aria-invalid") == "true"
    page.get_by_label("File").evaluate("field => (field.dataset.mostBytes = 2048)")
    choose(page, content=b"x" * 2100)
    page.get_by_text("“leads.csv” has 2.1 KB; 2 KB is the most. Split the list").wait_for()
    choose(page, content=b"")
    page.get_by_text("“leads.csv” is empty.").wait_for()
    assert sent == []
    choose(page)
    assert page.get_by_label("File").get_attribute("aria-invalid") == "false"
    page.get_by_role("button", name=GO_ON).click()
    page.get_by_role("heading", name="What the columns").wait_for()


def test_a_transfer_is_seen_and_can_be_cancelled(page):
    page.goto("/uploads/new/")
    choose(page, "large.csv", make_large())
    page.get_by_label("Source").fill("Fairfax")
    page.evaluate(LISTEN)
    slow_down(page, 200_000)
    page.get_by_role("button", name=GO_ON).click()
    page.get_by_text(re.compile(r"^[\d.]+ of 3 MB, [1-9]\d%$")).wait_for()
    assert 0 < page.get_by_role("progressbar").evaluate("bar => bar.value") < 100
    # That it begins, and perhaps how far it is after 5 s.
    assert len(page.evaluate(HEARD)) < 3
    page.get_by_role("button", name="Cancel the transfer").click()
    page.get_by_text("The transfer was cancelled, and nothing was stored.").wait_for()
    assert page.get_by_label("Source").input_value() == "Fairfax"

    slow_down(page, 2_000_000)
    page.get_by_role("button", name=GO_ON).click()
    page.get_by_role("heading", name="What the columns of “large” say").wait_for()
    assert page.evaluate(HEARD)[-1] == "Looking at the file…"


def test_a_refused_file_leaves_the_other_fields_as_they_are(page):
    page.goto("/uploads/new/")
    choose(page, content=b"%PDF-1.7 no list at all")
    page.get_by_label("Name").fill("Summer")
    page.get_by_label("Priority").select_option("Urgent")
    page.get_by_role("button", name=GO_ON).click()
    page.get_by_text("This is a PDF document, not a list.").wait_for()
    assert page.evaluate("document.activeElement.textContent").startswith("Something is not right yet.")
    assert page.get_by_label("Name").input_value() == "Summer"
    assert page.get_by_label("Priority").locator("option:checked").text_content() == "Urgent"
    drag(page, ".drop")
    assert page.get_by_text("This is a PDF document").count() == 0
    page.get_by_role("button", name=GO_ON).click()
    page.get_by_role("heading", name="What the columns of “Summer” say").wait_for()


def test_a_file_is_sent_after_a_login_in_another_tab(page_with_own_login, portal):
    page = page_with_own_login
    page.goto("/uploads/new/")
    choose(page)
    log_in_anew(page, portal.login())
    page.get_by_role("button", name=GO_ON).click()
    page.get_by_role("heading", name="What the columns of").wait_for()


def test_a_file_that_is_not_at_fault_stays_chosen(page):
    page.goto("/uploads/new/")
    choose(page)
    page.get_by_label("Name").evaluate("field => field.removeAttribute('maxlength')")
    page.get_by_label("Name").fill("x" * 300)
    page.get_by_role("button", name=GO_ON).click()
    page.get_by_text("at most 200 characters").wait_for()
    page.get_by_label("Name").fill("Short")
    page.get_by_role("button", name=GO_ON).click()
    page.get_by_role("heading", name="What the columns of “Short” say").wait_for()


def test_a_connection_that_breaks_off_is_said_and_the_file_is_still_chosen(chromium, portal):
    with browse(chromium, portal, expected="ERR_FAILED") as page:
        page.goto("/uploads/new/")
        choose(page)
        page.route("**/uploads/new/", lambda route: route.abort())
        page.get_by_role("button", name=GO_ON).click()
        page.get_by_text("Try again: the file is still chosen.").or_(page.get_by_text("no answer came")).wait_for()
        assert page.evaluate("document.activeElement.className").startswith("alert")
        page.unroute_all()
        page.get_by_role("button", name=GO_ON).click()
        page.get_by_role("heading", name="What the columns of “leads” say").wait_for()


def test_going_back_keeps_what_was_chosen(page):
    start(page, "Back and forth")
    page.get_by_label("Phone", exact=True).select_option("")
    page.get_by_label("Property state", exact=True).select_option("")
    page.get_by_role("button", name="Step 1: File").click()
    assert page.get_by_label("Name").input_value() == "Back and forth"
    page.get_by_label("Name").fill("Called otherwise")
    page.get_by_role("button", name=GO_ON).click()
    page.get_by_role("heading", name="“Called otherwise”").wait_for()
    assert page.get_by_label("Phone", exact=True).input_value() == ""
    assert page.get_by_label("Property state", exact=True).input_value() == ""


def test_leaving_by_any_way_out_keeps_what_was_chosen(page_with_own_login, portal):
    page = page_with_own_login
    columns = start(page, "Left alone")
    page.get_by_label("Phone", exact=True).select_option("")
    page.get_by_label("an email").check()
    page.get_by_label("Remember these columns as").fill("Ada Abbott's")
    assert "Abbott" not in page.evaluate("JSON.stringify(sessionStorage)")

    def go_by_link():
        page.get_by_role("link", name="Dashboard").click()

    def search():
        page.get_by_role("searchbox", name="Find people").fill("Oak")
        page.get_by_role("searchbox", name="Find people").press("Enter")
        page.get_by_role("heading", name="Find people").wait_for()

    def log_out():
        page.get_by_text("More", exact=True).click()
        page.get_by_role("button", name="Log out").click()
        page.get_by_role("button", name="Log in").wait_for()
        log_in(page, portal.login())

    for leave in (go_by_link, search, log_out):
        leave()
        page.goto(columns)
        page.get_by_text("Your choices were kept.").wait_for()
        assert page.get_by_label("Phone", exact=True).input_value() == ""
        assert page.get_by_label("an email").is_checked()
    page.get_by_role("button", name="Forget them").click()
    page.get_by_label("an email").and_(page.locator(":not(:checked)")).wait_for()
    assert page.get_by_label("Phone", exact=True).input_value() != ""
    assert page.get_by_text("Your choices were kept.").is_hidden()
    assert "columns-" not in page.evaluate("Object.keys(sessionStorage).join()")


def test_refused_columns_are_kept_and_the_error_is_at_hand(page):
    columns = start(page, "Refused")
    page.get_by_label("Property state", exact=True).select_option("")
    page.get_by_role("button", name="Check the rows").click()
    page.get_by_text("A property address needs its city and its state.").wait_for()
    assert "A property address needs" in page.evaluate("document.activeElement.textContent")
    page.get_by_role("link", name="Dashboard").click()
    page.goto(columns)
    page.get_by_text("Your choices were kept.").wait_for()
    assert page.get_by_label("Property state", exact=True).input_value() == ""


def test_enter_checks_the_rows_and_takes_no_step_back(page):
    start(page, "Enter")
    page.get_by_label("Days in which an earlier answer counts").press("Enter")
    page.get_by_text("What will happen").wait_for()


def test_a_file_is_replaced_from_the_review(page):
    start(page, "Replaced")
    page.get_by_role("button", name="Check the rows").click()
    page.get_by_text("What will happen").wait_for()
    page.get_by_role("link", name="Step 1: File").click()
    page.get_by_text("The file that is there: sample.csv").wait_for()
    choose(page, "list.csv", b"%PDF-1.7 no list at all")
    page.get_by_role("button", name=GO_ON).click()
    page.get_by_text("Until then the list keeps the file that is there.").wait_for()
    choose(page, "other.csv")
    page.get_by_role("button", name=GO_ON).click()
    page.get_by_text("The list has another file now, other.csv. Its columns are others").wait_for()
    page.get_by_role("button", name="Check the rows").click()
    page.get_by_text("1 rows of other.csv").wait_for()


def test_the_way_is_the_same_without_scripts(chromium, portal):
    with browse(chromium, portal, java_script_enabled=False) as page:
        start(page, "Without scripts")
        page.get_by_label("Phone", exact=True).select_option("")
        page.get_by_role("button", name="Back to the file").click()
        page.get_by_label("Source").fill("Fairfax")
        page.get_by_role("button", name=GO_ON).click()
        assert page.get_by_label("Phone", exact=True).input_value() == ""
        page.get_by_role("button", name="Check the rows").click()
        page.get_by_text("What will happen").wait_for()
        page.get_by_role("link", name="Step 2: Columns").click()
        page.get_by_label("an email").check()
        page.get_by_role("button", name="Step 3: Review").click()
        page.get_by_text("What will happen").wait_for()
        page.get_by_role("link", name="Change the columns").click()
        page.get_by_text("Your choices were kept.").wait_for()
        assert page.get_by_label("an email").is_checked()
        page.get_by_role("button", name="Step 1: File").click()
        choose(page, content=b"%PDF-1.7 no list at all")
        page.get_by_role("button", name=GO_ON).click()
        page.get_by_text("This is a PDF document, not a list.").wait_for()


def test_no_step_scrolls_sideways_on_a_phone(chromium, portal):
    with browse(chromium, portal, viewport=NARROW) as page:

        def assert_it_fits():
            assert page.locator("[aria-current=step]").is_visible()
            assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]

        page.goto("/uploads/new/")
        choose(page, f"{'long' * 30}.csv")
        assert_it_fits()
        choose(page, f"{'long' * 30}.pdf")
        assert_it_fits()
        start(page, "On a phone")
        assert_it_fits()
        page.get_by_role("button", name="Step 1: File").click()
        page.get_by_text("The file that is there:").wait_for()
        assert_it_fits()
        page.get_by_role("button", name=GO_ON).click()
        page.get_by_role("button", name="Check the rows").click()
        page.get_by_role("button", name="Start").wait_for()
        assert_it_fits()
        page.get_by_role("button", name="Start").click()
        page.get_by_text("Started. This page follows it").wait_for()
        assert_it_fits()
