"""Values that real lists hold in the wrong cell, or that belong in no cell."""

import pytest

from batches.intake.checked_row import RowWarning, WarningKind
from batches.intake.row_check import check

MAILING_ADDRESS = {"mail_address": "100 Elm St", "mail_city": "Dallas", "mail_state": "TX", "mail_zip": "75201"}


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("Ray Kemper", "Ray Kemper", ("Ray", "Kemper", None)),
        ("KEMPER RAY", "KEMPER RAY", ("Ray", "Kemper", None)),
        ("Kemper, Ray", "Kemper, Ray", ("Ray", "Kemper", None)),
        ("Ray & Ida Kemper", "Ray & Ida Kemper", ("Ray", "Kemper", "Ida")),
        ("Mary Beth", "Mary Beth", ("Mary Beth", "Mary Beth", None)),
        ("De Leon", "De Leon", ("De Leon", "De Leon", None)),
        ("Ray and", "Kemper", ("Ray", "Kemper", None)),
        ("RAY &", "KEMPER", ("Ray", "Kemper", None)),
        ("Ray", "& Kemper", ("Ray", "Kemper", None)),
        ("Ray +", "de la Cruz", ("Ray", "de la Cruz", None)),
        ("Ray &", "Ida Moss", ("Ray", "Moss", "Ida")),
        ("Ray", "and Ida Moss", ("Ray", "Moss", "Ida")),
        ("Ray", "Kemper - Owner", ("Ray", "Kemper", None)),
        ("Ray (Owner)", "Kemper", ("Ray", "Kemper", None)),
        ("Shielded From", "View", ("", "", None)),
        ("", "Ray Kemper, Jr.", ("Ray", "Kemper", None)),
        ("Ray Kemper, Jr.", "", ("Ray", "Kemper", None)),
    ],
)
def test_names_in_two_columns_are_read_correctly(first, last, expected):
    checked = check({"first_name": first, "last_name": last} | MAILING_ADDRESS)
    assert checked.owner_kind == "person"
    names = [checked.fields.get(f"{part}_name", "") for part in ("first", "last")]
    assert (*names, checked.co_owner and checked.co_owner.first) == expected


@pytest.mark.parametrize(("first", "last"), [("Ray", "&"), ("Ray", "& &"), ("&", "Ray"), ("+ &", "/ ;")])
def test_a_column_that_holds_only_punctuation_counts_as_empty(first, last):
    checked = check({"first_name": first, "last_name": last} | MAILING_ADDRESS)
    names = [checked.fields.get(f"{part}_name", "") for part in ("first", "last")]
    assert "".join(names) in ("Ray", "")
    assert checked.problems == []


@pytest.mark.parametrize(
    ("first", "last", "kind"),
    [
        ("Heirs of", "Ida Moss", "estate"),
        ("Ida", "Moss Estate", "estate"),
        ("Ida", "Moss Rev Tr", "trust"),
        ("Ida", "Est Moss", "estate"),
        ("Ida", "Moss Real Estate", "company"),
        ("Town of", "Florence", "government"),
        ("Moss Dairy LLC", "Moss Dairy LLC", "company"),
        ("Mary Jo", "Co", "person"),
        ("Ida", "Bank", "person"),
    ],
)
def test_kinds_of_owners_are_recognised_across_two_columns(first, last, kind):
    assert check({"first_name": first, "last_name": last} | MAILING_ADDRESS).owner_kind == kind


def test_a_generation_after_a_comma_is_split_off_the_first_name():
    checked = check({"first_name": "Ray, Jr.", "last_name": "Kemper"} | MAILING_ADDRESS)
    assert (checked.fields["first_name"], checked.generation) == ("Ray", "JR")


def test_a_full_name_is_used_if_the_other_columns_hold_placeholders():
    names = {"first_name": "Current", "last_name": "Owner", "full_name": "Ray Kemper"}
    assert check(names | MAILING_ADDRESS).fields["last_name"] == "Kemper"


def test_a_company_in_both_columns_is_named_once():
    names = {"first_name": "Moss Dairy LLC", "last_name": "Moss Dairy LLC"}
    assert check(names | MAILING_ADDRESS).owner_name == "Moss Dairy LLC"


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("STE 12", "88 PINE ST", ("88 PINE ST", "Ste 12")),
        ("2ND FLOOR", "88 PINE ST", ("88 PINE ST", "Fl 2")),
        ("BUILDING D", "88 PINE ST UNIT 7", ("88 PINE ST", "Bldg D Unit 7")),
        ("88 PINE ST", "2ND FLOOR", ("88 PINE ST", "Fl 2")),
        ("88 PINE ST", "(UPPER)", ("88 PINE ST", "Uppr")),
        ("88 PINE ST", "LOT 4 BLK 2", ("88 PINE ST", "LOT 4 BLK 2")),
        ("88 PINE ST", "12 & 14", ("88 PINE ST", "12 & 14")),
        ("88 PINE ST", "1/2", ("88 PINE ST", "1/2")),
        ("88 PINE ST", "NORTH", ("88 PINE ST", "NORTH")),
        ("88 PINE ST UNIT 7", "UNIT 7", ("88 PINE ST", "Unit 7")),
        ("88 PINE ST # 7", "7", ("88 PINE ST", "7")),
        ("88 PINE ST BLDG 2", "UNIT 7", ("88 PINE ST BLDG 2", "Unit 7")),
        ("88 PINE ST", "Dallas", ("88 PINE ST", "")),
        ("88 PINE ST", "DALLAS, TX 75201", ("88 PINE ST", "")),
        ("88 PINE ST", "STE 7 ATTN IDA MOSS", ("88 PINE ST", "Ste 7")),
        ("C/O IDA MOSS 88 PINE ST", "STE 7", ("88 PINE ST", "Ste 7")),
    ],
)
def test_lines_of_an_address_become_a_street_and_a_unit(first, second, expected):
    checked = check(MAILING_ADDRESS | {"mail_address": first, "mail_unit": second, "last_name": "Moss"})
    assert (checked.fields["mail_address"], checked.fields.get("mail_unit", "")) == expected
    assert checked.warnings == checked.problems == []


@pytest.mark.parametrize(
    "line", ["WACO TX 76701", "MEXICO", "USA", "LEGAL DEPT", "IDA MOSS", "Moss Dairy", "PO BOX 7", "90 OAK AVE", "UNIT"]
)
def test_a_second_line_that_is_not_a_unit_is_left_out_with_a_warning(line):
    checked = check(MAILING_ADDRESS | {"mail_unit": line, "last_name": "Moss"})
    assert checked.fields["mail_address"] == "100 Elm St"
    assert "mail_unit" not in checked.fields
    assert checked.warnings == [RowWarning("mail_unit", WarningKind.UNREADABLE)]
    assert checked.reasons == {"mail_unit": f"“{line}” is not a unit."}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("C/O Ida Moss 88 Pine St", ("88 Pine St", "")),
        ("% IDA MOSS PO BOX 31", ("PO Box 31", "")),
        ("ATTN: TAX DEPT 88 PINE ST STE 7", ("88 PINE ST", "Ste 7")),
        ("88 PINE ST C/O IDA MOSS", ("88 PINE ST", "")),
        ("88 PINE ST APT 7 % IDA MOSS", ("88 PINE ST", "Apt 7")),
        ("88 PINE ST ATTN IDA MOSS", ("88 PINE ST", "")),
        ("12 DAY CARE RD", ("12 DAY CARE RD", "")),
        ("C/O IDA MOSS", ("", "")),
        ("88 PINE ST (BSMT)", ("88 PINE ST", "Bsmt")),
        ("88 PINE ST (APT 7)", ("88 PINE ST", "Apt 7")),
        ("88 PINE ST (OFF HWY 6)", ("88 PINE ST (OFF HWY 6)", "")),
        ("88 Pine St-Unit 7", ("88 Pine St", "Unit 7")),
        ("88 Pine St-#7", ("88 Pine St", "7")),
        ("4-A Oak-Lot Rd", ("4-A Oak-Lot Rd", "")),
        ("88 PINE ST APT", ("88 PINE ST", "")),
        ("88 Pine Street, Suite", ("88 Pine St", "")),
        ("88 PINE ST #", ("88 PINE ST", "")),
        ("88 PINE ST PMB 31", ("88 PINE ST", "PMB 31")),
        ("RR 2 BOX 5 PMB 31", ("RR 2 BOX 5", "PMB 31")),
        ("PO BOX 31 STE 7", ("PO Box 31", "Ste 7")),
        ("88.0 PINE ST", ("88 PINE ST", "")),
        ("88.0 N PINE ST UNIT 7.0", ("88 N PINE ST", "Unit 7")),
        ("0.0 PINE ST", ("", "")),
        ("UNASSIGNED PARCEL", ("", "")),
        ("VACANT PASTURE LAND", ("", "")),
        ("UNDEVELOPED ACREAGE", ("", "")),
        ("SAME AS OWNER", ("", "")),
        ("VACANT LOT MILL RD", ("VACANT LOT MILL RD", "")),
    ],
)
def test_units_are_split_off_streets(text, expected):
    checked = check(
        {"address": text, "city": "Austin", "state": "TX", "zip": "78701", "last_name": "Moss"} | MAILING_ADDRESS
    )
    assert (checked.fields.get("address", ""), checked.fields.get("unit", "")) == expected
    assert checked.problems == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("TYLER / TX / 75701", ("TYLER", "TX", "75701")),
        ("Tyler | TX | 75701", ("Tyler", "TX", "75701")),
        ("TX | 75701 | TYLER", ("TYLER", "TX", "75701")),
        ("75701 / Tyler / Texas", ("Tyler", "TX", "75701")),
        ("Tyler/TX", ("Tyler", "TX", "")),
        ("Dallas/Fort Worth, TX 76155", ("Dallas/Fort Worth", "TX", "76155")),
    ],
)
def test_places_are_split_at_any_separator(text, expected):
    fields = check({"last_name": "Moss", "mail_address": "1 Oak St", "mail_place": text}).fields
    assert tuple(fields.get(f"mail_{part}", "") for part in ("city", "state", "zip")) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("75701", ""),
        ("75701-1234", ""),
        ("Tyler.", "Tyler"),
        ("FT. WORTH.", "FT. WORTH"),
        ("UNINC SMITH CO", ""),
        ("Unincorporated Tyler", ""),
        ("Union", "Union"),
    ],
)
def test_cities_are_normalised_or_left_out(text, expected):
    place = {"address": "1 Oak St", "city": text, "state": "TX", "zip": "75701"}
    checked = check(place | MAILING_ADDRESS | {"last_name": "Moss"})
    # An address without its city is not sent.
    assert (checked.fields.get("city", ""), "address" in checked.fields) == (expected, bool(expected))
    assert checked.fields["mail_city"] == "Dallas"
    assert checked.problems == []


def test_a_whole_address_is_split_at_slashes():
    fields = check({"full_address": "88 Pine St / Tyler / TX / 75701", "last_name": "Moss"}).fields
    assert [fields[part] for part in ("address", "city", "state", "zip")] == ["88 Pine St", "Tyler", "TX", "75701"]


def test_a_whole_address_without_a_street_leaves_the_mailing_address_unchanged():
    assert check({"full_address": ". AZ 85203"} | MAILING_ADDRESS).fields["mail_city"] == "Dallas"


def test_a_zip_in_the_city_column_is_used_as_the_zip():
    checked = check({"mail_address": "1 Oak St", "mail_city": "75701", "last_name": "Moss"})
    assert (checked.fields.get("mail_state"), checked.fields.get("mail_zip")) == ("TX", "75701")


@pytest.mark.parametrize("text", ["NaT", "same", "SAME", "n/a n/a", "NULL NULL", "None - None", "- -"])
@pytest.mark.parametrize(
    "name",
    ["first_name", "middle_name", "last_name", "full_name", "unit", "city", "zip", "phone", "email", "mail_unit"],
)
def test_placeholders_are_left_out(name, text):
    checked = check(MAILING_ADDRESS | {name: text})
    assert name not in checked.fields
    assert checked.fields.keys() == MAILING_ADDRESS.keys()


@pytest.mark.parametrize("text", ["Nat", "NAT"])
def test_nat_is_a_name_and_not_a_placeholder(text):
    assert check(MAILING_ADDRESS | {"first_name": text, "last_name": "Moss"}).fields["first_name"] == "Nat"
