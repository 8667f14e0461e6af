"""Streets in several columns: their parts are joined, and no part is left out without asking about it."""

import pytest

from tests.samples.columns import guess

PLACE = "City=city; State=state; Zip=zip"


def test_a_street_without_house_numbers_is_asked_about():
    found, asked = guess(f"Owner=full_name; Street Dir=direction; Street Name=typed_street; {PLACE}")
    assert found["address"] == ["Street Dir", "Street Name"]
    assert asked == {"address"}


def test_house_numbers_in_a_column_with_an_unknown_name_are_joined_and_asked_about():
    found, asked = guess(f"Owner=full_name; Begin Rng=number; Begin Ext; St Name=street; St Type=type; {PLACE}")
    assert found["address"] == ["Begin Rng", "St Name", "St Type"]
    assert asked == {"address"}


def test_a_lot_is_not_a_house_number():
    found, asked = guess(f"Owner=full_name; Lot=41/48/55/62; St Name=street; St Type=type; {PLACE}")
    assert found["address"] == ["St Name", "St Type"]
    assert asked == {"address"}


@pytest.mark.parametrize(
    ("direction", "street_type"),
    [("str_dir_cd", "str_type_code"), ("street_predir_code", "street_suffix_abbr"), ("st_pre_dir_cd", "st_typ_cd")],
)
def test_directions_and_street_types_can_be_called_codes(direction, street_type):
    found, asked = guess(
        f"owner=full_name; house_no=number; {direction}=direction; street_name=street; {street_type}=type; {PLACE}"
    )
    assert found["address"] == ["house_no", direction, "street_name", street_type]
    assert not asked


def test_directions_and_types_in_columns_with_unknown_names_are_joined_and_asked_about():
    found, asked = guess(f"Owner=full_name; House No=number; Quad=direction; Street Name=street; Kind=type; {PLACE}")
    assert found["address"] == ["House No", "Quad", "Street Name", "Kind"]
    assert asked == {"address"}


def test_a_flag_is_not_a_direction():
    found, asked = guess(f"Owner=full_name; House No=number; Street Name=typed_street; Vacant=N; {PLACE}")
    assert found["address"] == ["House No", "Street Name"]
    assert not asked


def test_st_means_street_beside_a_house_number_and_otherwise_state():
    found, asked = guess("Owner=full_name; SITENO=number; SITEST=typed_street; SITECITY=city; SITEZIP=zip")
    assert found["address"] == ["SITENO", "SITEST"]
    assert asked == {"state"}
    found, _ = guess("Owner=full_name; SITENO=number; SITESTREET=typed_street; SITECITY=city; SITEST=state")
    assert found["state"] == ["SITEST"]


def test_a_street_in_a_column_with_an_unknown_name_is_joined_to_its_number_and_asked_about():
    found, asked = guess(
        "Owner=full_name; Bill House No=number; Bill Thfare=typed_street; Bill City=mail_city; Bill St=mail_state"
    )
    assert found["mail_address"] == ["Bill House No", "Bill Thfare"]
    assert asked == {"mail_address"}


def test_a_suffix_column_that_holds_directions_is_a_direction():
    found, _ = guess(
        "House No=number; Street Suffix=direction; Street Name=street; Street Type=type; City=city; State=state"
    )
    assert found["address"] == ["House No", "Street Name", "Street Type", "Street Suffix"]
