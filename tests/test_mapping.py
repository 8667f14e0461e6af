import csv

import pytest

from batches.mapping import find_gaps, guess_mapping
from tests.conftest import SAMPLES

EXPECTED = {
    "batchleads": {
        "first_name": "First Name",
        "last_name": "Last Name",
        "address": "Property Address",
        "city": "Property City",
        "state": "Property State",
        "zip": "Property Zip",
        "mail_address": "Mailing Address",
        "mail_city": "Mailing City",
        "mail_state": "Mailing State",
        "mail_zip": "Mailing Zip",
        "phone": "Phone 1",
    },
    "dealmachine_property": {
        "first_name": "owner_1_firstname",
        "last_name": "owner_1_lastname",
        "address": "property_address_line_1",
        "unit": "property_address_line_2",
        "city": "property_address_city",
        "state": "property_address_state",
        "zip": "property_address_zipcode",
        "mail_address": "owner_address_line_1",
        "mail_city": "owner_address_city",
        "mail_state": "owner_address_state",
        "mail_zip": "owner_address_zip",
        "phone": "contact_1_phone1",
        "email": "contact_1_email1",
    },
    "florida_nal": {
        "full_name": "OWN_NAME",
        "address": "PHY_ADDR1",
        "unit": "PHY_ADDR2",
        "city": "PHY_CITY",
        "zip": "PHY_ZIPCD",
        "mail_address": "OWN_ADDR1",
        "mail_unit": "OWN_ADDR2",
        "mail_city": "OWN_CITY",
        "mail_state": "OWN_STATE",
        "mail_zip": "OWN_ZIPCD",
    },
    "listsource": {
        "first_name": "OWNER 1 FIRST NAME",
        "middle_name": "OWNER 1 MIDDLE NAME",
        "last_name": "OWNER 1 LAST NAME",
        "address": "PROPERTY ADDRESS",
        "city": "PROPERTY CITY",
        "state": "PROPERTY STATE",
        "zip": "PROPERTY ZIP CODE",
        "mail_address": "MAIL ADDRESS",
        "mail_city": "MAIL CITY",
        "mail_state": "MAIL STATE",
        "mail_zip": "MAIL ZIP CODE",
    },
    "propertyradar": {
        "full_name": "Owner",
        "address": "Address",
        "city": "City",
        "state": "State",
        "zip": "ZIP",
        "mail_address": "Mail Address",
        "mail_city": "Mail City",
        "mail_state": "Mail State",
        "mail_zip": "Mail ZIP",
        "phone": "Primary Phone1",
        "email": "Primary Email1",
    },
    "propstream": {
        "first_name": "Owner 1 First Name",
        "last_name": "Owner 1 Last Name",
        "address": "Address",
        "unit": "Unit #",
        "city": "City",
        "state": "State",
        "zip": "Zip",
        "mail_address": "Mailing Address",
        "mail_unit": "Mailing Unit #",
        "mail_city": "Mailing City",
        "mail_state": "Mailing State",
        "mail_zip": "Mailing Zip",
    },
}


@pytest.mark.parametrize("name", EXPECTED)
def test_columns_of_a_real_export_are_guessed_right(name):
    with (SAMPLES / "headers" / f"{name}.csv").open() as file:
        columns = next(csv.reader(file))
    assert {field: columns[position] for field, position in guess_mapping(columns).items()} == EXPECTED[name]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (["Name", "Street Address", "City", "ST", "Zip Code"], ["full_name", "address", "city", "state", "zip"]),
        (["SITUS_ADDR", "SITUS_CITY", "OWNER_NAME1"], ["address", "city", "full_name"]),
        (["firstName", "lastName", "E-mail", "Phone Number"], ["first_name", "last_name", "email", "phone"]),
        (["PROP: Address", "Owner Mailing Address", "Owner State"], ["address", "mail_address", "mail_state"]),
        (["MLS Status", "Do Not Mail", "ZIP+4", "Address Type", "County", "Email Opt-Out", "Owner 2 Name"], []),
    ],
)
def test_guesses_rest_on_whole_names(columns, expected):
    mapping = guess_mapping(columns)
    assert [field for _, field in sorted((position, field) for field, position in mapping.items())] == expected


def test_full_name_gives_way_to_first_and_last():
    assert guess_mapping(["Owner", "First Name", "City"]) == {"first_name": 1, "city": 2}


@pytest.mark.parametrize(
    ("fields", "gap"),
    [
        (["first_name", "last_name"], "at least one of"),
        (["address", "city"], "property address needs"),
        (["mail_address", "mail_state"], "mailing address needs"),
        (["city", "unit"], "property unit needs"),
    ],
)
def test_a_mapping_that_can_trace_nobody_says_what_it_lacks(fields, gap):
    assert gap in " ".join(find_gaps(fields))


def test_a_whole_mapping_has_no_gaps():
    assert find_gaps(["address", "city", "state"]) == []
    assert find_gaps(["email"]) == []
