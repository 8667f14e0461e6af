"""The review of a list in a real browser: rows are edited on the page with the keyboard, and the edit is undone."""

import csv
import re

import pytest

from tests.factories import HEADER, people, person
from tests.support.browsing import browse


def write_list(path):
    rows = [*people(12), person(20, State="Atlantis"), person(21, State="Atlantis"), person(22, State="Nowhere")]
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([HEADER, *rows])
    return path


def upload(page, path):
    page.goto("/uploads/new/")
    page.get_by_label("File").set_input_files(path)
    page.get_by_role("button", name="Continue to columns").click()
    page.get_by_role("button", name=re.compile("^Check")).click()


@pytest.mark.parametrize("has_scripts", [True, False])
def test_rows_are_edited_on_the_page_and_the_edit_is_undone(chromium, portal, tmp_path, has_scripts):
    with browse(chromium, portal, java_script_enabled=has_scripts, viewport={"width": 360, "height": 800}) as page:
        upload(page, write_list(tmp_path / "Atlantis.csv"))
        page.get_by_role("heading", name="3 rows cannot be traced").wait_for(timeout=60_000)
        page.get_by_role("link", name="Fix rows").click()

        state = page.get_by_label("State in row 14")
        state.fill("Atlantis City")
        state.press("Enter")
        page.get_by_text("Nothing has been saved yet. Please correct: State in row 14.").wait_for()
        assert state.input_value() == "Atlantis City"
        assert state.get_attribute("aria-invalid") == "true"
        assert page.locator(f"#{state.get_attribute('aria-describedby')}").text_content().strip().endswith("its name.")

        state.fill("VA")
        page.get_by_label("Apply each change to all rows with the same value").check()
        page.get_by_role("button", name="Save and check").click()
        page.get_by_text("2 rows fixed.").wait_for()
        page.get_by_role("heading", name="1 row cannot be traced").wait_for()

        page.get_by_role("button", name="Undo").click()
        page.get_by_text("Undone. 2 rows are as they were before the edit.").wait_for()
        page.get_by_role("heading", name="3 rows cannot be traced").wait_for()
