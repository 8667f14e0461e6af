"""Guesses from values, and the fields that are asked for because others need them."""

import pytest

from batches.mapping.fields import find_lacking_fields, find_settled
from tests.samples.columns import guess

ADDRESS_COLUMNS = "Address=address; City=city; State=state; Zip=zip"
SITE_COLUMNS = "Site Address=address; Site City=city; Site State=state; Site Zip=zip"


def test_a_state_that_disagrees_with_the_whole_address_beside_it_is_left_out():
    found, asked = guess("Owner=full_name; Address=whole; Login Town=Reston; State=VA; ZIP=20190")
    assert found == {"full_name": ["Owner"], "full_address": ["Address"]}
    assert not asked


def test_a_state_that_agrees_with_the_whole_address_beside_it_is_used():
    found, _ = guess("Owner=full_name; Address=whole; City=city; State=state; ZIP=zip")
    assert found["state"] == ["State"]


def test_the_state_beside_a_city_that_disagrees_with_the_whole_address_is_left_out_too():
    found, _ = guess("Owner=full_name; Address=whole; City=mail_city; State=state")
    assert found == {"full_name": ["Owner"], "full_address": ["Address"]}


def test_townships_are_asked_about():
    found, asked = guess(
        "Owner=full_name; Town=Elk Township/Elk Township/Pine Twp/Pine Twp; Address=address; State=state"
    )
    assert found["city"] == ["Town"]
    assert asked == {"city"}


def test_a_column_is_not_guessed_for_two_fields():
    found, _ = guess("Owner=full_name; Address=mail_address; Locale=VA; Reg=state; Zip=zip")
    used = [column for columns in found.values() for column in columns]
    assert len(used) == len(set(used))


def test_a_filled_column_is_guessed_instead_of_an_empty_one():
    found, asked = guess(f"Owner=full_name; Cell; Evening=phone; {ADDRESS_COLUMNS}")
    assert found["phone"] == ["Evening"]
    assert asked == {"phone"}


def test_a_second_phone_is_used_if_the_first_is_empty():
    found, asked = guess(f"Owner=full_name; Phone 1; Phone 2=phone; {ADDRESS_COLUMNS}")
    assert found["phone"] == ["Phone 2"]
    assert not asked
    found, _ = guess(f"Owner=full_name; Phone 1; Owner 2 Phone=phone; {ADDRESS_COLUMNS}")
    assert found["phone"] == ["Phone 1"]


def test_a_docket_number_that_begins_like_a_state_is_not_guessed_to_be_one():
    found, _ = guess(
        "Docket=CA-2031-7/CA-2031-8/CA-2031-9/CA-2031-10; Owner=full_name; Address=address; City=city; Zip=zip"
    )
    assert "state" not in found


def test_one_name_beside_many_addresses_is_not_the_owner():
    found, asked = guess(
        f"Caseworker=Helen Brooks; {SITE_COLUMNS}; Billing Address=mail_address; Billing City=mail_city"
    )
    assert "full_name" not in found
    assert "full_name" in asked


def test_the_more_varied_of_two_name_columns_is_guessed():
    few_names = "Helen Brooks/Helen Brooks/Mary Jones/Helen Brooks"
    found, asked = guess(f"Checked By={few_names}; Liable Party=full_name; {SITE_COLUMNS}")
    assert found["full_name"] == ["Liable Party"]
    assert "full_name" in asked


def test_the_name_column_next_to_the_mailing_address_is_guessed_if_two_are_varied():
    other_names = "Helen Brooks/Mary Jones/James Miller/John Clark"
    mail = "Billing Address=mail_address; Billing City=mail_city; Billing State=mail_state; Billing Zip=mail_zip"
    found, asked = guess(f"Signed={other_names}; {SITE_COLUMNS}; Liable=full_name; {mail}")
    assert found["full_name"] == ["Liable"]
    assert "full_name" in asked


@pytest.mark.parametrize("line", ["Bill Line", "Taxpayer Address", "Owner Line", "Notice"])
def test_a_line_of_the_owners_address_can_hold_the_name(line):
    found, asked = guess(f"{line} 1=full_name; {line} 2=mail_address; {line} 3=mail_place; {SITE_COLUMNS}")
    assert (found["full_name"], found["mail_address"]) == ([f"{line} 1"], [f"{line} 2"])
    assert "full_name" in asked


def test_an_empty_company_column_is_used_only_if_the_list_is_about_properties():
    names = "First Name=first_name; Last Name=last_name"
    found, _ = guess(f"{names}; Firm; {ADDRESS_COLUMNS}")
    assert "full_name" not in found
    found, _ = guess(f"{names}; Firm; {SITE_COLUMNS}")
    assert found["full_name"] == ["Firm"]


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
def test_fields_that_the_mapped_fields_need_are_asked_for(fields, lacking):
    assert find_lacking_fields(fields) == lacking


def test_a_field_that_a_later_mapping_no_longer_needs_is_settled():
    assert find_settled(["first_name", "email"], ["full_name", "email"]) == {"last_name"}
    assert find_settled(["full_name", "address", "city"], ["full_name", "address"]) == set()


def test_spanish_headers_are_read():
    found, asked = guess(
        "Nombre=Rita/Juan/Ana/Luz; Apellidos=Robles/Soto/Vega/Diaz; Direcci\xf3n=address; Ciudad=city; Estado=state; "
        "C\xf3digo Postal=zip; Tel\xe9fono=phone; Correo electr\xf3nico=email"
    )
    assert set(found) == {"first_name", "last_name", "address", "city", "state", "zip", "phone", "email"}
    assert not asked


def test_a_name_beside_a_last_name_is_a_whole_name_if_its_values_are():
    found, _ = guess(f"Name=full_name; Last Name=Webb/Hale/Roe/Berg; {ADDRESS_COLUMNS}")
    assert "first_name" not in found


def test_a_second_line_with_units_and_streets_after_care_of_lines_is_read():
    lines = "1 Oak St/C\N{FULLWIDTH SOLIDUS}O Ada Webb/3 Elm St/% Bo Roe"
    found, asked = guess(
        f"Owner=full_name; Mail Address 1={lines}; Mail Address 2=Apt 4/27 Lark Ln/Ste 5/PO Box 88; "
        "Mail City=city; Mail State=state; Mail Zip=zip"
    )
    assert (found["mail_address"], found["mail_unit"]) == (["Mail Address 1"], ["Mail Address 2"])
    assert not asked


def test_the_salesperson_of_a_contact_is_not_the_contact():
    found, _ = guess(
        f"Contact owner=Helen Brooks; Contact owner email=email; Email=email; Name=full_name; {ADDRESS_COLUMNS}"
    )
    assert (found["email"], found["full_name"]) == (["Email"], ["Name"])
