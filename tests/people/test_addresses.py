import itertools

import pytest

from batches.people.address_keys import key_of, key_of_unit
from batches.people.addresses import (
    is_address_placeholder,
    normalise_unit,
    put_number_first,
    read_plain,
    shorten,
    split_unit,
    tidy,
)
from batches.people.places import split_place
from batches.people.states import find_state
from batches.people.whole_addresses import split_whole


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
        ("1 OAK STREET APARTMENT 12C", ("1 OAK STREET", "Apt 12C")),
        ("1 Oak St Suite 3B", ("1 Oak St", "Ste 3B")),
    ],
)
def test_a_unit_in_an_address_is_split_off(street, expected):
    assert split_unit(street) == expected


@pytest.mark.parametrize(
    ("text", "unit"),
    [("APT. 4B", "Apt 4B"), ("# 12", "12"), ("Apt #4", "Apt 4"), ("4", "4"), ("Rear", "Rear")],
)
def test_units_are_normalised(text, unit):
    assert normalise_unit(text) == unit


def test_spellings_of_one_unit_have_the_same_key():
    assert {key_of_unit(text) for text in ("APT 4B", "#4b", "Unit 4B", "4b")} == {"4b"}
    assert key_of_unit("Bldg 4") != key_of_unit("Apt 4")


def test_spellings_of_one_street_have_the_same_key():
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
        ("1 Oak St. Unit 4. Palo Alto. CA. 94301", ("1 Oak St. Unit 4", "Palo Alto", "CA", "94301")),
        ("1 Oak Blvd. North, Tampa, FL 33602", ("1 Oak Blvd. North", "Tampa", "FL", "33602")),
        ("1 Dr. King Ave, St. Paul, MN 55101", ("1 Dr. King Ave", "St. Paul", "MN", "55101")),
        ("1 Oak St", ("1 Oak St", "", "", "")),
        ("1 a" + ", b" * 9_000, ("1 a" + ", b" * 9_000, "", "", "")),
    ],
)
def test_whole_addresses_are_split(text, parts):
    assert split_whole(text) == parts


def test_a_city_state_and_zip_are_split():
    assert split_place("HERNDON VA 201701234") == ("HERNDON", "VA", "20170")
    assert split_place("Herndon") == ("Herndon", "", "")


STREET_NAMES = ["MAIN", "Oak", "OF", "THE", "ATTWOOD", "CARE", "HIGHWAY", "5", "B", "N", "w", "North", "NE"]
STREET_TYPES = ["Street", "ST", "Ave", "un", "Key", "Lot", "Court", "Terrace"]
STREET_ENDS = ["", "APT 4", "Apt B", "# 4", "Unit 12", "FL 2", "Lot 7", "NW", "Rear", "4F"]


def test_the_fast_reader_of_plain_addresses_agrees_with_the_full_one():
    plain_count = 0
    combinations = itertools.product(["12", "007", "1.0", ""], ["", *STREET_NAMES], STREET_NAMES, STREET_TYPES)
    for number, first_word, second_word, street_type in combinations:
        for end in STREET_ENDS:
            street = " ".join(filter(None, [number, first_word, second_word, street_type, end]))
            if plain := read_plain(street):
                plain_count += 1
                rest, unit = split_unit(tidy(street))
                assert plain == (shorten(rest), unit), street
    assert plain_count > 1000


@pytest.mark.parametrize("route", ["Rural Route 2", "R R 2", "RFD 2", "Rural Rt 2", "RR #2"])
def test_rural_routes_are_written_alike(route):
    assert shorten(f"{route} Box 14A") == "RR 2 Box 14A"
    assert shorten("Highway Contract Route 2, Box 9") == "HC 2 Box 9"


@pytest.mark.parametrize(
    ("text", "unit"),
    [("Apartment No. 7", "Apt 7"), ("Unit No 7", "Unit 7"), ("Lower Level", "Lowr"), ("Mailstop 7", "Stop 7")],
)
def test_units_with_several_words_are_split_off(text, unit):
    assert split_unit(f"12 Oak St {text}") == ("12 Oak St", unit)


def test_the_house_number_after_a_numbered_road_is_put_first():
    assert put_number_first("County Road 9 #120") == "120 County Road 9"
    assert put_number_first("12 Highway 9 #120") == "12 Highway 9 #120"


@pytest.mark.parametrize(("text", "expected"), [("TBD Oak St", True), ("XXX Oak St", True), ("Bad River Rd", False)])
def test_a_placeholder_in_place_of_the_house_number_is_not_an_address(text, expected):
    assert is_address_placeholder(text) is expected


def test_a_short_state_is_cut_off_the_city_if_the_zip_is_in_it():
    assert split_place("Tampa Fla 33602") == ("Tampa", "FL", "33602")
    assert split_place("Port Del 33602") == ("Port Del", "", "33602")
    assert split_place("SAN JUAN P R 00907") == ("SAN JUAN", "PR", "00907")
    assert split_place("St Thomas V. I. 00802") == ("St Thomas", "VI", "00802")
    assert split_place("San Juan P R 33602") == ("San Juan P R", "", "33602")
    assert split_place("Hilo Hawai'i 96720") == ("Hilo", "HI", "96720")


@pytest.mark.parametrize(
    ("text", "street"),
    [
        ("1 Oak St 3RD FL Reno NV 89501", "1 Oak St 3RD FL"),
        ("1 Oak St third floor Reno NV 89501", "1 Oak St third floor"),
        ("1 Oak St Rear Reno NV 89501", "1 Oak St Rear"),
        ("1 Oak St Fl 3 Reno NV 89501", "1 Oak St Fl 3"),
        ("Rt 2 Box 18 Reno NV 89501", "Rt 2 Box 18"),
        ("Rte. 2, Box 18-A, Reno, NV 89501", "Rte. 2 Box 18-A"),
        ("RR#2 BOX #18 Reno NV 89501", "RR#2 BOX #18"),
        ("R.R. 2 Bx 18 Lot 5 Reno NV 89501", "R.R. 2 Bx 18 Lot 5"),
        ("HC 61 BOX 30 Reno NV 89501", "HC 61 BOX 30"),
        ("HCR 61 Box 30 Reno NV 89501", "HCR 61 Box 30"),
        ("RFD 2 Reno NV 89501", "RFD 2"),
        ("PO Drawer 9 Reno NV 89501", "PO Drawer 9"),
        ("W204N11 Oak Dr Reno NV 89501", "W204N11 Oak Dr"),
        ("1 E 700 S Reno NV 89501", "1 E 700 S"),
        ("1 S 1200 W #4 Reno NV 89501", "1 S 1200 W #4"),
        ("1 Co Rd 12 Reno NV 89501", "1 Co Rd 12"),
        ("1 I-80 E Reno NV 89501", "1 I-80 E"),
        ("1 Broadway Reno NV 89501", "1 Broadway"),
        ("1 Broadway Apt 4 Reno NV 89501", "1 Broadway Apt 4"),
        ("1 Camino Verde # 4 Reno NV 89501", "1 Camino Verde # 4"),
        ("1 Oak St 3B Reno NV 89501", "1 Oak St 3B"),
        ("Apt 4 1 Oak St Reno NV 89501", "Apt 4 1 Oak St"),
        ("#4 1 Oak St Reno NV 89501", "#4 1 Oak St"),
    ],
)
def test_a_floor_a_route_and_a_grid_number_are_kept_apart_from_the_city(text, street):
    assert split_whole(text) == (street, "Reno", "NV", "89501")


@pytest.mark.parametrize("city", ["Upper Darby", "Front Royal", "Lower Burrell", "Key Haven", "Ste Marie"])
def test_a_city_may_begin_with_the_word_for_a_unit(city):
    assert split_whole(f"1 Oak St {city} PA 19082")[:2] == ("1 Oak St", city)


def test_a_direction_after_a_street_is_the_citys_if_the_city_is_known_to_have_one():
    assert split_whole("1 Oak St N Las Vegas NV 89030")[:2] == ("1 Oak St", "N Las Vegas")
    assert split_whole("1 Oak St N Reno NV 89501")[:2] == ("1 Oak St N", "Reno")


def test_a_military_address_is_split_from_its_post_office():
    assert split_whole("PSC 3 Box 20 APO AE 09021") == ("PSC 3 Box 20", "APO", "AE", "09021")


@pytest.mark.parametrize(
    ("street", "short"),
    [("HC-61 Box 30", "HC 61 Box 30"), ("Rural Rte. 4 Bx 2", "RR 4 Bx 2"), ("HCR 61 Box 30", "HCR 61 Box 30")],
)
def test_routes_are_abbreviated(street, short):
    assert shorten(street) == short


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("Dist. of Columbia", "DC"),
        ("N. C.", "NC"),
        ("So. Car.", "SC"),
        ("State of Utah", "UT"),
        ("N C", "NC"),
        ("P R", "PR"),
        ("Hawai'i", "HI"),
        ("Hawai\N{MODIFIER LETTER TURNED COMMA}i", "HI"),
    ],
)
def test_older_abbreviations_of_states_are_known(text, state):
    assert find_state(text) == state
