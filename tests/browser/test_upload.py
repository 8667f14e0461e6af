"""Lists are uploaded and mapped in a real browser, even when users go back, leave, or make mistakes."""

import re

from playwright.sync_api import expect

from tests.support.browsing import browse, log_in, log_in_again
from tests.support.portal import ROOT

SAMPLE = ROOT / "static" / "sample.csv"
CONTINUE_BUTTON = "Check the columns"
FILES_LABEL = re.compile(r"^Choose (another )?CSV or Excel files?$")
CHECK_BUTTON = re.compile(r"^Check (about )?[\d,]+ rows?$")
PHONE_SELECT = "Phone goes to"
STATE_SELECT = "Property State goes to"
CITY_SELECT = "Property City goes to"
NARROW = {"width": 360, "height": 740}

DISPATCH_DRAG_EVENT = """([selector, name, text, kind]) => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([text], name));
  const event = new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true });
  document.querySelector(selector).dispatchEvent(event);
  return event.defaultPrevented;
}"""

ANNOUNCEMENTS = "JSON.parse(sessionStorage.announcements || '[]')"
"""A script that returns everything announced to screen readers, including on the previous page."""
RECORD_ANNOUNCEMENTS = f"""window.recordedSince = Date.now();
new MutationObserver(() => {{
  sessionStorage.announcements = JSON.stringify([...{ANNOUNCEMENTS}, announcement.textContent]);
}}).observe(announcement, {{ childList: true }})"""


def drag(page, selector, kind="drop", name="leads.csv"):
    """Drag a file over a part of the page, or drop it there. Return whether the page handles it itself."""
    return page.evaluate(DISPATCH_DRAG_EVENT, [selector, name, "Email\r\nada@example.com\r\n", kind])


def choose_file(page, name="leads.csv", content=b"Email\r\nada@example.com\r\n"):
    page.get_by_label(FILES_LABEL).set_input_files({"name": name, "mimeType": "text/csv", "buffer": content})


def wait_for_columns(page, name):
    """Wait until the page of the columns of a list is shown, and its scripts notice what is chosen."""
    page.get_by_role("heading", name="Check the columns").wait_for()
    page.locator(".lede").get_by_text(name, exact=True).wait_for()
    page.wait_for_load_state()


def upload(page, name, file=SAMPLE):
    """Upload a list and continue to its columns. Return the address of that page."""
    page.goto("/uploads/new/")
    page.get_by_label(FILES_LABEL).set_input_files(file)
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name=CONTINUE_BUTTON).click()
    wait_for_columns(page, name)
    return page.url


def make_large_file(megabytes=3):
    row = b"Ada,Abbott,1 Oak St,Herndon,VA,20170\r\n"
    return b"First Name,Last Name,Address,City,State,Zip\r\n" + row * (megabytes * 1024**2 // len(row))


def limit_upload_speed(page, bytes_per_second):
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    limits = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes_per_second}
    session.send("Network.emulateNetworkConditions", limits)


def test_a_file_is_uploaded_by_drag_and_drop(page):
    page.goto("/uploads/new/")
    assert drag(page, ".drop", "dragover")
    assert "over" in page.locator(".drop").get_attribute("class")
    assert drag(page, ".drop")
    page.locator(".file").get_by_text("leads.csv").wait_for()
    page.locator(".file").get_by_text("24 bytes").wait_for()
    assert "over" not in page.locator(".drop").get_attribute("class")
    assert page.get_by_label("Name").get_attribute("placeholder") == "leads"
    page.get_by_role("button", name=CONTINUE_BUTTON).click()
    wait_for_columns(page, "leads")


def test_a_file_dropped_outside_the_area_is_ignored(page):
    page.goto("/uploads/new/")
    for kind in ("dragover", "drop"):
        assert drag(page, "h1", kind)
    assert page.get_by_label(FILES_LABEL).input_value() == ""


def test_unreadable_files_are_refused_before_upload(page):
    posts = []

    def record_post(request):
        if request.method == "POST":
            posts.append(request.url)

    page.on("request", record_post)
    page.goto("/uploads/new/")
    choose_file(page, "leads.docx")
    assert "“leads.docx” can't be read as a list." in page.get_by_role("alert").text_content()
    page.get_by_role("button", name=CONTINUE_BUTTON).click()
    assert page.get_by_label(FILES_LABEL).evaluate("field => field === document.activeElement")
    choose_file(page, "leads.pdf")
    page.get_by_text("“leads.pdf” can't be read as a list.").wait_for()
    assert page.get_by_label(FILES_LABEL).get_attribute("aria-invalid") == "true"
    page.get_by_label(FILES_LABEL).evaluate("field => (field.dataset.maxBytes = 2048)")
    choose_file(page, content=b"x" * 2100)
    page.get_by_text("“leads.csv” is 2.1 KB, above the limit of 2 KB. Split the list").wait_for()
    choose_file(page, content=b"")
    page.get_by_text("“leads.csv” is empty.").wait_for()
    assert posts == []
    choose_file(page)
    assert page.get_by_label(FILES_LABEL).get_attribute("aria-invalid") == "false"
    page.get_by_role("button", name=CONTINUE_BUTTON).click()
    page.get_by_role("heading", name="Check the columns").wait_for()


def test_an_upload_shows_its_progress_and_can_be_cancelled(page):
    page.goto("/uploads/new/")
    choose_file(page, "large.csv", make_large_file())
    page.get_by_label("Source").fill("Fairfax")
    page.evaluate(RECORD_ANNOUNCEMENTS)
    limit_upload_speed(page, 200_000)
    page.get_by_role("button", name=CONTINUE_BUTTON).click()
    page.locator(".file").get_by_text(re.compile(r"^[1-9][\d.]* of 3 MB · about \d+ seconds? left$")).wait_for()
    assert 0 < int(page.get_by_role("progressbar").get_attribute("aria-valuenow")) < 100
    # The start has been announced, and the progress at most every 5 s.
    count, milliseconds = page.evaluate(f"[{ANNOUNCEMENTS}.length, Date.now() - window.recordedSince]")
    assert 1 <= count <= 1 + milliseconds / 5000
    page.get_by_role("button", name="Cancel upload").click()
    page.get_by_text("Upload cancelled. Nothing was saved").wait_for()
    assert page.get_by_label("Source").input_value() == "Fairfax"

    limit_upload_speed(page, 2_000_000)
    page.get_by_role("button", name=CONTINUE_BUTTON).click()
    wait_for_columns(page, "large")
    assert page.evaluate(ANNOUNCEMENTS)[-1] == "Checking the file…"


def test_a_refused_file_keeps_the_other_fields(page):
    page.goto("/uploads/new/")
    choose_file(page, content=b"%PDF-1.7 no list at all")
    page.get_by_label("Name").fill("Summer")
    page.get_by_label("Urgent").check()
    page.get_by_role("button", name=CONTINUE_BUTTON).click()
    page.get_by_text("This is a PDF document, not a list.").wait_for()
    assert "This is a PDF document" in page.evaluate("document.activeElement.textContent")
    assert page.get_by_label("Name").input_value() == "Summer"
    assert page.get_by_label("Urgent").is_checked()
    drag(page, ".drop")
    assert page.get_by_text("This is a PDF document").count() == 0
    page.get_by_role("button", name=CONTINUE_BUTTON).click()
    wait_for_columns(page, "Summer")


def test_a_file_is_uploaded_after_a_login_in_another_tab(page_with_own_login, portal):
    page = page_with_own_login
    page.goto("/uploads/new/")
    choose_file(page)
    log_in_again(page, portal.read_login())
    page.get_by_role("button", name=CONTINUE_BUTTON).click()
    page.get_by_role("heading", name="Check the columns").wait_for()


def test_whoever_was_away_too_long_is_told_to_log_in_and_not_to_try_again(chromium, portal):
    with browse(chromium, portal, allowed_errors="403", login=portal.read_login()) as page:
        page.goto("/uploads/new/")
        choose_file(page)
        page.context.clear_cookies()
        page.get_by_role("button", name=CONTINUE_BUTTON).click()
        page.get_by_text("You were away too long. Reload this page, log in, and choose the file again.").wait_for()
        assert page.get_by_text("Try again in a moment").count() == 0


def test_the_file_stays_selected_if_another_field_is_invalid(page):
    page.goto("/uploads/new/")
    choose_file(page)
    page.get_by_label("Name").evaluate("field => field.removeAttribute('maxlength')")
    page.get_by_label("Name").fill("x" * 300)
    page.get_by_role("button", name=CONTINUE_BUTTON).click()
    page.get_by_text("at most 200 characters").wait_for()
    page.get_by_label("Name").fill("Short")
    page.get_by_role("button", name=CONTINUE_BUTTON).click()
    wait_for_columns(page, "Short")


def test_a_lost_connection_is_reported_and_the_file_stays_selected(chromium, portal):
    with browse(chromium, portal, allowed_errors="ERR_FAILED") as page:
        page.goto("/uploads/new/")
        choose_file(page)
        page.route("**/uploads/new/", lambda route: route.abort())
        page.get_by_role("button", name=CONTINUE_BUTTON).click()
        page.get_by_text("the file is still selected. Try again.").or_(
            page.get_by_text("the server did not answer")
        ).wait_for()
        expect(page.locator(".note.outcome")).to_be_focused()
        page.unroute_all()
        page.get_by_role("button", name=CONTINUE_BUTTON).click()
        wait_for_columns(page, "leads")


def test_going_back_to_the_file_keeps_the_choices_of_columns(page):
    upload(page, "Back and forth")
    page.get_by_label(PHONE_SELECT).select_option("")
    page.get_by_label(STATE_SELECT).select_option("")
    page.get_by_role("button", name="Step 1: File").click()
    assert page.get_by_label("Name").input_value() == "Back and forth"
    page.get_by_label("Name").fill("New name")
    page.get_by_role("button", name=CONTINUE_BUTTON).click()
    wait_for_columns(page, "New name")
    assert page.get_by_label(PHONE_SELECT).input_value() == ""
    assert page.get_by_label(STATE_SELECT).input_value() == ""


def test_leaving_the_page_in_any_way_keeps_the_choices(page_with_own_login, portal):
    page = page_with_own_login
    columns = upload(page, "Left alone")
    page.get_by_label(PHONE_SELECT).select_option("")
    page.get_by_label("An email").check()
    page.get_by_text("Remember these columns").click()
    page.get_by_label("Name", exact=True).fill("Ada Abbott's")
    assert "Abbott" not in page.evaluate("JSON.stringify(sessionStorage)")

    def follow_link():
        page.get_by_role("link", name="Dashboard").click()

    def search():
        page.locator("#search").click()
        page.locator("#palette input").fill("nothing like this")
        page.locator("#palette input").press("Enter")
        page.get_by_role("heading", name="Search", exact=True).wait_for()

    def log_out():
        page.locator("#own-menu > summary").click()
        page.get_by_role("button", name="Log out").click()
        page.get_by_role("button", name="Log in").wait_for()
        log_in(page, portal.read_login())

    for leave in (follow_link, search, log_out):
        leave()
        page.goto(columns)
        page.get_by_text("Your choices are saved but not applied.").wait_for()
        assert page.get_by_label(PHONE_SELECT).input_value() == ""
        assert page.get_by_label("An email").is_checked()
    page.get_by_role("button", name="Discard").click()
    # Wait until the choice is undone.
    page.get_by_label("An email").and_(page.locator(":not(:checked)")).wait_for()
    assert page.get_by_label(PHONE_SELECT).input_value() != ""
    assert page.get_by_text("Your choices are saved but not applied.").is_hidden()
    assert "columns-" not in page.evaluate("Object.keys(sessionStorage).join()")


def test_refused_choices_are_kept_and_the_error_is_focused(page):
    columns = upload(page, "Refused")
    page.get_by_label(CITY_SELECT).select_option("")
    page.get_by_role("button", name=CHECK_BUTTON).click()
    alert = page.get_by_role("alert").filter(has_text="A property address needs a city and a state.")
    expect(alert).to_be_focused()
    # A script keeps the choices.
    page.wait_for_load_state()
    page.get_by_role("link", name="Dashboard").click()
    page.goto(columns)
    page.get_by_text("Your choices are saved but not applied.").wait_for()
    assert page.get_by_label(CITY_SELECT).input_value() == ""


def test_the_preview_follows_the_choices(page):
    upload(page, "Previewed")
    preview = page.get_by_role("complementary", name="How we read row 2")
    preview.get_by_text("Tampa, FL 33602").wait_for()
    page.get_by_label(STATE_SELECT).select_option("")
    preview.get_by_text("State from the ZIP").wait_for()
    page.get_by_label(CITY_SELECT).select_option("unit")
    preview.get_by_text("A property address needs a city and a state.").wait_for()
    page.get_by_label(PHONE_SELECT).select_option("Property address")
    page.get_by_text("Joined with Property Address.").wait_for()


def test_a_question_about_a_missing_column_appears_and_its_answer_survives_updates(page):
    upload(page, "Asked")
    assert page.get_by_text("to look at").count() == 0
    page.get_by_label(CITY_SELECT).select_option("")
    page.get_by_text("We found no column for the city.").wait_for()
    page.get_by_text("1 thing to look at").wait_for()
    page.get_by_text("1 thing needs a look.").wait_for()
    page.get_by_text("Property City", exact=False).and_(page.locator("#kept-names *")).wait_for()
    city = page.get_by_label("Property city, the same for every row").and_(page.locator(":visible"))
    page.get_by_label(PHONE_SELECT).focus()
    with page.expect_response("**/columns/preview/"):
        page.get_by_label(PHONE_SELECT).select_option("")
        city.press_sequentially("Tam")
    city.press_sequentially("pa")
    assert city.input_value() == "Tampa"
    with page.expect_response("**/columns/preview/"):
        city.press("Tab")
    page.wait_for_function("!document.querySelector('#questions-left').textContent.trim()")
    assert city.input_value() == "Tampa"
    page.get_by_role("complementary", name="How we read row 2").get_by_text("Tampa, FL 33602").wait_for()


def test_preview_rows_are_browsed_with_the_keyboard(page):
    upload(page, "Browsed")
    page.get_by_role("button", name="Next row").focus()
    for number in (3, 4):
        page.keyboard.press("Enter")
        page.get_by_role("heading", name=f"How we read row {number}").wait_for()
        assert page.evaluate("document.activeElement.id") == "next-row"
    # Move the focus as a user would: while it is on the button, htmx posts changes to the address of the button.
    page.get_by_label(PHONE_SELECT).focus()
    page.get_by_label(PHONE_SELECT).select_option("")
    page.get_by_role("button", name="Previous row").press("Enter")
    page.get_by_role("heading", name="How we read row 3").wait_for()


def test_restored_choices_update_the_preview(page):
    columns = upload(page, "Restored")
    page.get_by_label(STATE_SELECT).select_option("")
    page.get_by_text("State from the ZIP").wait_for()
    page.get_by_role("link", name="Dashboard").click()
    page.goto(columns)
    page.get_by_text("State from the ZIP").wait_for()


def test_a_column_can_be_used_for_two_fields(page):
    upload(page, "Used twice")
    page.locator("summary", has_text="Use for a second field: Property City").click()
    page.get_by_label("Property City also goes to").select_option("Mailing city")
    page.get_by_label("Mailing City goes to").select_option("")
    page.get_by_role("button", name=CHECK_BUTTON).click()
    page.get_by_role("heading", name="Review and start").wait_for()
    page.get_by_role("link", name="Step 2: Columns").click()
    assert page.get_by_label("Property City also goes to").input_value() == "mail_city"


def test_the_preview_works_after_a_login_in_another_tab(page_with_own_login, portal):
    page = page_with_own_login
    upload(page, "Another login")
    log_in_again(page, portal.read_login())
    page.get_by_label(STATE_SELECT).select_option("")
    page.get_by_text("State from the ZIP").wait_for()


def test_sixty_columns_fit_on_a_phone(chromium, portal):
    # Names of three lengths: a number alone, or after one or two repetitions of a phrase.
    long_names = [f"{'Long name of a column ' * (number % 3)}{number}" for number in range(59)]
    header = ",".join(["Email", *long_names])
    content = f"{header}\r\n{'a@example.com,' * 60}".encode()
    with browse(chromium, portal, viewport=NARROW) as page:
        page.goto("/uploads/new/")
        choose_file(page, "wide.csv", content)
        page.get_by_role("button", name=CONTINUE_BUTTON).click()
        wait_for_columns(page, "wide")
        page.get_by_text("are kept and not sent").click()
        with page.expect_response("**/columns/preview/"):
            page.get_by_label("58 goes to").select_option("Middle name")
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


def test_the_enter_key_checks_the_rows_and_does_not_go_back(page):
    upload(page, "Enter")
    page.get_by_label("Reuse results from the last").press("Enter")
    page.get_by_role("heading", name="Review and start").wait_for()


def test_a_file_can_be_replaced_during_the_review(page):
    upload(page, "Replaced")
    page.get_by_role("button", name=CHECK_BUTTON).click()
    page.get_by_role("heading", name="Review and start").wait_for()
    page.get_by_role("link", name="Step 1: File").click()
    page.get_by_text("A new file replaces sample.csv").wait_for()
    choose_file(page, "list.csv", b"%PDF-1.7 no list at all")
    page.get_by_role("button", name=CONTINUE_BUTTON).click()
    page.get_by_text("The list keeps its current file.").wait_for()
    choose_file(page, "other.csv")
    page.get_by_role("button", name=CONTINUE_BUTTON).click()
    page.get_by_text("Replaced the file with other.csv. Its columns are different.").wait_for()
    page.get_by_role("button", name=CHECK_BUTTON).click()
    rows = page.locator(".sum div", has_text="Rows in your file")
    rows.get_by_text("1", exact=True).wait_for()


def test_all_steps_work_without_javascript(chromium, portal):
    with browse(chromium, portal, java_script_enabled=False) as page:
        upload(page, "Without scripts")
        page.get_by_label(PHONE_SELECT).select_option("")
        page.get_by_role("button", name="Back").click()
        page.get_by_label("Source").fill("Fairfax")
        page.get_by_role("button", name=CONTINUE_BUTTON).click()
        assert page.get_by_label(PHONE_SELECT).input_value() == ""
        page.get_by_label(STATE_SELECT).select_option("")
        page.get_by_role("button", name="Update preview").click()
        page.get_by_text("State from the ZIP").wait_for()
        page.get_by_role("button", name="Next row").click()
        page.get_by_role("heading", name="How we read row 3").wait_for()
        page.get_by_role("button", name=CHECK_BUTTON).click()
        page.get_by_role("heading", name="Review and start").wait_for()
        page.get_by_role("link", name="Step 2: Columns").click()
        page.get_by_label("An email").check()
        page.get_by_role("button", name="Step 3: Review").click()
        page.get_by_role("heading", name="Review and start").wait_for()
        page.get_by_role("link", name="Step 2: Columns").click()
        page.get_by_text("Your choices are saved but not applied.").wait_for()
        assert page.get_by_label("An email").is_checked()
        page.get_by_role("button", name="Step 1: File").click()
        choose_file(page, content=b"%PDF-1.7 no list at all")
        page.get_by_role("button", name=CONTINUE_BUTTON).click()
        page.get_by_text("This is a PDF document, not a list.").wait_for()


def test_no_step_scrolls_horizontally_on_a_phone(chromium, portal):
    with browse(chromium, portal, viewport=NARROW) as page:

        def assert_page_fits():
            page.locator("[aria-current=step]").wait_for()
            assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]

        page.goto("/uploads/new/")
        choose_file(page, f"{'long' * 30}.csv")
        assert_page_fits()
        choose_file(page, f"{'long' * 30}.pdf")
        assert_page_fits()
        upload(page, "On a phone")
        assert_page_fits()
        page.get_by_role("button", name="Step 1: File").click()
        page.get_by_text("A new file replaces").wait_for()
        assert_page_fits()
        page.get_by_role("button", name=CONTINUE_BUTTON).click()
        page.get_by_role("button", name=CHECK_BUTTON).click()
        page.get_by_role("button", name="at most").wait_for()
        assert_page_fits()
        page.get_by_role("button", name="at most").click()
        page.get_by_text("Started. This page updates").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
