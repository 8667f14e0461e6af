"""Streets in several columns: none of their parts is left out without a question."""

import pytest

from tests.samples.columns import guess

PLACE = "City=city; State=state; Zip=zip"


def test_a_street_without_house_numbers_is_asked_about():
    found, asked = guess(f"Owner=full_name; Street Dir=direction; Street Name=typed_street; {PLACE}")
    assert found["address"] == ["Street Dir", "Street Name"]
    assert asked == {"address"}


def test_house_numbers_of_an_unknown_column_are_joined_and_asked_about():
    found, asked = guess(f"Owner=full_name; Begin Rng=number; Begin Ext; St Name=street; St Type=type; {PLACE}")
    assert found["address"] == ["Begin Rng", "St Name", "St Type"]
    assert asked == {"address"}


def test_a_lot_is_not_a_house_number():
    found, asked = guess(f"Owner=full_name; Lot=41/48/55/62; St Name=street; St Type=type; {PLACE}")
    assert found["address"] == ["St Name", "St Type"]
    assert asked == {"address"}


@pytest.mark.parametrize(
    ("kind", "pre"),
    [("str_type_code", "str_dir_cd"), ("street_suffix_abbr", "street_predir_code"), ("st_typ_cd", "st_pre_dir_cd")],
)
def test_directions_and_types_can_be_called_codes(kind, pre):
    found, asked = guess(f"owner=full_name; house_no=number; {pre}=direction; street_name=street; {kind}=type; {PLACE}")
    assert found["address"] == ["house_no", pre, "street_name", kind]
    assert not asked


def test_types_and_directions_of_unknown_columns_are_joined_and_asked_about():
    found, asked = guess(f"Owner=full_name; House No=number; Quad=direction; Street Name=street; Kind=type; {PLACE}")
    assert found["address"] == ["House No", "Quad", "Street Name", "Kind"]
    assert asked == {"address"}


def test_a_flag_is_not_a_direction():
    found, asked = guess(f"Owner=full_name; House No=number; Street Name=typed_street; Vacant=N; {PLACE}")
    assert found["address"] == ["House No", "Street Name"]
    assert not asked


def test_st_is_a_street_beside_a_house_number():
    found, asked = guess("Owner=full_name; SITENO=number; SITEST=typed_street; SITECITY=city; SITEZIP=zip")
    assert found["address"] == ["SITENO", "SITEST"]
    assert asked == {"state"}
    found, _ = guess("Owner=full_name; SITENO=number; SITESTREET=typed_street; SITECITY=city; SITEST=state")
    assert found["state"] == ["SITEST"]


def test_a_street_of_an_unknown_column_is_joined_to_its_number_and_asked_about():
    found, asked = guess(
        "Owner=full_name; Bill House No=number; Bill Thfare=typed_street; Bill City=mail_city; Bill St=mail_state"
    )
    assert found["mail_address"] == ["Bill House No", "Bill Thfare"]
    assert asked == {"mail_address"}


def test_a_suffix_that_holds_directions_is_one():
    found, _ = guess(
        "House No=number; Street Suffix=direction; Street Name=street; Street Type=type; City=city; State=state"
    )
    assert found["address"] == ["House No", "Street Name", "Street Type", "Street Suffix"]
