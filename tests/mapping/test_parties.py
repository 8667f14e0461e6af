"""If a file names people in different roles, one role is chosen, and the user is asked about it."""

import pytest

from batches.mapping.guessing import guess_mapping
from batches.mapping.parties import find_doubt, name_representatives

PLACE = ["1 Oak St", "Herndon", "VA", "20170"]
MAIL_PLACE = ["2 Elm Ave", "Tampa", "FL", "33602"]
PERSON = ["Ada", "Abbott"]


def guess(columns, row):
    """Return the names of the columns of each field, and the fields that are asked about."""
    guesses = guess_mapping(columns, [row] * 4)
    return {field: [columns[each] for each in found] for field, found in guesses.mapping.items()}, guesses.doubts


@pytest.mark.parametrize("role", ["Executor", "Executrix", "Personal Representative", "PR", "Petitioner", "Heir"])
def test_the_person_who_acts_for_the_dead_is_chosen_and_asked_about(role):
    columns = [
        *("Case Number", "Decedent First Name", "Decedent Last Name"),
        *("Decedent Address", "Decedent City", "Decedent State", "Decedent Zip"),
        *(f"{role} First Name", f"{role} Last Name"),
        *(f"{role} Address", f"{role} City", f"{role} State", f"{role} Zip", f"{role} Phone", "Attorney Name"),
    ]
    row = ["24-118", "Bo", "Abbott", *PLACE, *PERSON, *MAIL_PLACE, "(703) 555-0123", "Cy Brown"]
    mapping, doubts = guess(columns, row)
    assert mapping == {
        "first_name": [f"{role} First Name"],
        "last_name": [f"{role} Last Name"],
        "phone": [f"{role} Phone"],
        "address": ["Decedent Address"],
        "city": ["Decedent City"],
        "state": ["Decedent State"],
        "zip": ["Decedent Zip"],
        "mail_address": [f"{role} Address"],
        "mail_city": [f"{role} City"],
        "mail_state": [f"{role} State"],
        "mail_zip": [f"{role} Zip"],
    }
    assert doubts.keys() == {"first_name", "last_name"}
    assert "acts for them" in doubts["last_name"]


def test_a_column_named_estate_of_holds_the_dead():
    columns = ["Estate Of", "Executor", "Executor Street", "Executor City", "Executor State", "Executor Zip"]
    mapping, doubts = guess(columns, ["Bo Abbott", "Ada Abbott", *MAIL_PLACE])
    assert mapping["full_name"] == ["Executor"]
    assert mapping["mail_address"] == ["Executor Street"]
    assert doubts.keys() == {"full_name"}


@pytest.mark.parametrize(
    ("traced", "other"),
    [("Borrower Name", "Trustee Name"), ("Owner Name", "Occupant Name"), ("Petitioner", "Respondent")],
)
@pytest.mark.parametrize("is_other_first", [False, True])
def test_one_of_two_roles_is_chosen_and_asked_about(traced, other, is_other_first):
    names = [other, traced] if is_other_first else [traced, other]
    mapping, doubts = guess([*names, "Address", "City", "State", "Zip"], ["Ada Abbott", "Bo Brown", *PLACE])
    assert mapping["full_name"] == [traced]
    assert doubts.keys() == {"full_name"}


@pytest.mark.parametrize(
    "columns",
    [
        ["Owner Name", "Owner Occupied"],
        ["Decedent First Name", "Decedent Last Name"],
        ["Executor Name"],
        ["Owner 1 First Name", "Owner 1 Last Name", "Lender Name"],
    ],
)
def test_a_file_that_names_one_role_is_not_asked_about(columns):
    assert find_doubt(columns) == ""
    assert name_representatives(columns) == columns


@pytest.mark.parametrize(
    ("landlord", "tenant", "property_name"),
    [("Landlord", "Tenant", "Rental"), ("Plaintiff", "Defendant", "Premises"), ("Lessor", "Lessee", "Property")],
)
def test_the_landlord_is_chosen_and_asked_about(landlord, tenant, property_name):
    columns = [
        *("Case", f"{landlord} Name", f"{landlord} Address", f"{landlord} City", f"{landlord} State"),
        *(f"{landlord} Zip", f"{tenant} Name", f"{property_name} Address", f"{property_name} City"),
        *(f"{property_name} State", f"{property_name} Zip", f"{landlord} Attorney"),
    ]
    mapping, doubts = guess(columns, ["24-1", "Ada Abbott", *MAIL_PLACE, "Bo Brown", *PLACE, "Cy Clark"])
    parts = ("address", "city", "state", "zip")
    assert mapping["full_name"] == [f"{landlord} Name"]
    assert [mapping[f"mail_{part}"] for part in parts] == [[f"{landlord} {part.title()}"] for part in parts]
    assert [mapping[part] for part in parts] == [[f"{property_name} {part.title()}"] for part in parts]
    assert doubts.keys() == {"full_name"}


def test_the_plaintiff_is_not_the_owner_if_the_case_is_not_about_rent():
    columns = ["Plaintiff", "Defendant Name", "Address", "City", "State", "Zip"]
    mapping, doubts = guess(columns, ["Example Bank NA", "Ada Abbott", *PLACE])
    assert mapping["full_name"] == ["Defendant Name"]
    assert "full_name" in doubts


def test_the_address_of_a_trustee_is_not_the_borrowers():
    columns = ["Borrower Name", "Address", "City", "State", "Zip", "Trustee Name", "Trustee Address"]
    mapping, _ = guess(columns, ["Ada Abbott", *PLACE, "Bo Brown", "2 Court St"])
    assert "mail_address" not in mapping


def test_grantor_and_grantee_are_asked_about():
    _, doubts = guess(["Grantor", "Grantee", "Address", "City", "State"], ["Ada Abbott", "Bo Brown", *PLACE[:3]])
    assert "full_name" in doubts


def test_the_address_and_phone_of_a_business_are_used_and_asked_about_if_there_are_no_others():
    columns = ["Owner Name", *(f"Business {part}" for part in ("Address", "City", "State", "Zip", "Phone"))]
    mapping, doubts = guess(columns, ["Ada Abbott", *PLACE, "703-555-0101"])
    assert mapping["address"] == ["Business Address"]
    assert mapping["phone"] == ["Business Phone"]
    assert {"address", "city", "state", "zip", "phone"} <= doubts.keys()


def test_the_address_of_a_business_is_not_used_beside_another_one():
    columns = ["Owner Name", "Address", "City", "State", "Zip", *(f"Business {part}" for part in ("Address", "City"))]
    mapping, _ = guess(columns, ["Ada Abbott", *PLACE, "2 Elm Ave", "Tampa"])
    assert mapping["address"] == ["Address"]


def test_grantors_with_first_and_last_names_are_chosen_and_asked_about():
    mapping, doubts = guess(["Grantor First", "Grantor Last", "Grantee"], [*PERSON, "Example Bank NA"])
    assert mapping == {"first_name": ["Grantor First"], "last_name": ["Grantor Last"]}
    assert {"first_name", "last_name"} <= doubts.keys()
