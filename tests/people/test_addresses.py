import pytest

from batches.people.addresses import key_of, key_of_unit, normalise_unit, shorten, split_unit
from batches.people.places import split_place, split_whole


@pytest.mark.parametrize(
    ("street", "short"),
    [
        ("100 North Main Street", "100 N Main St"),
        ("100 NORTH MAIN STREET", "100 N MAIN ST"),
        ("123 NORTH AVENUE WEST", "123 NORTH AVE W"),
        ("12 North St", "12 North St"),
        ("5 Avenue B", "5 Avenue B"),
        ("123 E 5th Street NW", "123 E 5th St NW"),
        ("P.O. BOX 12", "PO Box 12"),
        ("Rural road", "Rural road"),
    ],
)
def test_streets_are_abbreviated(street, short):
    assert shorten(street) == short


@pytest.mark.parametrize(
    ("street", "expected"),
    [
        ("1 Oak St Apt 4", ("1 Oak St", "Apt 4")),
        ("1 Oak Street, Unit #4B", ("1 Oak Street", "Unit 4B")),
        ("1 Oak St #12", ("1 Oak St", "12")),
        ("1 Oak St", ("1 Oak St", "")),
        ("1 Apt Ct", ("1 Apt Ct", "")),
        ("77 Unit St", ("77 Unit St", "")),
        ("500 Parking Lot Rd", ("500 Parking Lot Rd", "")),
        ("123 Main St - Apt 4", ("123 Main St", "Apt 4")),
        ("1 Oak St Apt B", ("1 Oak St", "Apt B")),
    ],
)
def test_a_unit_in_an_address_is_split_off(street, expected):
    assert split_unit(street) == expected


def test_units_in_different_spellings_are_the_same():
    assert [normalise_unit(text) for text in ("APT. 4B", "# 12", "Apt #4", "4", "Rear")] == [
        "Apt 4B",
        "12",
        "Apt 4",
        "4",
        "Rear",
    ]
    assert {key_of_unit(text) for text in ("APT 4B", "#4b", "Unit 4B", "4b")} == {"4b"}
    assert key_of_unit("Bldg 4") != key_of_unit("Apt 4")
    assert key_of(shorten("100 North Main Street")) == key_of(shorten("100 n. main st."))


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("1 Oak St, Herndon, VA 20170", ("1 Oak St", "Herndon", "VA", "20170")),
        ("1 Oak St, Apt 4, Herndon, VA 20170-1234", ("1 Oak St, Apt 4", "Herndon", "VA", "20170")),
        ("1 Oak St, Saint Paul, MN, 55101", ("1 Oak St", "Saint Paul", "MN", "55101")),
        ("1 Oak St, Herndon VA", ("1 Oak St", "Herndon", "VA", "")),
        ("1 Oak St, Suite 5, Bldg 2, Reno, NV 89501-", ("1 Oak St, Suite 5, Bldg 2", "Reno", "NV", "89501")),
        ("1 Oak St, 2nd Floor, Reno, Nevada", ("1 Oak St, 2nd Floor", "Reno", "NV", "")),
        ("1 Oak St, Herndon, Fairfax County, VA 20170, USA", ("1 Oak St", "Herndon", "VA", "20170")),
        ("1 Oak St, Washington, D.C. 20001", ("1 Oak St", "Washington", "DC", "20001")),
        ("1 Oak St", ("1 Oak St", "", "", "")),
        ("1 a" + ", b" * 9_000, ("1 a" + ", b" * 9_000, "", "", "")),
    ],
)
def test_whole_addresses_are_split(text, parts):
    assert split_whole(text) == parts


def test_places_are_split():
    assert split_place("HERNDON VA 201701234") == ("HERNDON", "VA", "20170")
    assert split_place("Herndon") == ("Herndon", "", "")
