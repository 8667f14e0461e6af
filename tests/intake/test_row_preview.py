"""The preview of one row as it would be sent, which the columns step shows."""

import pytest

from batches.intake import suppression
from batches.intake.row_preview import PreviewLine, preview_row
from batches.models import Upload
from batches.statuses import CompanyHandling

pytestmark = pytest.mark.django_db

COLUMNS = ["Owner", "Street", "City", "Zip", "Phone", "Mail street", "Mail place"]
MAPPING = {
    "full_name": [0],
    "address": [1],
    "city": [2],
    "zip": [3],
    "phone": [4],
    "mail_address": [5],
    "mail_place": [6],
}
ROW = [
    "John A Smith & Mary Smith",
    "1 Oak St Apt 4",
    "Herndon",
    "20170",
    "703.555.0142",
    "9 Elm St",
    "Reston, VA 20190",
]


def preview(changes=None, **fields):
    """Preview the row with some cells changed, given by column name, in an upload with these fields."""
    cells = dict(zip(COLUMNS, ROW, strict=True)) | (changes or {})
    upload = Upload(**{"columns": COLUMNS, "mapping": MAPPING} | fields)
    return preview_row(upload, 5, list(cells.values()))


def test_a_row_is_shown_as_it_would_be_sent():
    row = preview()
    assert (row.number, row.left_out, row.refusal) == (5, [], "")
    assert row.lines == [
        PreviewLine("First name", ["John"]),
        PreviewLine("Middle name", ["A"]),
        PreviewLine("Last name", ["Smith"]),
        PreviewLine("Second owner", ["Mary Smith"], ["Not traced"]),
        PreviewLine("Phone", ["(703) 555-0142"]),
        PreviewLine("Property", ["1 Oak St Apt 4", "Herndon, VA 20170"], ["State from the ZIP"]),
        PreviewLine("Mailing", ["9 Elm St", "Reston, VA 20190"]),
    ]


def test_a_second_owner_is_shown_as_traced_if_the_list_traces_them():
    assert PreviewLine("Second owner", ["Mary Smith"], ["Traced as well"]) in preview(co_owners=True).lines


def test_a_fixed_state_is_not_said_to_come_from_the_zip():
    row = preview({"Zip": ""}, constants={"state": "VA"})
    assert PreviewLine("Property", ["1 Oak St Apt 4", "Herndon, VA"]) in row.lines


def test_a_value_that_is_left_out_is_named_by_its_column_with_the_reason():
    row = preview({"Phone": "call me"})
    assert row.left_out == ["Phone: “call me” is not a US phone number: give ten digits."]
    assert not any(line.label == "Phone" for line in row.lines)


def test_a_zip_in_another_state_is_pointed_out():
    assert preview({"Zip": "33602"}, constants={"state": "VA"}).left_out == ["Zip is not in the state."]


def test_a_company_is_shown_by_its_name_in_the_file():
    row = preview({"Owner": "OAK HOLDINGS LLC"})
    assert row.lines[0] == PreviewLine("Company", ["OAK HOLDINGS LLC"], ["Not a person: sent without a name"])
    assert [line.label for line in row.lines] == ["Company", "Phone", "Mailing"]


def test_the_name_of_a_company_is_put_together_from_two_columns():
    names = {"first_name": [COLUMNS.index("Owner")], "last_name": [COLUMNS.index("Phone")]}
    mapping = {field: MAPPING[field] for field in ("address", "city", "zip")} | names
    row = preview({"Owner": "OAK HOLDINGS", "Phone": "LLC"}, mapping=mapping)
    assert row.lines[0].texts == ["OAK HOLDINGS LLC"]


def test_the_preview_of_a_skipped_company_says_so():
    row = preview({"Owner": "OAK HOLDINGS LLC"}, companies=CompanyHandling.LEAVE_OUT)
    assert row.refusal == "Skipped: company."


def test_the_preview_of_an_invalid_row_says_what_is_wrong():
    row = preview({"Street": "", "City": "", "Zip": "", "Phone": "call me", "Mail street": "", "Mail place": ""})
    assert "Phone: “call me” is not a US phone number" in row.refusal
    assert row.left_out == []


def test_the_preview_of_a_row_with_too_many_cells_says_so():
    row = preview_row(Upload(columns=COLUMNS, mapping=MAPPING), 5, [*ROW, "more"])
    assert row.refusal.startswith("The row has 8 cells")


def test_the_preview_says_that_a_person_is_on_the_do_not_contact_list():
    suppression.suppress_lines(["(703) 555-0142"], None, terms=suppression.Terms(blocks_tracing=True))
    assert preview().refusal == "On the do-not-contact list: phone."
