"""Guesses from values: beside whole addresses, in place of empty columns, and of names; and what is asked for."""

import pytest

from batches.mapping.fields import find_lacking, find_settled
from tests.samples.columns import guess

PLACE = "Address=address; City=city; State=state; Zip=zip"
SITE = "Site Address=address; Site City=city; Site State=state; Site Zip=zip"


def test_a_state_of_somewhere_else_is_not_of_the_whole_address_beside_it():
    found, asked = guess("Owner=full_name; Address=whole; Login Town=Reston; State=VA; ZIP=20190")
    assert found == {"full_name": ["Owner"], "full_address": ["Address"]}
    assert not asked


def test_a_state_that_agrees_with_the_whole_address_beside_it_is_used():
    found, _ = guess("Owner=full_name; Address=whole; City=city; State=state; ZIP=zip")
    assert found["state"] == ["State"]


def test_a_city_that_disagrees_takes_its_state_with_it():
    found, _ = guess("Owner=full_name; Address=whole; City=mail_city; State=state")
    assert found == {"full_name": ["Owner"], "full_address": ["Address"]}


def test_townships_are_asked_about():
    found, asked = guess(
        "Owner=full_name; Town=Elk Township/Elk Township/Pine Twp/Pine Twp; Address=address; State=state"
    )
    assert found["city"] == ["Town"]
    assert asked == {"city"}


def test_a_column_is_not_guessed_for_two_cities():
    found, _ = guess("Owner=full_name; Address=mail_address; Locale=VA; Reg=state; Zip=zip")
    used = [column for columns in found.values() for column in columns]
    assert len(used) == len(set(used))


def test_a_filled_column_is_guessed_instead_of_an_empty_one():
    found, asked = guess(f"Owner=full_name; Cell; Evening=phone; {PLACE}")
    assert found["phone"] == ["Evening"]
    assert asked == {"phone"}


def test_a_second_phone_is_used_if_the_first_is_empty():
    found, asked = guess(f"Owner=full_name; Phone 1; Phone 2=phone; {PLACE}")
    assert found["phone"] == ["Phone 2"]
    assert not asked
    assert guess(f"Owner=full_name; Phone 1; Owner 2 Phone=phone; {PLACE}")[0]["phone"] == ["Phone 1"]


def test_the_number_of_a_case_is_not_a_state():
    found, _ = guess(
        "Docket=CA-2031-7/CA-2031-8/CA-2031-9/CA-2031-10; Owner=full_name; Address=address; City=city; Zip=zip"
    )
    assert "state" not in found


def test_one_name_beside_many_addresses_is_not_the_owner():
    found, asked = guess(f"Caseworker=Helen Brooks; {SITE}; Billing Address=mail_address; Billing City=mail_city")
    assert "full_name" not in found
    assert "full_name" in asked


def test_of_two_columns_of_names_the_more_varied_is_guessed():
    held = "Helen Brooks/Helen Brooks/Mary Jones/Helen Brooks"
    found, asked = guess(f"Checked By={held}; Liable Party=full_name; {SITE}")
    assert found["full_name"] == ["Liable Party"]
    assert "full_name" in asked


def test_of_two_varied_columns_of_names_the_nearest_to_the_owners_address_is_guessed():
    other = "Helen Brooks/Mary Jones/James Miller/John Clark"
    mail = "Billing Address=mail_address; Billing City=mail_city; Billing State=mail_state; Billing Zip=mail_zip"
    found, asked = guess(f"Signed={other}; {SITE}; Liable=full_name; {mail}")
    assert found["full_name"] == ["Liable"]
    assert "full_name" in asked


@pytest.mark.parametrize("line", ["Bill Line", "Taxpayer Address", "Owner Line", "Notice"])
def test_a_line_of_the_owners_address_can_hold_the_name(line):
    found, asked = guess(f"{line} 1=full_name; {line} 2=mail_address; {line} 3=mail_place; {SITE}")
    assert (found["full_name"], found["mail_address"]) == ([f"{line} 1"], [f"{line} 2"])
    assert "full_name" in asked


def test_an_empty_company_is_used_only_if_the_file_speaks_of_owners():
    names = "First Name=first_name; Last Name=last_name"
    assert "full_name" not in guess(f"{names}; Firm; {PLACE}")[0]
    assert guess(f"{names}; Firm; {SITE}")[0]["full_name"] == ["Firm"]


@pytest.mark.parametrize(
    ("fields", "lacking"),
    [
        (["first_name", "address", "city", "state"], ["last_name"]),
        (["last_name", "email"], ["first_name"]),
        (["full_name", "last_name", "email"], []),
        (["full_name", "city", "state"], ["address"]),
        (["full_name", "mail_place"], ["mail_address"]),
        (["address", "place", "mail_full_address"], ["full_name"]),
        (["full_address", "phone"], ["full_name"]),
        (["full_address"], []),
        (["mail_full_address"], []),
        (["email"], []),
        (["email", "phone"], []),
        (["city"], []),
    ],
)
def test_what_the_other_fields_need_is_asked_for(fields, lacking):
    assert find_lacking(fields) == lacking


def test_what_a_later_mapping_does_not_need_is_settled():
    assert find_settled(["first_name", "email"], ["full_name", "email"]) == {"last_name"}
    assert find_settled(["full_name", "address", "city"], ["full_name", "address"]) == set()
