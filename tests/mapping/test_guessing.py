import csv

import pytest
from django.conf import settings

from batches.mapping.fields import find_gaps
from batches.mapping.guessing import guess_mapping
from bench.mapping import generate_table, read_kinds, score
from tests.factories import SAMPLES
from tests.samples import header_variants

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
def test_columns_of_real_exports_are_guessed_correctly(name):
    with (SAMPLES / "headers" / f"{name}.csv").open() as file:
        columns = next(csv.reader(file))
    guesses = guess_mapping(columns)
    assert {field: columns[position] for field, [position] in guesses.mapping.items()} == EXPECTED[name]
    assert set(guesses.doubts) == ({"state"} if name == "florida_nal" else set())


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
def test_guesses_use_whole_column_names(columns, expected):
    mapping = guess_mapping(columns).mapping
    assert sorted(mapping, key=lambda field: mapping[field]) == expected


def test_first_and_last_names_are_preferred_to_a_full_name():
    assert guess_mapping(["Owner", "First Name", "Last Name", "City"]).mapping == {
        "first_name": [1],
        "last_name": [2],
        "city": [3],
    }


@pytest.mark.parametrize(
    ("fields", "gap"),
    [
        (["first_name", "last_name"], "at least one of"),
        (["address", "city"], "property address needs"),
        (["mail_address", "mail_state"], "mailing address needs"),
        (["city", "unit"], "property unit needs"),
    ],
)
def test_an_incomplete_mapping_reports_what_is_missing(fields, gap):
    assert gap in " ".join(find_gaps(fields))


def test_a_complete_mapping_has_no_gaps():
    assert find_gaps(["address", "city", "state"]) == []
    assert find_gaps(["email"]) == []


TAX_ROLL = [
    ["SMITH JOHN A", "1428", "N", "MAIN", "ST", "HERNDON", "20170", "PO BOX 12", "TAMPA FL 33602"],
    ["DOE JANE", "77", "", "ELM", "AVE", "HERNDON", "20171", "5 OAK CT", "MIAMI FL 33101-1234"],
    ["ROE RICHARD M", "9", "S", "LAKE", "DR", "HERNDON", "20170", "8 PINE RD", "TAMPA FL 33602"],
]
TAX_ROLL_COLUMNS = [
    *("OWNER_NAME1", "SITUS_NUM", "SITUS_DIR", "SITUS_STREET", "SITUS_ST_TYPE", "SITUS_CITY", "SITUS_ZIP"),
    *("MAIL_ADDR1", "MAIL_CITY_ST_ZIP"),
]


def name_columns(mapping, columns):
    """Return field → names of its columns, for a mapping of fields to positions."""
    return {field: [columns[position] for position in positions] for field, positions in mapping.items()}


def test_split_addresses_are_joined_and_places_in_one_column_split():
    guesses = guess_mapping(TAX_ROLL_COLUMNS, TAX_ROLL)
    assert name_columns(guesses.mapping, TAX_ROLL_COLUMNS) == {
        "full_name": ["OWNER_NAME1"],
        "address": ["SITUS_NUM", "SITUS_DIR", "SITUS_STREET", "SITUS_ST_TYPE"],
        "city": ["SITUS_CITY"],
        "zip": ["SITUS_ZIP"],
        "mail_address": ["MAIL_ADDR1"],
        "mail_place": ["MAIL_CITY_ST_ZIP"],
    }
    assert guesses.name_order == "last_first"


def test_a_plain_column_belongs_to_the_address_before_it():
    columns = ["Owner", "Mailing Address", "City", "State", "Zip", "Property Address", "City", "State", "Zip"]
    mapping = guess_mapping(columns).mapping
    assert [mapping[field] for field in ("mail_city", "mail_state", "mail_zip")] == [[2], [3], [4]]
    assert [mapping[field] for field in ("city", "state", "zip")] == [[6], [7], [8]]


def test_a_plain_address_next_to_a_property_address_is_the_mailing_address():
    columns = ["Name", "Address", "City", "State", "Zip", "Site Address", "Site City"]
    mapping = guess_mapping(columns).mapping
    assert (mapping["mail_address"], mapping["address"], mapping["city"]) == ([1], [5], [6])


def test_a_column_of_zips_is_recognised_under_any_name():
    columns = ["Name", "Address", "City", "State", "PZ"]
    guesses = guess_mapping(columns, [["Ada Abbott", "1 Oak St", "Herndon", "VA", "20170"]] * 4)
    assert guesses.mapping["zip"] == [4]
    assert guesses.doubts == {"zip": "Guessed from its values."}


def test_a_column_that_is_only_called_extra_is_not_mapped():
    assert guess_mapping(["Email", "Extra", "Extra 2"]).mapping == {"email": [0]}


def test_prices_are_not_zips():
    columns = ["Name", "Address", "City", "State", "Sale Price", "Total"]
    rows = [["Ada Abbott", "1 Oak St", "Herndon", "VA", "20170", str(12345 + 7919 * n)] for n in range(9)]
    assert "zip" not in guess_mapping(columns, rows).mapping


def test_a_column_with_unexpected_values_is_asked_about():
    columns = ["Name", "Address", "City", "State", "Zip"]
    guesses = guess_mapping(columns, [["Ada Abbott", "1 Oak St", "Herndon", "20170", "VA"]] * 4)
    assert set(guesses.doubts) == {"state", "zip"}


def test_whole_addresses_in_one_column_are_split():
    columns = ["Owner", "Property Address", "Phone"]
    guesses = guess_mapping(columns, [["Ada Abbott", "1 Oak St, Herndon, VA 20170", "7035550123"]] * 4)
    assert guesses.mapping == {"full_name": [0], "phone": [2], "full_address": [1]}


def test_columns_without_names_are_guessed_from_their_values():
    columns = [f"Column {number}" for number in range(1, 9)]
    row = ["John", "Smith", "1 Oak St", "Herndon", "VA", "20170", "7035550123", "john@example.com"]
    fields = ["first_name", "last_name", "address", "city", "state", "zip", "phone", "email"]
    guesses = guess_mapping(columns, [row] * 4)
    assert guesses.mapping == {field: [position] for position, field in enumerate(fields)}
    assert set(guesses.doubts) == set(fields)


def test_names_in_an_unclear_order_are_asked_about():
    guesses = guess_mapping(["Owner", "Email"], [["SMITH JOHN A", ""], ["Mary Doe", ""], ["John Roe", ""]])
    assert guesses.doubts == {"full_name": "It is not clear whether first or last names come first."}


def test_names_of_both_sides_of_a_court_case_are_asked_about():
    columns = ["Plaintiff", "Defendant First Name", "Defendant Last Name", "Address", "City", "State", "Zip"]
    rows = [["OAK BANK", "ADA", "ABBOTT", "1 Oak St", "Herndon", "VA", "20170"]] * 4
    assert set(guess_mapping(columns, rows).doubts) == {"first_name", "last_name"}
    assert not guess_mapping(columns[1:], [row[1:] for row in rows]).doubts


def test_an_empty_second_line_belongs_to_the_line_before_it():
    columns = ["Owner", "Mailing Address 1", "Mailing Address 2", "Mailing Street", "Mailing Zip"]
    row = ["Ada Abbott", "1 Oak St", "", "", "20170"]
    assert guess_mapping(columns, [row] * 4).mapping["mail_unit"] == [2]
    row = ["Ada Abbott", "", "", "1 Oak St", "20170"]
    assert "mail_unit" not in guess_mapping(columns, [row] * 4).mapping


KINDS_OF_FILES = list(read_kinds())


@pytest.mark.parametrize("kind", KINDS_OF_FILES, ids=[name for name, *_ in KINDS_OF_FILES])
def test_each_kind_of_file_is_guessed_correctly_or_asked_about(kind):
    assert not score(*kind).wrong


def test_the_table_in_the_documents_is_current():
    assert "\n".join(generate_table()) in (settings.BASE_DIR / "docs" / "mapping.md").read_text()


@pytest.mark.parametrize("name", header_variants.HEADERS)
def test_header_rows_of_other_exports_are_guessed_correctly(name):
    columns, fields = header_variants.read_header(header_variants.HEADERS[name])
    guesses = guess_mapping(columns, header_variants.make_rows(columns, fields))
    assert name_columns(guesses.mapping, columns) == name_columns(fields, columns)


ROWS_OF_TWO_ADDRESSES = [
    ["ABBOTT ADA", "9 BAY RD", "BOSTON", "MA", "02110", "12", "OAK", "ST"],
    ["BROWN BO", "PO BOX 7", "RENO", "NV", "89501", "14", "OAK", "ST"],
    ["CLARK CY", "3 ELM CT", "TAMPA", "FL", "33602", "16", "OAK", "ST"],
]


def test_a_whole_address_that_differs_from_a_split_street_is_the_mailing_one_and_asked_about():
    columns = ["OWN1", "ADDR1", "CITYNAME", "STATECODE", "ZIP1", "ADRNO", "ADRSTR", "ADRSUF"]
    guesses = guess_mapping(columns, ROWS_OF_TWO_ADDRESSES)
    assert guesses.mapping["mail_address"] == [1]
    assert [guesses.mapping[f"mail_{part}"] for part in ("city", "state", "zip")] == [[2], [3], [4]]
    assert guesses.mapping["address"] == [5, 6, 7]
    assert {"address", "mail_address"} <= guesses.doubts.keys()


def test_a_split_street_that_repeats_a_whole_address_is_the_same_address():
    rows = [
        [name, f"{number} {street} {kind}", *place, number, street, kind]
        for name, _, *place, number, street, kind in ROWS_OF_TWO_ADDRESSES
    ]
    guesses = guess_mapping(["OWN1", "ADDR1", "CITYNAME", "STATECODE", "ZIP1", "ADRNO", "ADRSTR", "ADRSUF"], rows)
    assert guesses.mapping["address"] == [1]
    assert guesses.doubts == {}


@pytest.mark.parametrize("name", ["Mail To Zip", "Mailing ZIP", "Tax Bill To Zip"])
def test_zips_far_from_each_other_are_recognised_by_their_columns_name(name):
    columns = ["Owner Name", "Mail To Address", "Mail To City", "Mail To State", name]
    guesses = guess_mapping(columns, [row[:5] for row in ROWS_OF_TWO_ADDRESSES])
    assert guesses.mapping["mail_zip"] == [4]


def test_a_first_name_with_an_initial_is_the_first_name():
    guesses = guess_mapping(["OWNER 1 LAST NAME", "OWNER 1 FIRST NAME & MI"], [["ABBOTT", "ADA B"]] * 4)
    assert guesses.mapping == {"first_name": [1], "last_name": [0]}


MAIL_COLUMNS = ["MAIL_NAME", "MAIL_STREET", "MAIL_CITY", "MAIL_STATE", "MAIL_ZIP"]
MAIL_ROWS = [[f"WEBB ADA {letter}", f"{number} OAK ST", "TAMPA", "FL", "33602"] for number, letter in enumerate("BCDE")]


@pytest.mark.parametrize("name", ["DEEDED_OWNER", "Titled Owner", "Present Owner Name"])
def test_the_owner_by_any_title_outweighs_who_receives_the_mail(name):
    guesses = guess_mapping([name, *MAIL_COLUMNS], [["ROE JANE A", *row] for row in MAIL_ROWS])
    assert guesses.mapping["full_name"] == [0]
    assert "full_name" not in guesses.doubts


def test_who_receives_the_mail_is_asked_about_beside_an_owner_whose_column_is_not_read():
    guesses = guess_mapping(["Zoning Owner Xyz", *MAIL_COLUMNS], [["ROE JANE A", *row] for row in MAIL_ROWS])
    assert guesses.mapping["full_name"] == [1]
    assert "another column" in guesses.doubts["full_name"]


def test_who_receives_the_mail_is_not_asked_about_beside_a_flag_or_nothing():
    for columns in (["Owner Occupied", *MAIL_COLUMNS], ["Parcel", *MAIL_COLUMNS]):
        guesses = guess_mapping(columns, [["YES", *row] for row in MAIL_ROWS])
        assert guesses.mapping["full_name"] == [1]
        assert "full_name" not in guesses.doubts


def test_a_home_phone_outweighs_a_mobile_one_in_names_with_only_a_letter_before_phone():
    rows = [["Ada", "Webb", "", ""]]
    assert guess_mapping(["fname", "lname", "cphone", "hphone"], rows).mapping["phone"] == [3]
    assert guess_mapping(["fname", "lname", "wphone", "cphone"], rows).mapping["phone"] == [3]
    assert "phone" not in guess_mapping(["fname", "lname", "wphone"], rows).mapping
