"""Error pages say what happened, and what to do."""

import pytest


@pytest.fixture
def upload(make_upload):
    return make_upload([["Ada", "Abbott", "1 Oak St", "Herndon", "VA", "20170", ""]])


def test_the_address_of_a_button_says_that_it_is_one(browser, upload):
    response = browser.get(f"/uploads/{upload.pk}/start/")
    assert (response.status_code, response["Allow"]) == (405, "POST")
    assert "only the button can use it" in response.content.decode()


def test_a_script_that_uses_a_wrong_method_gets_no_page(browser, upload):
    response = browser.put(f"/uploads/{upload.pk}/start/")
    assert (response.status_code, response.content) == (405, b"")
