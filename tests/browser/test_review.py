"""The review of a list in a real browser: rows are edited on the page, and the edit is undone."""

import csv
import re

import pytest

from tests.factories import HEADER, people, person
from tests.support.browsing import browse

NARROW = {"width": 360, "height": 800}
"""The size of a phone."""


def write_list(path):
    """Write a list whose last three rows have states that do not exist. Return its path."""
    rows = [*people(12), person(20, State="Atlantis"), person(21, State="Atlantis"), person(22, State="Nowhere")]
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([HEADER, *rows])
    return path


def upload_and_check(page, path):
    page.goto("/uploads/new/")
    page.get_by_label("Choose CSV or Excel files").set_input_files(path)
    page.get_by_role("button", name="Check the columns").click()
    page.wait_for_url("**/columns/")
    page.get_by_role("button", name=re.compile("^Check .*rows$")).click()


@pytest.mark.parametrize("has_javascript", [True, False])
def test_rows_are_edited_on_the_page_and_the_edit_is_undone(chromium, portal, tmp_path, has_javascript):
    with browse(chromium, portal, java_script_enabled=has_javascript, viewport=NARROW) as page:
        upload_and_check(page, write_list(tmp_path / "Atlantis.csv"))
        page.get_by_role("heading", name="3 rows cannot be traced").wait_for()
        # A script loads the rows as soon as they are shown.
        page.wait_for_load_state()
        page.get_by_text("Fix rows").first.click()
        if has_javascript:
            page.get_by_role("button", name="Save and check").wait_for()
        else:
            page.get_by_role("link", name="See all 3 rows").click()

        state = page.get_by_label("State in row 14")
        state.fill("Atlantis City")
        state.press("Enter")
        page.get_by_text("Nothing has been saved yet. Please correct: State in row 14.").wait_for()
        assert state.input_value() == "Atlantis City"
        assert state.get_attribute("aria-invalid") == "true"
        explanation = page.locator(f"#{state.get_attribute('aria-describedby')}")
        assert explanation.text_content().strip().endswith("its name.")

        state.fill("VA")
        page.get_by_label("Apply each change to all rows with the same value").check()
        page.get_by_role("button", name="Save and check").click()
        page.get_by_text("2 rows fixed.").wait_for()
        page.get_by_role("heading", name="1 row cannot be traced").wait_for()

        page.get_by_role("button", name="Undo").click()
        page.get_by_text("Undone. 2 rows are as they were before the edit.").wait_for()
        page.get_by_role("heading", name="3 rows cannot be traced").wait_for()
