"""A list's way from file to start in a real browser: forward, back, refused, disconnected."""

import re

from tests.support.browsing import browse, log_in, log_in_again
from tests.support.portal import ROOT

SAMPLE = ROOT / "static" / "sample.csv"
CONTINUE = "Continue to columns"
CHECK = re.compile(r"^Check (about )?[\d,]+ rows?$")
PHONE_SELECT, STATE_SELECT, CITY_SELECT = (f"{name} goes to" for name in ("Phone", "Property State", "Property City"))
NARROW = {"width": 360, "height": 740}

DROP = """([selector, name, text, kind]) => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([text], name));
  const event = new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true });
  document.querySelector(selector).dispatchEvent(event);
  return event.defaultPrevented;
}"""

# Everything announced to screen readers, including on the previous page.
ANNOUNCEMENTS = "JSON.parse(sessionStorage.announcements || '[]')"
RECORD_ANNOUNCEMENTS = f"""new MutationObserver(() => {{
  sessionStorage.announcements = JSON.stringify([...{ANNOUNCEMENTS}, announcement.textContent]);
}}).observe(announcement, {{ childList: true }})"""


def drag(page, selector, kind="drop", name="leads.csv"):
    """Drag or drop a file over a part of the page. Return whether the browser is kept from opening it."""
    return page.evaluate(DROP, [selector, name, "Email\r\nada@example.com\r\n", kind])


def choose(page, name="leads.csv", content=b"Email\r\nada@example.com\r\n"):
    page.get_by_label("File").set_input_files({"name": name, "mimeType": "text/csv", "buffer": content})


def start(page, name, file=SAMPLE):
    """Upload a list up to the columns step, and return that page's address."""
    page.goto("/uploads/new/")
    page.get_by_label("File").set_input_files(file)
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name=CONTINUE).click()
    page.get_by_role("heading", name=f"Check the columns of “{name}”").wait_for()
    return page.url


def make_large_file(megabytes=3):
    row = b"Ada,Abbott,1 Oak St,Herndon,VA,20170\r\n"
    return b"First Name,Last Name,Address,City,State,Zip\r\n" + row * (megabytes * 1024**2 // len(row))


def slow_down(page, bytes_per_second):
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    limits = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes_per_second}
    session.send("Network.emulateNetworkConditions", limits)


def test_a_file_is_uploaded_by_drag_and_drop(page):
    page.goto("/uploads/new/")
    assert drag(page, ".drop", "dragover")
    assert "is-over" in page.locator(".drop").get_attribute("class")
    assert drag(page, ".drop")
    page.get_by_text("Selected: leads.csv, 24 bytes").wait_for()
    assert "is-over" not in page.locator(".drop").get_attribute("class")
    assert page.get_by_label("Name").get_attribute("placeholder") == "leads"
    page.get_by_role("button", name=CONTINUE).click()
    page.get_by_role("heading", name="Check the columns of “leads”").wait_for()


def test_a_file_dropped_outside_the_area_is_ignored(page):
    page.goto("/uploads/new/")
    for kind in ("dragover", "drop"):
        assert drag(page, "h1", kind)
    assert page.get_by_label("File").input_value() == ""


def test_unreadable_files_are_refused_before_upload(page):
    posts = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    page.goto("/uploads/new/")
    choose(page, "leads.docx")
    assert "“leads.docx” can't be read as a list." in page.get_by_role("alert").text_content()
    page.get_by_role("button", name=CONTINUE).click()
    assert page.get_by_label("File").evaluate("field => field === document.activeElement")
    choose(page, "leads.pdf")
    page.get_by_text("“leads.pdf” can't be read as a list.").wait_for()
    assert page.get_by_label("File").get_attribute("aria-invalid") == "true"
    page.get_by_label("File").evaluate("field => (field.dataset.mostBytes = 2048)")
    choose(page, content=b"x" * 2100)
    page.get_by_text("“leads.csv” is 2.1 KB, above the limit of 2 KB. Split the list").wait_for()
    choose(page, content=b"")
    page.get_by_text("“leads.csv” is empty.").wait_for()
    assert posts == []
    choose(page)
    assert page.get_by_label("File").get_attribute("aria-invalid") == "false"
    page.get_by_role("button", name=CONTINUE).click()
    page.get_by_role("heading", name="Check the columns").wait_for()


def test_an_upload_shows_its_progress_and_can_be_cancelled(page):
    page.goto("/uploads/new/")
    choose(page, "large.csv", make_large_file())
    page.get_by_label("Source").fill("Fairfax")
    page.evaluate(RECORD_ANNOUNCEMENTS)
    slow_down(page, 200_000)
    page.get_by_role("button", name=CONTINUE).click()
    page.get_by_text(re.compile(r"^[\d.]+ of 3 MB, [1-9]\d%$")).wait_for()
    assert 0 < page.get_by_role("progressbar").evaluate("bar => bar.value") < 100
    # The start, and perhaps the progress after 5 s.
    assert len(page.evaluate(ANNOUNCEMENTS)) < 3
    page.get_by_role("button", name="Cancel upload").click()
    page.get_by_text("Upload cancelled. Nothing was saved").wait_for()
    assert page.get_by_label("Source").input_value() == "Fairfax"

    slow_down(page, 2_000_000)
    page.get_by_role("button", name=CONTINUE).click()
    page.get_by_role("heading", name="Check the columns of “large”").wait_for()
    assert page.evaluate(ANNOUNCEMENTS)[-1] == "Checking the file…"


def test_a_refused_file_keeps_the_other_fields(page):
    page.goto("/uploads/new/")
    choose(page, content=b"%PDF-1.7 no list at all")
    page.get_by_label("Name").fill("Summer")
    page.get_by_label("Priority").select_option("Urgent")
    page.get_by_role("button", name=CONTINUE).click()
    page.get_by_text("This is a PDF document, not a list.").wait_for()
    assert page.evaluate("document.activeElement.textContent.trim()").startswith("Please correct these fields:")
    assert page.get_by_label("Name").input_value() == "Summer"
    assert page.get_by_label("Priority").locator("option:checked").text_content() == "Urgent"
    drag(page, ".drop")
    assert page.get_by_text("This is a PDF document").count() == 0
    page.get_by_role("button", name=CONTINUE).click()
    page.get_by_role("heading", name="Check the columns of “Summer”").wait_for()


def test_a_file_is_uploaded_after_a_login_in_another_tab(page_with_own_login, portal):
    page = page_with_own_login
    page.goto("/uploads/new/")
    choose(page)
    log_in_again(page, portal.login())
    page.get_by_role("button", name=CONTINUE).click()
    page.get_by_role("heading", name="Check the columns of").wait_for()


def test_the_file_stays_selected_if_another_field_is_refused(page):
    page.goto("/uploads/new/")
    choose(page)
    page.get_by_label("Name").evaluate("field => field.removeAttribute('maxlength')")
    page.get_by_label("Name").fill("x" * 300)
    page.get_by_role("button", name=CONTINUE).click()
    page.get_by_text("at most 200 characters").wait_for()
    page.get_by_label("Name").fill("Short")
    page.get_by_role("button", name=CONTINUE).click()
    page.get_by_role("heading", name="Check the columns of “Short”").wait_for()


def test_a_lost_connection_is_reported_and_the_file_stays_selected(chromium, portal):
    with browse(chromium, portal, expected="ERR_FAILED") as page:
        page.goto("/uploads/new/")
        choose(page)
        page.route("**/uploads/new/", lambda route: route.abort())
        page.get_by_role("button", name=CONTINUE).click()
        page.get_by_text("the file is still selected. Try again.").or_(
            page.get_by_text("the server did not answer")
        ).wait_for()
        assert page.evaluate("document.activeElement.className").startswith("alert")
        page.unroute_all()
        page.get_by_role("button", name=CONTINUE).click()
        page.get_by_role("heading", name="Check the columns of “leads”").wait_for()


def test_going_back_keeps_the_choices(page):
    start(page, "Back and forth")
    page.get_by_label(PHONE_SELECT).select_option("")
    page.get_by_label(STATE_SELECT).select_option("")
    page.get_by_role("button", name="Step 1: File").click()
    assert page.get_by_label("Name").input_value() == "Back and forth"
    page.get_by_label("Name").fill("New name")
    page.get_by_role("button", name=CONTINUE).click()
    page.get_by_role("heading", name="“New name”").wait_for()
    assert page.get_by_label(PHONE_SELECT).input_value() == ""
    assert page.get_by_label(STATE_SELECT).input_value() == ""


def test_leaving_the_page_in_any_way_keeps_the_choices(page_with_own_login, portal):
    page = page_with_own_login
    columns = start(page, "Left alone")
    page.get_by_label(PHONE_SELECT).select_option("")
    page.get_by_label("an email").check()
    page.get_by_text("Save this mapping").click()
    page.get_by_label("Save these columns as a template").fill("Ada Abbott's")
    assert "Abbott" not in page.evaluate("JSON.stringify(sessionStorage)")

    def follow_link():
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

    for leave in (follow_link, search, log_out):
        leave()
        page.goto(columns)
        page.get_by_text("Your choices are saved but not applied.").wait_for()
        assert page.get_by_label(PHONE_SELECT).input_value() == ""
        assert page.get_by_label("an email").is_checked()
    page.get_by_role("button", name="Discard").click()
    page.get_by_label("an email").and_(page.locator(":not(:checked)")).wait_for()
    assert page.get_by_label(PHONE_SELECT).input_value() != ""
    assert page.get_by_text("Your choices are saved but not applied.").is_hidden()
    assert "columns-" not in page.evaluate("Object.keys(sessionStorage).join()")


def test_refused_columns_are_kept_and_the_error_is_focused(page):
    columns = start(page, "Refused")
    page.get_by_label(CITY_SELECT).select_option("")
    page.get_by_role("button", name=CHECK).click()
    page.get_by_role("alert").get_by_text("A property address needs a city and a state.").wait_for()
    assert "A property address needs" in page.evaluate("document.activeElement.textContent")
    page.get_by_role("link", name="Dashboard").click()
    page.goto(columns)
    page.get_by_text("Your choices are saved but not applied.").wait_for()
    assert page.get_by_label(CITY_SELECT).input_value() == ""


def test_the_preview_follows_the_choices(page):
    start(page, "Previewed")
    preview = page.get_by_role("complementary", name="How we read row 2")
    preview.get_by_text("Tampa, FL 33602").wait_for()
    page.get_by_label(STATE_SELECT).select_option("")
    preview.get_by_text("State from the ZIP").wait_for()
    page.get_by_label(CITY_SELECT).select_option("unit")
    preview.get_by_text("A property address needs a city and a state.").wait_for()
    page.get_by_label(PHONE_SELECT).select_option("Property address")
    page.get_by_text("Joined with Property Address.").wait_for()


def test_the_page_asks_for_what_a_choice_leaves_open_and_keeps_what_is_typed(page):
    start(page, "Asked")
    assert page.get_by_text("question left").count() == 0
    page.get_by_label(CITY_SELECT).select_option("")
    page.get_by_text("We found no column for the city.").wait_for()
    page.get_by_text("1 question left").wait_for()
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
    start(page, "Browsed")
    page.get_by_role("button", name="Next row").focus()
    for number in (3, 4):
        page.keyboard.press("Enter")
        page.get_by_role("heading", name=f"How we read row {number}").wait_for()
        assert page.evaluate("document.activeElement.id") == "next-row"
    # The focus must leave the button, as it does for a user: otherwise htmx posts to the address of the button.
    page.get_by_label(PHONE_SELECT).focus()
    page.get_by_label(PHONE_SELECT).select_option("")
    page.get_by_role("button", name="Previous row").press("Enter")
    page.get_by_role("heading", name="How we read row 3").wait_for()


def test_restored_choices_update_the_preview(page):
    columns = start(page, "Restored")
    page.get_by_label(STATE_SELECT).select_option("")
    page.get_by_text("State from the ZIP").wait_for()
    page.get_by_role("link", name="Dashboard").click()
    page.goto(columns)
    page.get_by_text("State from the ZIP").wait_for()


def test_a_column_is_used_for_two_fields(page):
    start(page, "Used twice")
    page.get_by_text("Use for a second field: Property City").click()
    page.get_by_label("Property City also goes to").select_option("Mailing city")
    page.get_by_label("Mailing City goes to").select_option("")
    page.get_by_role("button", name=CHECK).click()
    page.get_by_text("What will happen").wait_for()
    page.get_by_role("link", name="Step 2: Columns").click()
    assert page.get_by_label("Property City also goes to").input_value() == "mail_city"


def test_the_preview_works_after_a_login_in_another_tab(page_with_own_login, portal):
    page = page_with_own_login
    start(page, "Another login")
    log_in_again(page, portal.login())
    page.get_by_label(STATE_SELECT).select_option("")
    page.get_by_text("State from the ZIP").wait_for()


def test_sixty_columns_fit_on_a_phone(chromium, portal):
    names = ["Email", *(f"{'Long name of a column ' * (number % 3)}{number}" for number in range(59))]
    content = f"{','.join(names)}\r\n{'a@example.com,' * 60}".encode()
    with browse(chromium, portal, viewport=NARROW) as page:
        page.goto("/uploads/new/")
        choose(page, "wide.csv", content)
        page.get_by_role("button", name=CONTINUE).click()
        page.get_by_text("are kept and not sent").click()
        with page.expect_response("**/columns/preview/"):
            page.get_by_label("58 goes to").select_option("Middle name")
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


def test_enter_checks_the_rows_and_does_not_go_back(page):
    start(page, "Enter")
    page.get_by_label("Reuse results from the last").press("Enter")
    page.get_by_text("What will happen").wait_for()


def test_a_file_is_replaced_from_the_review(page):
    start(page, "Replaced")
    page.get_by_role("button", name=CHECK).click()
    page.get_by_text("What will happen").wait_for()
    page.get_by_role("link", name="Step 1: File").click()
    page.get_by_text("Current file: sample.csv").wait_for()
    choose(page, "list.csv", b"%PDF-1.7 no list at all")
    page.get_by_role("button", name=CONTINUE).click()
    page.get_by_text("The list keeps its current file.").wait_for()
    choose(page, "other.csv")
    page.get_by_role("button", name=CONTINUE).click()
    page.get_by_text("Replaced the file with other.csv. Its columns are different.").wait_for()
    page.get_by_role("button", name=CHECK).click()
    rows = page.locator(".sum div", has_text="Rows in your file")
    rows.get_by_text("1", exact=True).wait_for()


def test_all_steps_work_without_javascript(chromium, portal):
    with browse(chromium, portal, java_script_enabled=False) as page:
        start(page, "Without scripts")
        page.get_by_label(PHONE_SELECT).select_option("")
        page.get_by_role("button", name="Back to the file").click()
        page.get_by_label("Source").fill("Fairfax")
        page.get_by_role("button", name=CONTINUE).click()
        assert page.get_by_label(PHONE_SELECT).input_value() == ""
        page.get_by_label(STATE_SELECT).select_option("")
        page.get_by_role("button", name="Update preview").click()
        page.get_by_text("State from the ZIP").wait_for()
        page.get_by_role("button", name="Next row").click()
        page.get_by_role("heading", name="How we read row 3").wait_for()
        page.get_by_role("button", name=CHECK).click()
        page.get_by_text("What will happen").wait_for()
        page.get_by_role("link", name="Step 2: Columns").click()
        page.get_by_label("an email").check()
        page.get_by_role("button", name="Step 3: Review").click()
        page.get_by_text("What will happen").wait_for()
        page.get_by_role("link", name="Change columns").click()
        page.get_by_text("Your choices are saved but not applied.").wait_for()
        assert page.get_by_label("an email").is_checked()
        page.get_by_role("button", name="Step 1: File").click()
        choose(page, content=b"%PDF-1.7 no list at all")
        page.get_by_role("button", name=CONTINUE).click()
        page.get_by_text("This is a PDF document, not a list.").wait_for()


def test_no_step_scrolls_horizontally_on_a_phone(chromium, portal):
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
        page.get_by_text("Current file:").wait_for()
        assert_it_fits()
        page.get_by_role("button", name=CONTINUE).click()
        page.get_by_role("button", name=CHECK).click()
        page.get_by_role("button", name="at most").wait_for()
        assert_it_fits()
        page.get_by_role("button", name="at most").click()
        page.get_by_text("Started. This page updates").wait_for()
        assert_it_fits()
