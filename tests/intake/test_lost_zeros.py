"""Users add the lost zeros to ZIPs of four digits, in lists without states to tell that a zero is missing."""

import pytest

from batches.intake import problem_groups
from batches.intake.lost_zeros import add_zeros
from batches.models import Correction, Upload
from tests.factories import person, to_csv

pytestmark = pytest.mark.django_db
HEADER = ["First Name", "Last Name", "Address", "City", "Zip", "Email"]


def make_row(number, zip_code):
    return [f"Ada{number}", "Abbott", f"{number} Oak St", "Boston", zip_code, "ada@example.com"]


@pytest.fixture
def upload(make_upload):
    """Return a list without states, with two ZIPs that lack their zero, and four digits that are not a ZIP."""
    rows = [make_row(1, "02118"), make_row(2, "2118"), make_row(3, "2119"), make_row(4, "9999")]
    return make_upload(to_csv(rows, header=HEADER))


def find_zip_group(upload):
    groups = [*problem_groups.list_problems(upload), *problem_groups.list_warnings(upload)]
    return next(group for group in groups if group.title.startswith("Zip"))


def test_only_zips_that_exist_with_a_zero_are_changed(upload):
    fixed = add_zeros(find_zip_group(upload))
    assert {number: cells[4] for number, cells in fixed.items()} == {3: "02118", 4: "02119"}


def test_groups_about_other_columns_offer_no_zeros(make_upload):
    upload = make_upload([person(1), person(2, State="Atlantis", Zip="")])
    [group] = problem_groups.list_problems(upload)
    assert add_zeros(group) == {}


def test_the_zeros_are_added_by_one_button_and_can_be_undone(browser, upload):
    address = f"/uploads/{upload.pk}/problems/{find_zip_group(upload).key}/add-zeros/"
    page = browser.get(f"/uploads/{upload.pk}/").content.decode()
    assert f'action="{address}"' in page
    assert "Add the zero to 2" in page
    assert browser.post(address, {"revision": upload.revision}).url == f"/uploads/{upload.pk}/"
    assert upload.items.get(row_number=3).zip == "02118"
    page = browser.get(f"/uploads/{upload.pk}/").content.decode()
    assert "2 rows fixed" in page
    assert "Add the zero" not in page
    browser.post(f"/uploads/{upload.pk}/edits/{Correction.objects.get().pk}/undo/")
    assert upload.items.get(row_number=3).cells[4] == "2118"


def test_an_outdated_page_adds_no_zeros(browser, upload):
    address = f"/uploads/{upload.pk}/problems/{find_zip_group(upload).key}/add-zeros/"
    response = browser.post(address, {"revision": upload.revision - 1}, follow=True)
    assert "This list has changed since you opened the page." in response.content.decode()
    assert upload.items.get(row_number=3).zip == ""


def test_no_zeros_are_offered_once_the_list_is_started(browser, upload):
    address = f"/uploads/{upload.pk}/problems/{find_zip_group(upload).key}/add-zeros/"
    Upload.objects.update(status="approval")
    assert "Add the zero" not in browser.get(f"/uploads/{upload.pk}/").content.decode()
    response = browser.post(address, {"revision": upload.revision}, follow=True)
    assert "This list has changed since you opened the page." in response.content.decode()
