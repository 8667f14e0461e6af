"""Several files, one of which is not a list, are uploaded at once in a real browser."""

import re

import pytest

from tests.factories import people, to_csv
from tests.support.browsing import browse

NARROW = {"width": 360, "height": 740}
"""The size of a phone."""


def choose(page, *files):
    chosen = [{"name": name, "mimeType": "text/csv", "buffer": content} for name, content in files]
    page.get_by_label("Choose CSV or Excel files").set_input_files(chosen)


@pytest.mark.parametrize("has_javascript", [True, False])
def test_two_files_become_lists_and_a_third_is_refused(chromium, portal, has_javascript):
    kind = "scripted" if has_javascript else "plain"
    list_file = to_csv(people(3))
    with browse(chromium, portal, java_script_enabled=has_javascript, viewport=NARROW) as page:
        page.goto("/uploads/new/")
        choose(
            page, (f"{kind}_east.csv", list_file), ("scan.csv", b"%PDF-1.7 no list"), (f"{kind}_west.csv", list_file)
        )
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
        page.get_by_role("button", name="Check the columns").click()
        page.get_by_text("This is a PDF document, not a list.").wait_for()
        if has_javascript:
            page.get_by_role("link", name="Check their columns").click()
        page.get_by_role("heading", name="2 new lists").wait_for()
        page.get_by_role("link", name="Use the same columns for all 2").click()
        page.get_by_role("button", name=re.compile("^Check 3 rows")).click()
        page.get_by_role("heading", name="2 new lists").wait_for()
        page.wait_for_load_state()
        assert page.get_by_text("Columns to check").count() == 0


def test_a_file_can_be_removed_before_the_upload(page):
    page.goto("/uploads/new/")
    choose(page, ("kept.csv", to_csv(people(3))), ("removed.csv", to_csv(people(3))))
    page.get_by_role("button", name="Remove removed.csv").click()
    assert page.locator(".file").count() == 1
    page.get_by_role("button", name="Check the columns").click()
    page.get_by_role("heading", name="Check the columns").wait_for()
    page.locator(".lede").get_by_text("kept", exact=True).wait_for()
