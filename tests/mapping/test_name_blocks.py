"""Column names that make sense only together: with unknown words, ordinals, or the words of two addresses."""

import pytest

from batches.mapping.guessing import guess_mapping
from tests.samples.columns import guess


def test_another_person_is_never_the_owner_without_a_question():
    found, asked = guess(
        "Surveyor First Name=first_name; Surveyor Last Name=last_name; Surveyor Phone=phone; "
        "Address=address; City=city; State=state; Zip=zip"
    )
    assert asked >= {"first_name", "last_name", "phone"}
    assert "address" not in asked
    assert found["address"] == ["Address"]


def test_a_word_before_more_than_half_of_the_columns_can_still_be_another_person():
    _, asked = guess("""
        Appraiser First Name=first_name; Appraiser Last Name=last_name; Appraiser Phone=phone; Appraiser Email=email
        Address=address; Zip=zip
    """)
    assert asked >= {"first_name", "last_name", "phone", "email"}


@pytest.mark.parametrize("order", [("Curator", "Ward"), ("Ward", "Curator")])
def test_only_one_of_two_unknown_people_is_guessed_and_it_is_asked_about(order):
    columns = "{0} First Name=first_name; {0} Last Name=last_name; {0} Street=address; {0} City=city; {0} Zip=zip"
    found, asked = guess("\n".join(columns.format(word) for word in order))
    guessed_people = {column.split()[0] for columns in found.values() for column in columns}
    assert len(guessed_people) == 1
    assert asked >= {"first_name", "last_name", "address", "city"}


def test_the_unknown_person_with_the_most_columns_is_guessed():
    found, asked = guess("""
        Ward First Name; Ward Last Name; Ward Street; Curator First Name=first_name; Curator Last Name=last_name
        Curator Street=mail_address; Curator City=mail_city; Curator State=mail_state; Curator Zip=mail_zip
        Site Address=address; Site City=city; Site State=state; Site Zip=zip
    """)
    assert found["first_name"] == ["Curator First Name"]
    assert found["mail_city"] == ["Curator City"]
    assert found["address"] == ["Site Address"]
    assert asked == {"first_name", "last_name", "mail_address", "mail_city", "mail_state", "mail_zip"}


def test_an_unknown_person_beside_a_named_owner_is_left_out():
    found, _ = guess("""
        Owner Name=full_name; Verifier First Name; Verifier Last Name; Verifier Phone; Address=address; City=city
        State=state; Zip=zip
    """)
    assert found == {
        "full_name": ["Owner Name"],
        "address": ["Address"],
        "city": ["City"],
        "state": ["State"],
        "zip": ["Zip"],
    }


def test_a_prefix_of_most_columns_is_ignored():
    found, asked = guess("""
        zz_owner=full_name; zz_site_street=address; zz_site_city=city; zz_site_state=state; zz_site_zip=zip
        zz_mailing_street=mail_address; zz_mailing_city=mail_city; zz_mailing_state=mail_state
        zz_mailing_zip=mail_zip; Phone=phone
    """)
    assert asked == set()
    assert found["mail_city"] == ["zz_mailing_city"]


def test_columns_called_non_property_are_asked_about():
    found, asked = guess("""
        Owner=full_name; Address=address; City=city; State=state; Zip=zip; Non-Property Street=mail_address
        Non-Property City=mail_city; Non-Property State=mail_state; Non-Property Zip=mail_zip
    """)
    assert found["mail_city"] == ["Non-Property City"]
    assert asked == {"mail_address", "mail_city", "mail_state", "mail_zip"}


def test_columns_that_begin_like_a_mailing_address_are_part_of_it():
    found, asked = guess("""
        Owner=full_name; Site Address=address; Site City=city; Site State=state; Site Zip=zip
        Taxable Mailing Address=mail_address; Taxable City=mail_city; Taxable State=mail_state; Taxable Zip=mail_zip
    """)
    assert found["mail_city"] == ["Taxable City"]
    assert found["city"] == ["Site City"]
    assert asked <= {"mail_address", "mail_city", "mail_state", "mail_zip"}


def test_a_block_of_columns_with_its_own_street_is_not_the_mailing_address():
    found, _ = guess("""
        app_name=full_name; app_mailing_street=mail_address; app_mailing_city=mail_city; app_mailing_zip=mail_zip
        app_street=address; app_city=city; app_state=state; app_zip=zip
    """)
    assert (found["city"], found["mail_city"]) == (["app_city"], ["app_mailing_city"])


def test_column_names_with_words_of_two_addresses_are_asked_about():
    _, asked = guess(
        "Owner=full_name; Parcel Owner Street=mail_address; Parcel Owner City=mail_city; Parcel Owner State=mail_state"
    )
    assert len(asked & {"address", "city", "state", "mail_address", "mail_city", "mail_state"}) == 3


@pytest.mark.parametrize(
    "name", ["First Titleholder", "Last Known Taxpayer", "Last Titleholder Name", "First Owner Taxpayer Name"]
)
def test_first_and_last_can_be_positions_in_a_list_of_owners(name):
    found, asked = guess(f"{name}=full_name; Address=address; City=city; State=state; Zip=zip")
    assert found["full_name"] == [name]
    assert not asked


def test_first_and_last_can_be_the_parts_of_one_name():
    found, asked = guess(
        "First Deedholder=first_name; Last Deedholder=last_name; Address=address; City=city; State=state"
    )
    assert (found["first_name"], found["last_name"]) == (["First Deedholder"], ["Last Deedholder"])
    assert not asked


def test_first_can_be_a_position_and_a_part_of_a_name_in_one_column_name():
    found, _ = guess("First Titleholder First Name=first_name; First Titleholder Last Name=last_name; Address=address")
    assert found["last_name"] == ["First Titleholder Last Name"]


def test_whole_names_in_a_column_called_surname_are_asked_about():
    found, asked = guess("Surname=full_name; Address=address; City=city; State=state; Zip=zip")
    assert found["full_name"] == ["Surname"]
    assert asked == {"full_name"}


def test_a_last_name_can_be_a_company():
    found, _ = guess(
        "Taxpayer First=first_name; Taxpayer Surname or Business=last_name; Address=address; City=city; State=state"
    )
    assert found["last_name"] == ["Taxpayer Surname or Business"]


def test_two_addresses_whose_columns_are_named_differently_are_asked_about():
    found, asked = guess("""
        Owner=full_name; Street=mail_address; Town and State=mail_place; Zip=mail_zip; Full Street=address
        City Name=city; ZipCode=zip
    """)
    assert asked >= {"address", "city", "zip", "mail_address", "mail_place", "mail_zip"}
    assert found["mail_place"] == ["Town and State"]
    assert found["address"] == ["Full Street"]


def test_two_addresses_whose_columns_are_numbered_are_not_asked_about():
    _, asked = guess(
        "Owner=full_name; Addr=address; Town=city; ST=state; Addr_2=mail_address; Town_2=mail_city; ST_2=mail_state"
    )
    assert not asked


def test_a_street_column_that_names_its_address_is_preferred():
    found, _ = guess("""
        Owner=full_name; Street=mail_address; Site City=city; Site State=state; Site Street=address; Site Zip=zip
        Billing Street=mail_address; Billing City=mail_city; Billing State=mail_state; Billing Zip=mail_zip
    """)
    assert found["address"] == ["Site Street"]


def test_the_columns_of_two_addresses_may_alternate():
    columns = ["Owner", "Street", "Street", "Town", "Town", "State", "State"]
    rows = [["HOLLOWAY MARGARET", f"{n} Oak St", f"{n} Elm St", "Mesa", "Tempe", "AZ", "AZ"] for n in range(1, 5)]
    guesses = guess_mapping(columns, rows)
    assert [guesses.mapping[name] for name in ("address", "city", "state")] == [[1], [3], [5]]
    assert [guesses.mapping[name] for name in ("mail_address", "mail_city", "mail_state")] == [[2], [4], [6]]


def test_a_flag_named_like_an_address_is_not_guessed_to_be_one():
    found, asked = guess("Owner=full_name; Address=address; City=city; Mail=Yes/No/Yes/Yes; State=state; Zip=zip")
    assert found["state"] == ["State"]
    assert not asked
