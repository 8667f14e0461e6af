"""An empty portal gets its first administrator, a team and a second user in a real browser."""

import re

import pytest

from tests.support.browsing import log_in, open_page
from tests.support.portal import run_portal

PASSWORD = "correct horse battery"


@pytest.fixture
def empty_portal(tmp_path_factory):
    """Run a portal without users. Because it has a key, it prints a link instead of a login."""
    key = {"REALESTATEAPI_KEY": "a-key-for-tests", "REALESTATEAPI_URL": "http://127.0.0.1:1"}
    with run_portal(tmp_path_factory.mktemp("p") / "v", **key) as portal:
        yield portal


def test_an_empty_portal_gets_an_administrator_a_team_and_a_second_user(chromium, empty_portal):
    link = re.search(r"Create the first administrator at (\S+)", empty_portal.log.read_text())[1]
    first = open_page(chromium, empty_portal.address, java_script_enabled=False)
    first.goto(link)
    first.get_by_label("Name").fill("iris")
    first.get_by_label("Email").fill("iris@example.com")
    first.get_by_label("Password", exact=True).fill(PASSWORD)
    first.get_by_label("Password again").fill(PASSWORD)
    first.get_by_role("button", name="Create administrator").click()
    first.get_by_role("heading", name="Dashboard").wait_for()

    first.locator("#own-menu > summary").click()
    first.get_by_role("link", name="Team", exact=True).click()
    first.get_by_role("link", name="New team").click()
    first.get_by_label("Name").fill("East")
    first.get_by_role("button", name="Create team").click()
    first.get_by_text("Team East created.").wait_for()

    first.get_by_role("link", name="Invite a user").click()
    first.get_by_label("Name").fill("gus")
    first.get_by_label("Lead:").check()
    first.get_by_label("East").check()
    first.get_by_role("button", name="Invite").click()
    invitation = first.get_by_label("Copy the link now.").input_value()

    second = open_page(chromium, empty_portal.address)
    second.goto(invitation)
    second.get_by_label("Password", exact=True).fill(PASSWORD)
    second.get_by_label("Password again").fill(PASSWORD)
    second.get_by_role("button", name="Save password and log in").click()
    second.get_by_role("heading", name="Dashboard").wait_for()
    second.goto("/team/")
    second.get_by_role("heading", name="Not allowed").wait_for()

    first.goto("/team/")
    row = first.get_by_role("row", name=re.compile("^gus"))
    cells = [row.get_by_role("cell").nth(place).inner_text().strip() for place in (2, 3, 1)]
    assert cells == ["Lead", "East", "Active"]
    row.get_by_role("link", name="gus").click()
    first.get_by_role("button", name="Deactivate").click()
    first.get_by_text("gus can no longer log in").wait_for()
    second.goto("/")
    second.get_by_role("button", name="Log in").wait_for()
    log_in(second, ("gus", PASSWORD))
    second.get_by_text("The user name or password is wrong.").wait_for()
