"""One row as it would be sent, as the columns step shows it."""

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


def preview(*changes, **fields):
    """Preview the row with cells changed by position."""
    cells = [dict(changes).get(position, text) for position, text in enumerate(ROW)]
    return preview_row(Upload(**{"columns": COLUMNS, "mapping": MAPPING} | fields), 5, cells)


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


def test_a_second_owner_can_be_traced_as_well():
    assert PreviewLine("Second owner", ["Mary Smith"], ["Traced as well"]) in preview(co_owners=True).lines


def test_a_state_that_is_the_same_for_every_row_is_not_from_the_zip():
    row = preview((3, ""), constants={"state": "VA"})
    assert PreviewLine("Property", ["1 Oak St Apt 4", "Herndon, VA"]) in row.lines


def test_what_is_left_out_is_named_by_its_column_with_the_reason():
    row = preview((4, "call me"))
    assert row.left_out == ["Phone: “call me” is not a US phone number: give ten digits."]
    assert not any(line.label == "Phone" for line in row.lines)


def test_a_zip_in_another_state_is_pointed_out():
    assert preview((3, "33602"), constants={"state": "VA"}).left_out == ["Zip is not in the state."]


def test_a_company_is_shown_by_its_name_in_the_file():
    row = preview((0, "OAK HOLDINGS LLC"))
    assert row.lines[0] == PreviewLine("Company", ["OAK HOLDINGS LLC"], ["Not a person: sent without a name"])
    assert [line.label for line in row.lines] == ["Company", "Phone", "Mailing"]


def test_a_company_in_two_columns_is_shown_by_both():
    mapping = {name: MAPPING[name] for name in ("address", "city", "zip")} | {"first_name": [0], "last_name": [4]}
    row = preview((0, "OAK HOLDINGS"), (4, "LLC"), mapping=mapping)
    assert row.lines[0].texts == ["OAK HOLDINGS LLC"]


def test_a_skipped_company_says_so():
    row = preview((0, "OAK HOLDINGS LLC"), companies=CompanyHandling.LEAVE_OUT)
    assert row.refusal == "Skipped: company."


def test_a_row_that_cannot_be_traced_says_why():
    row = preview((1, ""), (2, ""), (3, ""), (4, "call me"), (5, ""), (6, ""))
    assert "Phone: “call me” is not a US phone number" in row.refusal
    assert row.left_out == []


def test_a_row_with_too_many_cells_says_so():
    row = preview_row(Upload(columns=COLUMNS, mapping=MAPPING), 5, [*ROW, "more"])
    assert row.refusal.startswith("The row has 8 cells")


def test_a_person_on_the_do_not_contact_list_is_not_sent():
    suppression.suppress_texts(["(703) 555-0142"], None)
    assert preview().refusal == "On the do-not-contact list: phone."
