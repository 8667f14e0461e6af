import pytest
from django.core.files.base import ContentFile

from batches.intake import mapping_templates, uploads
from batches.models import MappingTemplate, Upload
from tests.factories import HEADER, people, to_csv
from tests.views.test_uploads import columns_form, upload_file

pytestmark = pytest.mark.django_db

SUPPLIER_HEADER = ["Nick", "Surname", "Line", "Town", "Region", "Code", "Number"]
"""Other names for the columns of `people`."""
MAPPING = {"first_name": [0], "last_name": [1], "address": [2], "city": [3], "state": [4], "zip": [5]}


def save_template(make_upload, alice, header=SUPPLIER_HEADER, name="Our supplier"):
    upload = make_upload(to_csv(people(5), header=header), mapping=MAPPING, settings={"look_back": 30})
    return mapping_templates.save_template(upload, name, alice)


def receive(header, rows=None):
    return uploads.receive(ContentFile(to_csv(rows or people(5), header=header), name="next.csv"), None)


def test_a_file_with_the_same_column_names_is_mapped_by_the_template(make_upload, alice):
    template = save_template(make_upload, alice)
    upload = receive([name.upper() for name in SUPPLIER_HEADER])
    assert upload.used_template == template
    assert upload.mapping == MAPPING
    assert (upload.uncertain, upload.look_back) == ({}, 30)


def test_the_template_applies_although_a_column_has_moved(make_upload, alice):
    save_template(make_upload, alice)
    rows = [[phone, *others] for *others, phone in people(5)]
    *others, phone = SUPPLIER_HEADER
    assert receive([phone, *others], rows).mapping["first_name"] == [1]


def test_a_field_is_uncertain_if_its_column_is_gone(make_upload, alice):
    save_template(make_upload, alice)
    upload = receive([*SUPPLIER_HEADER[:5], "Postleitzahl", "Number"])
    assert "zip" not in upload.mapping
    assert upload.uncertain == {"zip": "This file has no column “Code”, which the template “Our supplier” uses."}


def test_fields_are_uncertain_if_their_columns_hold_other_values(make_upload, alice):
    save_template(make_upload, alice)
    rows = [[*others, zip_code, state, phone] for *others, state, zip_code, phone in people(5)]
    doubts = receive(SUPPLIER_HEADER, rows).uncertain
    assert set(doubts) == {"state", "zip"}
    assert "its values look different here" in doubts["zip"]


def test_files_with_other_columns_do_not_use_the_template(make_upload, alice):
    save_template(make_upload, alice)
    assert receive(HEADER).used_template is None


def test_saving_a_template_replaces_the_one_with_the_same_name(make_upload, alice):
    save_template(make_upload, alice)
    save_template(make_upload, alice, header=[f"{name}s" for name in SUPPLIER_HEADER])
    assert MappingTemplate.objects.get().columns[0] == "Nicks"


def test_a_template_is_saved_removed_and_chosen_on_the_page(browser):
    upload_file(browser, to_csv(people(5)))
    first = Upload.objects.get()
    assert browser.post(f"/uploads/{first.pk}/columns/", columns_form(first, template="Leads")).status_code == 302
    page = upload_file(browser, to_csv(people(6)))
    upload = Upload.objects.first()
    assert "Columns chosen as remembered under “Leads”" in page.content.decode()
    browser.post(f"/uploads/{upload.pk}/columns/", {"use_template": ""})
    upload.refresh_from_db()
    assert (upload.used_template, upload.mapping["zip"]) == (None, [5])
    browser.post(f"/uploads/{upload.pk}/columns/", {"use_template": MappingTemplate.objects.get().pk})
    upload.refresh_from_db()
    assert upload.used_template.name == "Leads"
