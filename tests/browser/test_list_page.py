"""The page of a list and the table of lists, in a real browser."""

import re

import pytest
from playwright.sync_api import expect

from tests.support.browsing import browse


@pytest.fixture(scope="module")
def portal(busy_portal):
    return busy_portal


def open_list(page, name):
    page.goto(f"/uploads/?q={name}")
    page.get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def open_menu(page, name):
    page.get_by_label(f"More for {name}").click()


def test_new_results_are_shown_only_on_request(page, running_list):
    open_list(page, running_list)
    rows = page.locator("tbody tr")
    show_new = page.get_by_role("link", name=re.compile(r"^Show [\d,]+ new$"))
    expect(show_new).to_be_visible()
    first = rows.first.text_content() if rows.count() else ""
    expect(show_new).not_to_have_text(show_new.text_content())
    assert (rows.first.text_content() if rows.count() else "") == first
    show_new.click()
    expect(rows.first).to_contain_text("Oak")


def test_the_details_of_a_list_are_edited(page):
    open_list(page, "Spring leads")
    open_menu(page, "Spring leads")
    page.get_by_role("link", name="Edit details").click()
    page.get_by_label("Tags").fill("spring, mail")
    page.get_by_label("Note").fill("Call before Friday.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Call before Friday.")).to_be_visible()
    page.get_by_role("link", name="spring", exact=True).click()
    expect(page.get_by_role("link", name="Spring leads", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="County roll, north", exact=True)).to_have_count(0)
    page.get_by_role("link", name=re.compile("spring.*remove this filter")).click()
    expect(page.get_by_role("link", name="County roll, north", exact=True)).to_be_visible()


def test_the_pages_work_without_scripts_at_360_pixels(chromium, portal):
    with browse(chromium, portal, java_script_enabled=False, viewport={"width": 360, "height": 800}) as page:
        for address in ("/uploads/", "/uploads/1/", "/uploads/1/?tab=activity", "/uploads/1/details/"):
            page.goto(address)
            overflow = page.locator("html").bounding_box()["width"]
            assert overflow <= 360, address
        page.goto("/uploads/")
        page.get_by_role("link", name="Complete", exact=True).click()
        expect(page.get_by_role("link", name="Spring leads", exact=True)).to_be_visible()
        page.get_by_role("link", name="Spring leads", exact=True).click()
        page.get_by_role("link", name="Activity").click()
        expect(page.get_by_role("heading", name="Batches")).to_be_visible()
