"""The columns step: a table of what each column goes to, and the preview of a row as it would be sent."""

import re
from html import unescape

import pytest

from batches.intake import row_import
from batches.intake.hidden_parts import format_hidden
from batches.models import MappingTemplate, Upload
from batches.statuses import UploadStatus
from tests.factories import HEADER, make_workbook, people, person, to_csv
from tests.support.pages import read_page
from tests.views.test_uploads import columns_form, upload_file

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}

TAX_ROLL_HEADER = [
    "OWNER",
    "HOUSE NO",
    "STREET",
    "SITUS CITY",
    "SITUS ZIP",
    "MAIL ADDR",
    "MAIL CITY STATE ZIP",
    "PH",
    "PARCEL ID",
]
TAX_ROLL = [
    ["SMITH JOHN A", "1", "OAK ST", "Herndon", "20170", "9 ELM ST", "RESTON, VA 20190", "(703) 555-0142", "A-1"],
    ["OAK HOLDINGS LLC", "2", "OAK ST", "Herndon", "20170", "8 ELM ST", "RESTON, VA 20190", "call me", "A-2"],
    ["ABBOTT ADA", "3", "OAK ST", "Herndon", "20170", "7 ELM ST", "RESTON, VA 20190", "(703) 555-0143", "A-3"],
    ["BAKER BEN", "4", "OAK ST", "Herndon", "20170", "6 ELM ST", "RESTON, VA 20190", "(703) 555-0144", "A-4"],
]


@pytest.fixture
def tax_roll(browser):
    """Return a draft with names to split, streets to join, and no column for the state of the property."""
    return make_draft(browser, TAX_ROLL, TAX_ROLL_HEADER)


def make_draft(browser, rows, header):
    upload_file(browser, to_csv(rows, header=header))
    return Upload.objects.get()


def open_columns(browser, upload):
    return browser.get(f"/uploads/{upload.pk}/columns/")


def send(browser, upload, headers=None, page="", **changes):
    """Send the form of the columns to the page or, if `page` is given, to its preview."""
    header = open_columns(browser, upload).context["header"]
    page += f"?row={changes.pop('row')}" if "row" in changes else ""
    form = columns_form(upload, **changes) | {"header": header}
    return browser.post(f"/uploads/{upload.pk}/columns/{page}", form, headers=headers)


def preview(browser, upload, **changes):
    return send(browser, upload, HTMX, "preview/", **changes)


def outline(page):
    """Return heading → what is below it in the table: fields without a column, then columns."""
    return {
        group.heading: [row.label for row in group.missing] + [row.name for row in group.columns]
        for group in page.context["groups"]
    }


def find_row(html, name):
    """Return the HTML of a column's row in the table."""
    return next(row for row in re.findall(r"<tr .*?</tr>", html) if f"<bdi>{name}</bdi></th>" in row)


# The table


def test_the_table_has_one_row_for_each_column_in_groups(browser, tax_roll):
    page = open_columns(browser, tax_roll)
    assert outline(page) == {
        "Person": ["OWNER", "PH"],
        "Property": ["HOUSE NO", "STREET", "SITUS CITY", "SITUS ZIP"],
        "Mailing": ["MAIL ADDR", "MAIL CITY STATE ZIP"],
        "Needs a look": ["Property state"],
    }
    assert next(iter(outline(page))) == "Needs a look"
    html = read_page(page)
    assert "1 column is kept and not sent" in html
    assert "We matched 8 of 9 columns and keep 1 as it is. <b>1 thing needs a look.</b>" in html


def test_a_row_shows_some_values_of_its_column_and_where_they_go(browser, tax_roll):
    row = find_row(read_page(open_columns(browser, tax_roll)), "OWNER")
    assert "<bdi>SMITH JOHN A</bdi>" in row
    assert '<option value="full_name" selected>Full name (we split it)</option>' in row
    assert 'aria-label="OWNER goes to"' in row
    assert '<span class="sr">sure</span>' in row
    assert "We split it into first, middle and last name." in row


def test_equal_values_are_shown_once_and_empty_columns_say_so(browser):
    upload = make_draft(browser, [[*person(n), ""] for n in range(9)], [*HEADER, "Flag"])
    html = read_page(open_columns(browser, upload))
    assert find_row(html, "City").count("<bdi>Herndon</bdi>") == 1
    assert find_row(html, "Address").count("<bdi>") == 3
    assert "Empty in the first rows" in find_row(html, "Flag")


def test_joined_columns_name_each_other(browser, tax_roll):
    html = read_page(open_columns(browser, tax_roll))
    assert "Joined with HOUSE NO." in find_row(html, "STREET")
    assert "Joined with STREET." in find_row(html, "HOUSE NO")


def test_an_uncertain_guess_needs_a_look_and_says_why(browser, tax_roll):
    Upload.objects.update(uncertain={"phone": "Many of its values look like something else."})
    page = open_columns(browser, tax_roll)
    assert outline(page)["Needs a look"] == ["PH"]
    row = find_row(read_page(page), "PH")
    assert '<span class="sr">please check</span>' in row
    assert "Many of its values look like something else." in row
    assert 'aria-describedby="note-7"' in row


def test_a_field_of_a_template_whose_column_is_missing_needs_a_look(browser, tax_roll):
    template = MappingTemplate.objects.create(name="Roll", header="x", columns=[], fields={})
    doubt = "This file has no column “Mail”, which the template “Roll” uses."
    Upload.objects.update(uncertain={"email": doubt}, used_template=template)
    page = open_columns(browser, tax_roll)
    assert outline(page)["Needs a look"] == ["Email"]
    assert doubt in read_page(page)


def test_the_last_name_is_asked_for_until_a_full_name_is_chosen(browser):
    rows = [["Ada", "Abbott Ada", "1 Oak St", "Herndon", "VA"]] * 4
    upload = make_draft(browser, rows, ["First Name", "Note", "Address", "City", "State"])
    assert outline(open_columns(browser, upload))["Needs a look"] == ["Last name"]
    html = read_page(preview(browser, upload, **{"column-0": "", "column-1": "full_name"}))
    assert "We found no column for the last name." not in html


def test_names_and_values_of_a_file_are_escaped_in_the_table(browser):
    upload = make_draft(browser, [["<script>x</script>", "ada@example.com"]], ["<b>Name", "Email"])
    html = open_columns(browser, upload).content.decode()
    assert "<script>x" not in html
    assert "<b>Name" not in html


# What a workbook hides


def hide(book):
    book["New"].row_dimensions[3].hidden = True
    book["New"].column_dimensions["A"].hidden = True
    book["Old"].sheet_state = "hidden"


@pytest.fixture
def workbook(browser):
    """Return the draft of a workbook with a hidden row, a hidden column and a hidden sheet."""
    upload_file(browser, make_workbook(hide, New=[HEADER, *people(4)], Old=[HEADER, *people(2)]), "people.xlsx")
    return Upload.objects.get()


def test_hidden_parts_are_named(browser, workbook):
    html = read_page(open_columns(browser, workbook))
    assert "1 row of the workbook is hidden and left out." in html
    assert "Hidden columns: “First Name”. They are kept, and sent only if you choose them." in html
    assert "Hidden sheets: “Old”. They are not read." in html
    assert ">Old (hidden)</option>" in html.replace(" </option>", "</option>").replace("> Old", ">Old")
    assert "Check 3 rows" in html


def test_hidden_rows_can_be_traced_and_left_out_again(browser, workbook):
    choices = {"header": open_columns(browser, workbook).context["header"], "column-0": "first_name", "column-8": ""}
    form = columns_form(workbook) | choices
    address = f"/uploads/{workbook.pk}/columns/"
    assert 'form="columns" name="with_hidden" value="yes"' in read_page(open_columns(browser, workbook))
    html = read_page(browser.post(address, form | {"with_hidden": "yes"}, follow=True))
    assert "1 row of the workbook is hidden, and traced like the others." in html
    assert "Leave out the 1 hidden row" in html
    assert "Check 4 rows" in html
    workbook.refresh_from_db()
    assert workbook.mapping["first_name"] == [0]
    assert "Check 3 rows" in read_page(browser.post(address, form | {"with_hidden": "no"}, follow=True))


def test_hidden_rows_can_still_be_included_after_the_review(browser, workbook):
    browser.post(f"/uploads/{workbook.pk}/columns/", columns_form(workbook, first_name=0))
    row_import.check_rows(workbook.pk)
    workbook.refresh_from_db()
    assert (workbook.status, workbook.row_count) == (UploadStatus.READY, 3)
    review = read_page(browser.get(workbook.get_absolute_url()))
    assert "is hidden and left out. To trace them as well, go back to the columns." in review
    assert "Hidden columns: “First Name”." in review
    form = columns_form(workbook) | {"with_hidden": "yes"}
    browser.post(f"/uploads/{workbook.pk}/columns/", form)
    workbook.refresh_from_db()
    assert (workbook.status, workbook.row_count, workbook.items.count()) == (UploadStatus.DRAFT, 0, 0)
    browser.post(f"/uploads/{workbook.pk}/columns/", columns_form(workbook))
    row_import.check_rows(workbook.pk)
    workbook.refresh_from_db()
    assert (workbook.status, workbook.row_count) == (UploadStatus.READY, 4)


@pytest.mark.parametrize(("kind", "sentences"), [("xls", 1), ("xlsb", 1), ("xlsx", 0), ("ods", 0), ("csv", 0)])
def test_a_sentence_says_if_a_format_does_not_tell_which_rows_are_hidden(kind, sentences):
    found = format_hidden(Upload(file_format={"kind": kind}))
    assert len(found) == sentences
    assert all(f"this .{kind} workbook" in sentence for sentence in found)


def test_only_the_first_hidden_columns_are_named():
    file_format = {"hidden_columns": range(13), "hidden_sheets": ["A"], "sheet": "A", "hidden_rows": 0}
    [sentence] = format_hidden(Upload(columns=[f"C{n}" for n in range(13)], file_format=file_format))
    assert "“C8”, “C9” and 3 more." in sentence


def test_the_row_of_the_column_names_is_mentioned_if_it_is_not_the_first(browser):
    upload_file(browser, b"County roll\r\nPrinted today\r\n\r\n" + to_csv(people(3)))
    assert "Column names found in row 4." in read_page(open_columns(browser, Upload.objects.get()))
    Upload.objects.all().delete()
    assert "Column names found" not in read_page(open_columns(browser, make_draft(browser, people(3), HEADER)))


# What a column goes to


def test_a_column_can_go_to_two_fields(browser, tax_roll):
    assert send(browser, tax_roll, place=6).status_code == 302
    tax_roll.refresh_from_db()
    assert (tax_roll.mapping["place"], tax_roll.mapping["mail_place"]) == ([6], [6])
    Upload.objects.update(status=UploadStatus.DRAFT)
    assert '<details class="second-use" open>' in find_row(
        read_page(open_columns(browser, tax_roll)), "MAIL CITY STATE ZIP"
    )


def test_the_message_about_two_columns_for_one_phone_names_both(browser, tax_roll):
    response = send(browser, tax_roll, **{"column-8": "phone"})
    assert response.status_code == 422
    assert "Phone can have only one column, but “PH” and “PARCEL ID” go to it." in read_page(response)
    assert "PARCEL ID" in outline(response)["Person"]
    assert '<a href="#id_column-8">PARCEL ID</a>' in read_page(response)


def test_an_added_column_is_joined_in_the_order_of_the_file(browser, tax_roll):
    assert send(browser, tax_roll, **{"column-0": "address", "column-7": "full_name"}).status_code == 302
    tax_roll.refresh_from_db()
    assert tax_roll.mapping["address"] == [0, 1, 2]


def test_columns_that_are_already_joined_keep_their_order(browser, tax_roll):
    Upload.objects.update(mapping=tax_roll.mapping | {"address": [2, 1]})
    tax_roll.refresh_from_db()
    send(browser, tax_roll)
    tax_roll.refresh_from_db()
    assert tax_roll.mapping["address"] == [2, 1]


def test_a_column_that_goes_to_three_fields_keeps_them(browser, make_upload):
    upload = make_upload(people(12))
    Upload.objects.update(mapping=upload.mapping | {"mail_city": [3], "mail_address": [2], "unit": [3]})
    upload.refresh_from_db()
    before = upload.mapping
    send(browser, upload)
    upload.refresh_from_db()
    assert upload.mapping == before


# Fields without a column


def test_a_missing_state_is_taken_from_the_zip(browser, tax_roll):
    page = read_page(open_columns(browser, tax_roll))
    assert "We found no column for the state. We take it from the ZIP." in page
    assert '<option value="zip" selected>Take it from the ZIP</option>' in page
    assert send(browser, tax_roll, source_state="zip", fixed_state="Texas").status_code == 302
    tax_roll.refresh_from_db()
    assert tax_roll.constants == {}


def test_a_missing_state_can_be_the_same_for_every_row(browser, tax_roll):
    assert send(browser, tax_roll, source_state="fixed", fixed_state="Virginia").status_code == 302
    tax_roll.refresh_from_db()
    assert tax_roll.constants == {"state": "Virginia"}
    Upload.objects.update(status=UploadStatus.DRAFT)
    page = open_columns(browser, tax_roll)
    assert outline(page)["Property"][0] == "Property state"
    assert '<option value="fixed" selected>' in read_page(page)


def test_a_state_for_every_row_must_be_entered(browser, tax_roll):
    response = send(browser, tax_roll, source_state="fixed", fixed_state="")
    assert response.status_code == 422
    assert "Enter the state, or take it from the ZIP." in read_page(response)


HEADER_WITHOUT_STATE = ["First Name", "Last Name", "Address", "City", "Zip"]


def make_rows_with_zips(*zips):
    """Return a row for each ZIP, in a list without a column for the state."""
    return [[f"Ada{n}", "Abbott", f"{n} Oak St", "Somewhere", text] for n, text in enumerate(zips)]


def test_one_state_for_every_row_is_not_offered_if_the_zips_are_in_several_states(browser):
    upload = make_draft(browser, make_rows_with_zips("20170", "75201-1234", "", "20190"), HEADER_WITHOUT_STATE)
    page = open_columns(browser, upload)
    html = read_page(page)
    assert outline(page)["Property"][0] == "Property state"
    assert "We found no column for the state. We take it from the ZIP." in html
    assert "fixed_state" not in html
    assert "source_state" not in html
    assert send(browser, upload).status_code == 302


@pytest.mark.parametrize("source", [{}, {"source_state": "fixed"}])
def test_one_state_for_every_row_is_refused_if_the_zips_are_in_several_states(browser, source):
    upload = make_draft(browser, make_rows_with_zips("20170", "75201", "20001"), HEADER_WITHOUT_STATE)
    response = send(browser, upload, fixed_state="TX", **source)
    assert response.status_code == 422
    message = (
        "Property state cannot be the same for every row: the ZIPs in the first rows are in District of Columbia, "
        "Texas and Virginia. It is taken from each row's ZIP."
    )
    assert message in unescape(read_page(response))


def test_only_the_first_of_many_states_are_named(browser):
    upload = make_draft(
        browser, make_rows_with_zips("20170", "75201", "20001", "02139", "90001", "10001"), HEADER_WITHOUT_STATE
    )
    html = read_page(send(browser, upload, fixed_state="TX"))
    assert "are in California, District of Columbia, Massachusetts, New York and 2 more." in html


def test_a_missing_city_can_be_the_same_for_every_row(browser):
    upload = make_draft(browser, [["Ada Abbott", "1 Oak St", "20170"]] * 3, ["Full Name", "Address", "Zip"])
    page = open_columns(browser, upload)
    assert outline(page)["Needs a look"] == ["Property city", "Property state"]
    assert "We found no column for the city. Is it the same for every row?" in read_page(page)
    assert send(browser, upload).status_code == 422
    assert send(browser, upload, fixed_city="Herndon").status_code == 302


# Settings


def test_the_preselected_match_requirement_does_not_count_as_a_change(browser, make_upload):
    upload = make_upload(people(12))
    assert open_columns(browser, upload).context["form"]["match_requirements"].value() == ["phones"]
    send(browser, upload, match_requirements=["phones"], back="review")
    assert not open_columns(browser, upload).context["is_restored"]


def test_the_order_of_names_is_asked_only_if_it_matters(browser, tax_roll):
    assert "Full names are written" in read_page(open_columns(browser, tax_roll))
    Upload.objects.all().delete()
    with_commas = make_draft(browser, [["SMITH, JOHN", "1 Oak St", "Herndon", "VA"]] * 3, ["Owner", *HEADER[2:5]])
    assert "Full names are written" not in read_page(open_columns(browser, with_commas))
    Upload.objects.all().delete()
    assert "Full names are written" not in read_page(open_columns(browser, make_draft(browser, people(3), HEADER)))


def test_the_button_says_how_many_rows_will_be_checked(browser, tax_roll):
    assert "Check 4 rows</button>" in read_page(open_columns(browser, tax_roll))


def test_the_button_rounds_an_estimated_number_of_rows(browser):
    upload = make_draft(browser, people(900), HEADER)
    Upload.objects.update(row_estimate=25_437)
    assert "Check about 25,000 rows</button>" in read_page(open_columns(browser, upload))


# Values that are left out


def test_a_column_says_how_many_of_its_first_values_are_left_out(browser, tax_roll):
    row = find_row(read_page(open_columns(browser, tax_roll)), "PH")
    assert "<div>1 of the first 4 cannot be read; it is left out.</div>" in row
    upload = remake_draft(browser, [person(n, Zip="2017" if n < 3 else "20170") for n in range(9)])
    page = read_page(open_columns(browser, upload))
    assert "3 of the first 9 cannot be read; they are left out." in find_row(page, "Zip")
    assert "cannot be read" not in find_row(page, "City")
    assert "cannot be read" in read_page(preview(browser, upload, phone=0))


def remake_draft(browser, rows):
    """Make a draft that is the only list."""
    Upload.objects.all().delete()
    return make_draft(browser, rows, HEADER)


# The preview of a row


def test_the_first_row_is_previewed_beside_the_table(browser, tax_roll):
    page = read_page(open_columns(browser, tax_roll))
    assert "How we read row 2" in page
    assert "<dt>Last name</dt><dd><div><bdi>Smith</bdi></div></dd>" in page
    assert "State from the ZIP" in page


def test_the_preview_shows_the_current_choices_and_saves_nothing(browser, tax_roll):
    before = Upload.objects.values().get()
    page = read_page(preview(browser, tax_roll, **{"column-7": "", "name_order": "first_last"}))
    assert "<html" not in page
    assert "<dt>Phone</dt>" not in page
    assert '<div class="why" id="note-1" hx-swap-oob="true"><div>Joined with STREET.</div></div>' in page
    assert Upload.objects.values().get() == before


def test_a_choice_updates_every_part_of_the_page_that_depends_on_it(browser, tax_roll):
    html = read_page(open_columns(browser, tax_roll))
    assert 'name="headings" value="asked person property mailing"' not in html
    assert 'name="headings" value="person property mailing"' in html
    assert set(re.search(r'name="marked" value="([\d ]+)"', html)[1].split()) == set("01234567")
    assert re.search(r'<span id="questions-left"[^>]*>.*?</svg> ?1 thing to look at ?</span>', html)
    changes = {"column-7": "", "column-8": "email", "headings": "person property", "source_state": "fixed"}
    page = read_page(preview(browser, tax_roll, marked="0 7", fixed_state="VA", **changes))
    assert '<span id="mark-7" hx-swap-oob="true"></span>' in page
    assert '<span id="mark-8" hx-swap-oob="true"><span class="good"' in page
    assert "<b>1 thing needs a look.</b>" not in page
    assert re.search(r'<span id="questions-left"[^>]*hx-swap-oob="true"> ?</span>', page)
    assert '<span class="muted">PH</span>' in page
    needs_a_look, _, groups = page.partition('id="missing-person"')
    assert "Property state" not in needs_a_look[needs_a_look.index("<template>") :]
    assert ">Person</th>" in groups
    assert ">Property</th>" in groups
    assert ">Mailing</th>" not in groups
    assert 'id="missing-state"' in groups


def test_a_column_that_still_goes_to_no_field_is_not_updated(browser, tax_roll):
    assert 'id="mark-8"' not in read_page(preview(browser, tax_roll, marked="0 7"))


def test_a_field_that_loses_its_column_is_asked_for(browser, make_upload):
    upload = make_upload(people(12))
    page = read_page(preview(browser, upload, state=None))
    missing, _, fixed = page.partition('id="fixed-fields"')
    assert "We found no column for the state. We take it from the ZIP." in missing
    assert 'name="source_state"' in missing
    assert page.count('name="fixed_state"') == 1
    assert 'name="fixed_state"' not in fixed
    assert "1 thing to look at" not in page


def test_the_preview_shows_the_next_and_the_previous_row(browser, tax_roll):
    page = read_page(preview(browser, tax_roll, row=3))
    assert "How we read row 3" in page
    assert "<dt>Company</dt><dd><div><bdi>OAK HOLDINGS LLC</bdi></div>" in page
    assert "PH: “call me” is not a US phone number" in page
    assert f'hx-post="/uploads/{tax_roll.pk}/columns/preview/?row=2"' in page
    assert f'hx-post="/uploads/{tax_roll.pk}/columns/preview/?row=4"' in page
    assert "How we read row 3" in read_page(preview(browser, tax_roll, shown=3))
    assert "How we read row 2" in read_page(preview(browser, tax_roll, row="x"))


def test_the_button_for_the_next_row_is_disabled_at_the_last_row(browser, tax_roll):
    page = read_page(preview(browser, tax_roll, row=5))
    assert re.search(r'id="next-row"[^>]*\?row=" [^>]*aria-disabled="true"', page)
    assert not re.search(r'id="previous-row"[^>]*aria-disabled', page)


def test_the_preview_says_what_is_wrong_with_the_choices(browser, tax_roll):
    response = preview(browser, tax_roll, **{"column-8": "phone", "city": None})
    page = read_page(response)
    assert response.status_code == 200
    assert "A property address needs a city and a state." in page
    assert page.count("Phone can have only one column") == 2


def test_the_preview_is_a_whole_page_without_scripts(browser, tax_roll):
    page = read_page(send(browser, tax_roll, page="preview/", row=3, **{"column-8": "email"}))
    assert "<html" in page
    assert "How we read row 3" in page
    assert '<option value="email" selected>' in find_row(page, "PARCEL ID")


def test_the_preview_refuses_get_requests_and_columns_of_another_file(browser, tax_roll):
    address = f"/uploads/{tax_roll.pk}/columns/preview/"
    assert browser.get(address).status_code == 405
    response = browser.post(address, {"header": "other"}, headers=HTMX)
    assert response["HX-Redirect"] == f"/uploads/{tax_roll.pk}/columns/"


def test_the_preview_of_a_started_list_redirects_to_its_page(browser, start_upload):
    upload = start_upload(12)
    response = browser.post(f"/uploads/{upload.pk}/columns/preview/", {}, headers=HTMX)
    assert response["HX-Redirect"] == upload.get_absolute_url()


def test_the_page_is_shown_even_if_the_file_is_missing(browser, tax_roll):
    tax_roll.file.delete(save=False)
    page = read_page(open_columns(browser, tax_roll))
    assert "We cannot read the first rows of the file right now. Reload the page to try again." in page


# Wide files


def test_the_first_thousand_columns_can_be_chosen(browser):
    header = [*HEADER, *(f"Col {number}" for number in range(1_100))]
    upload = make_draft(browser, [[*person(n), *["x"] * 1_100] for n in range(3)], header)
    page = open_columns(browser, upload)
    html = read_page(page)
    assert html.count("<select") < 1_030
    assert "1,100 columns are kept and not sent" in html
    assert "Col 0, Col 1" in html
    assert "and 1,088 others" in html
    assert "107 more columns cannot be chosen here." in html
    form = {f"column-{position}": "" for position in range(1_000)} | columns_form(upload, email=900)
    assert browser.post(f"/uploads/{upload.pk}/columns/", form).status_code == 302
    upload.refresh_from_db()
    assert upload.mapping["email"] == [900]


def test_a_deleted_template_or_changed_list_is_reported(browser, tax_roll):
    page = browser.post(f"/uploads/{tax_roll.pk}/columns/", {"use_template": 999}, follow=True).content.decode()
    assert "These remembered columns no longer exist. Please choose others." in page
    Upload.objects.update(status=UploadStatus.READY)
    page = browser.post(f"/uploads/{tax_roll.pk}/columns/", {"use_template": ""}, follow=True).content.decode()
    assert "this list has changed since you opened the page" in page
