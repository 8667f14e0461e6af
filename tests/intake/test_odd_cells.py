"""Values that real lists have in one cell although they belong in another, or in none."""

import pytest

from batches.intake.row_check import check

AT = {"mail_address": "100 Elm St", "mail_city": "Dallas", "mail_state": "TX", "mail_zip": "75201"}


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
def test_names_in_two_columns(first, last, expected):
    checked = check({"first_name": first, "last_name": last} | AT)
    assert checked.owner_kind == "person"
    names = [checked.fields.get(f"{part}_name", "") for part in ("first", "last")]
    assert (*names, checked.co_owner and checked.co_owner.first) == expected


@pytest.mark.parametrize(
    ("first", "last", "kind"),
    [
        ("Heirs of", "Ida Moss", "estate"),
        ("Ida", "Moss Estate", "estate"),
        ("Ida", "Moss Rev Tr", "trust"),
        ("Town of", "Florence", "government"),
        ("Moss Dairy LLC", "Moss Dairy LLC", "company"),
        ("Mary Jo", "Co", "person"),
        ("Ida", "Bank", "person"),
    ],
)
def test_kinds_of_owners_in_two_columns(first, last, kind):
    assert check({"first_name": first, "last_name": last} | AT).owner_kind == kind


def test_a_generation_after_a_comma_is_kept_in_the_first_column():
    checked = check({"first_name": "Ray, Jr.", "last_name": "Kemper"} | AT)
    assert (checked.fields["first_name"], checked.generation) == ("Ray", "JR")


def test_a_company_in_both_columns_is_named_once():
    assert check({"first_name": "Moss Dairy LLC", "last_name": "Moss Dairy LLC"} | AT).owner_name == "Moss Dairy LLC"
