"""The styles and scripts of the main pages stay within a limit."""

import pytest

from tests.support.browsing import browse

MAX_KILOBYTES = 60
MAIN_PAGES = ["dashboard", "running list", "people"]


@pytest.fixture
def portal(busy_portal):
    return busy_portal


def weigh(context, address):
    """Return the bytes of styles and scripts that a page loads over the wire, with an empty cache."""
    page = context.new_page()
    page.goto("about:blank")
    devtools = context.new_cdp_session(page)
    devtools.send("Network.enable")
    devtools.send("Network.setCacheDisabled", {"cacheDisabled": True})
    kinds, sizes = {}, {}
    devtools.on("Network.responseReceived", lambda event: kinds.update({event["requestId"]: event["type"]}))
    devtools.on("Network.loadingFinished", lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}))
    page.goto(address)
    page.wait_for_timeout(500)
    page.close()
    return sum(sizes.get(request, 0) for request, kind in kinds.items() if kind in ("Stylesheet", "Script"))


@pytest.mark.parametrize("name", MAIN_PAGES)
def test_the_styles_and_scripts_of_a_main_page_are_small(chromium, portal, name):
    with browse(chromium, portal, allowed_errors="") as page:
        weight = weigh(page.context, portal.addresses[name])
    print(f"{name}: {weight / 1024:.1f} KB of styles and scripts")  # noqa: T201 - a figure for the notes
    assert 0 < weight <= MAX_KILOBYTES * 1024
