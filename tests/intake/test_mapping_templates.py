import pytest

from batches.intake import mapping_templates, uploads
from batches.models import MappingTemplate, Upload
from tests.factories import HEADER, people, to_csv
from tests.views.test_uploads import columns_form, give

pytestmark = pytest.mark.django_db

OTHER = ["Nick", "Surname", "Line", "Town", "Region", "Code", "Number"]


def save_template(make_upload, alice, header=OTHER, name="Our supplier"):
    fields = ["first_name", "last_name", "address", "city", "state", "zip"]
    mapping = {field: [position] for position, field in enumerate(fields)}
    upload = make_upload(to_csv(people(5), header=header), mapping=mapping, settings={"look_back": 30})
    return mapping_templates.save_template(upload, name, alice)


def draft(header, rows=None):
    from django.core.files.base import ContentFile  # noqa: PLC0415

    return uploads.receive(ContentFile(to_csv(rows or people(5), header=header), name="next.csv"), None)


def test_the_same_columns_are_mapped_as_last_time(make_upload, alice):
    template = save_template(make_upload, alice)
    upload = draft([name.upper() for name in OTHER])
    assert upload.used_template == template
    assert upload.mapping == {
        "first_name": [0],
        "last_name": [1],
        "address": [2],
        "city": [3],
        "state": [4],
        "zip": [5],
    }
    assert (upload.uncertain, upload.look_back) == ({}, 30)


def test_columns_may_have_moved(make_upload, alice):
    save_template(make_upload, alice)
    rows = [[row[6], *row[:6]] for row in people(5)]
    assert draft([OTHER[6], *OTHER[:6]], rows).mapping["first_name"] == [1]


def test_a_column_that_is_gone_is_uncertain(make_upload, alice):
    save_template(make_upload, alice)
    upload = draft([*OTHER[:5], "Postleitzahl", "Number"])
    assert "zip" not in upload.mapping
    assert upload.uncertain == {"zip": "This file has no column “Code”, which the template “Our supplier” uses."}


def test_a_column_with_other_values_is_uncertain(make_upload, alice):
    save_template(make_upload, alice)
    rows = [[*row[:4], row[5], row[4], ""] for row in people(5)]
    doubts = draft(OTHER, rows).uncertain
    assert set(doubts) == {"state", "zip"}
    assert "its values look different here" in doubts["zip"]


def test_files_with_other_columns_are_guessed(make_upload, alice):
    save_template(make_upload, alice)
    assert draft(HEADER).used_template is None


def test_saving_a_template_replaces_the_one_of_the_same_name(make_upload, alice):
    save_template(make_upload, alice)
    save_template(make_upload, alice, header=[f"{name}s" for name in OTHER])
    assert MappingTemplate.objects.get().columns[0] == "Nicks"


def test_a_template_is_saved_and_set_aside_on_the_screen(browser):
    give(browser, to_csv(people(5)))
    first = Upload.objects.get()
    assert browser.post(f"/uploads/{first.pk}/columns/", columns_form(first, template="Leads")).status_code == 302
    page = give(browser, to_csv(people(6)))
    upload = Upload.objects.first()
    assert "Columns mapped with the template “Leads”" in page.content.decode()
    browser.post(f"/uploads/{upload.pk}/columns/", {"use_template": ""})
    upload.refresh_from_db()
    assert (upload.used_template, upload.mapping["zip"]) == (None, [5])
    browser.post(f"/uploads/{upload.pk}/columns/", {"use_template": MappingTemplate.objects.get().pk})
    upload.refresh_from_db()
    assert upload.used_template.name == "Leads"
