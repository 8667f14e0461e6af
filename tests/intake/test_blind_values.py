"""Kinds of values that were once read wrong. See tests/samples/blind_values.py."""

import pytest

from batches.intake.person_keys import hash_strings, make_fingerprints, make_former_fingerprints
from batches.intake.row_check import check
from batches.people.owner_kinds import judge_full_name
from batches.people.owner_placeholders import is_placeholder
from tests.samples import blind_values

MAILING_ADDRESS = {"mail_address": "9 Elm St", "mail_city": "Tampa", "mail_state": "FL", "mail_zip": "33602"}
PLACE = {"city": "Tampa", "state": "FL", "zip": "33602"}
NAMES = ["first_name", "middle_name", "last_name"]
NAME = {"full_name": "Wanda Pruitt"}


@pytest.mark.parametrize("row", blind_values.NAMES)
def test_names_are_split_where_the_surname_ends(row):
    order, text, *expected = row
    fields = check({"full_name": text} | MAILING_ADDRESS, order).fields
    assert [fields.get(name, "") for name in ("first_name", "middle_name", "last_name")] == expected


@pytest.mark.parametrize("row", blind_values.CO_OWNERS)
def test_a_second_owner_is_somebody_who_is_named(row):
    order, text, expected = row
    checked = check({"full_name": text} | MAILING_ADDRESS, order)
    second = checked.co_owner
    assert checked.owner_kind == "person"
    assert (f"{second.first} {second.last}" if second else "") == expected


@pytest.mark.parametrize("row", blind_values.NAME_CELLS)
def test_placeholders_and_roll_words_are_no_part_of_a_name(row):
    first, last, *expected = row
    fields = check({"first_name": first, "last_name": last} | MAILING_ADDRESS).fields
    assert [fields.get(name, "") for name in ("first_name", "last_name")] == expected


def test_an_owner_whose_first_name_is_a_placeholder_can_be_a_company():
    checked = check({"first_name": "Owner", "last_name": "Acme LLC"} | MAILING_ADDRESS)
    assert (checked.owner_kind, checked.owner_name) == ("company", "Acme LLC")


@pytest.mark.parametrize("text", ["NMN", "NMI"])
def test_no_middle_name_is_sent_for_the_letters_that_say_that_there_is_none(text):
    row = {"first_name": "Ada", "middle_name": text, "last_name": "Webb"}
    assert "middle_name" not in check(row | MAILING_ADDRESS).fields


def test_a_grid_number_is_the_same_with_and_without_a_space():
    spaced, joined = (check({"address": f"{number} Oak Ave"} | PLACE | NAME) for number in ("N89 W16840", "N89W16840"))
    assert spaced.fingerprint == joined.fingerprint


def test_people_at_a_grid_number_with_a_space_are_still_recognised_by_their_former_key():
    row = {"first_name": "Ada", "last_name": "Webb", "address": "N89 W16840 Oak Ave"} | PLACE
    former = hash_strings(["ada", "webb", "n89 w16840 oak ave", "", "tampa", "FL", "33602"])
    assert former in set(make_former_fingerprints(check(row).fields))


def test_people_with_two_surnames_are_still_recognised_by_the_key_under_which_one_was_the_first_name():
    former = check({"first_name": "Jones", "middle_name": "Rita", "last_name": "Park"} | MAILING_ADDRESS).fields
    now = check({"full_name": "PARK JONES RITA"} | MAILING_ADDRESS, "last_first").fields
    assert (now["first_name"], now["last_name"]) == ("Rita", "Park Jones")
    assert set(make_fingerprints(former)) <= set(make_former_fingerprints(now))


@pytest.mark.parametrize("text", ["33602+1234", "33602-XXXX", "33602/33603"])
def test_the_first_five_digits_of_an_odd_zip_are_read(text):
    assert check(NAME | PLACE | {"address": "1 Oak St", "zip": text}).fields["zip"] == "33602"


@pytest.mark.parametrize(
    ("city", "state", "expected"),
    [
        ("Tampa Florida", "FL", ("Tampa", "FL")),
        ("Mount Penn", "PA", ("Mount Penn", "PA")),
        ("Washington D.C.", "", ("Washington", "DC")),
    ],
)
def test_a_state_after_a_city_is_no_part_of_its_name(city, state, expected):
    fields = check(NAME | {"address": "1 Oak St", "city": city, "state": state}).fields
    assert (fields["city"], fields["state"]) == expected


@pytest.mark.parametrize("street", ["#12 Oak St", "# 12 Oak St", "NO 12 Oak St"])
def test_a_sign_before_a_house_number_is_dropped(street):
    assert check(NAME | PLACE | {"address": street}).fields["address"] == "12 Oak St"


def test_a_floor_in_the_column_of_units_is_read_and_recognised_by_its_former_key():
    row = {"first_name": "Ada", "last_name": "Webb", "address": "12 Oak St"} | PLACE
    fields = check(row | {"unit": "2FL"}).fields
    assert fields["unit"] == "Fl 2"
    assert hash_strings(["ada", "webb", "12 oak st", "2fl", "tampa", "FL", "33602"]) in make_former_fingerprints(fields)


def test_a_grid_number_of_five_digits_is_no_zip():
    fields = check({"full_address": "N6W23001 Oak Rd Waukesha WI"} | NAME | MAILING_ADDRESS).fields
    assert (fields["address"], fields["city"], fields.get("zip")) == ("N6W23001 Oak Rd", "Waukesha", None)


@pytest.mark.parametrize("text", blind_values.LACKING_SURNAMES)
def test_a_name_that_may_have_no_surname_is_asked_about(text):
    warnings = check({"full_name": text} | MAILING_ADDRESS, "last_first").warnings
    assert [warning.kind for warning in warnings] == ["no_surname"]


@pytest.mark.parametrize("row", blind_values.KINDS)
def test_owners_that_read_like_people_are_told_apart_or_asked_about(row):
    text, kind, doubt = row
    assert judge_full_name(text) == (kind, doubt)


@pytest.mark.parametrize("text", blind_values.HIDDEN_OWNERS)
def test_an_owner_who_is_hidden_by_law_is_nobody(text):
    assert is_placeholder(text)


@pytest.mark.parametrize("text", ["PER OLSSON", "OWNER PERCY", "RECORD FRANCES"])
def test_names_with_such_words_are_still_names(text):
    assert not is_placeholder(text)


@pytest.mark.parametrize("row", blind_values.STREETS)
def test_units_without_a_word_for_them_are_split_off(row):
    text, *expected = row
    fields = check({"address": text} | PLACE | NAME).fields
    assert [fields["address"], fields.get("unit", "")] == expected


@pytest.mark.parametrize("row", blind_values.WHOLE_ADDRESSES)
def test_a_whole_address_without_a_state_is_split(row):
    text, *expected = row
    fields = check({"full_address": text, "state": "FL"} | NAME | MAILING_ADDRESS).fields
    if not expected[2]:
        # Without a city, the property cannot be sent.
        assert "address" not in fields
    else:
        assert [fields.get(name, "") for name in ("address", "unit", "city")] == expected


def test_a_street_that_ends_with_its_city_gives_the_city_if_there_is_no_other():
    fields = check({"address": "77 Spruce St, Tampa, FL", "zip": "33602"} | NAME).fields
    assert {name: fields[name] for name in ("address", "city", "state")} == {
        "address": "77 Spruce St",
        "city": "Tampa",
        "state": "FL",
    }


@pytest.mark.parametrize("others", [{}, {"state": "FL", "zip": "33602"}])
def test_a_state_and_a_zip_are_not_a_city(others):
    checked = check({"address": "77 Spruce St", "city": "FL 33602"} | others | NAME)
    assert checked.fields["state"] == "FL"
    assert checked.fields["zip"] == "33602"
    assert [problem.field for problem in checked.problems] == ["city"]


@pytest.mark.parametrize(
    ("street", "written"),
    [("77 Spruce St 3", "3"), ("77 Spruce St DN", "Dn"), ("77 Spruce St 3B", "3B"), ("77 Spruce St 3FL", "3FL")],
)
def test_people_are_still_recognised_by_the_key_that_they_had_with_the_unit_in_the_street(street, written):
    place = {"first_name": "Wanda", "last_name": "Pruitt"} | PLACE
    fields = check({"address": street} | place).fields
    former = check({"address": "77 Spruce St"} | place).fields | {"address": f"77 Spruce St {written}"}
    [key] = list(make_fingerprints(former))
    assert key in set(make_former_fingerprints(fields))


@pytest.mark.parametrize(
    ("given", "first", "middle"),
    [
        ("Ada C", "Ada", "C"),
        ("Ada C.", "Ada", "C"),
        ("Mary Ann C", "Mary Ann", "C"),
        ("A C", "A C", ""),
        ("Ada Bo", "Ada Bo", ""),
    ],
)
def test_an_initial_after_a_first_name_is_the_middle_name(given, first, middle):
    fields = check({"first_name": given, "last_name": "Webb Jr"} | MAILING_ADDRESS).fields
    assert (fields["first_name"], fields.get("middle_name", ""), fields["last_name"]) == (first, middle, "Webb")


def test_a_middle_name_of_its_own_is_kept():
    row = {"first_name": "Ada C", "middle_name": "Claire", "last_name": "Webb Jr"}
    assert check(row | MAILING_ADDRESS).fields["middle_name"] == "Claire"


def test_people_who_were_suppressed_with_an_initial_in_their_first_name_still_are():
    before = {"first_name": "Ada C", "last_name": "Webb"} | MAILING_ADDRESS
    now = check(before).fields
    assert now["first_name"] == "Ada"
    assert set(make_fingerprints(before)) <= set(make_former_fingerprints(now))


def test_a_zip_with_any_number_of_decimals_that_are_zero_is_read():
    assert check(NAME | PLACE | {"address": "1 Oak St", "zip": "33602.00"}).fields["zip"] == "33602"


@pytest.mark.parametrize("field", [*NAMES, *PLACE, "address", "unit", "phone", "email"])
@pytest.mark.parametrize("text", ["XXXXX", "zzz", "aaaa", "-----", "000", "####", "X/X", "XXX XXX", "x" * 25, "-" * 30])
def test_one_character_again_and_again_is_a_placeholder(field, text):
    row = {"first_name": "Ada", "last_name": "Webb", "address": "1 Oak St"} | PLACE | MAILING_ADDRESS
    assert check(row | {field: text}) == check(row | {field: ""})


@pytest.mark.parametrize(("field", "text"), [("first_name", "Aaa"), ("unit", "111"), ("zip", "33333")])
def test_three_letters_or_digits_that_are_alike_are_kept(field, text):
    row = {"first_name": "Ada", "last_name": "Webb", "address": "1 Oak St"}
    assert check(row | PLACE | {field: text}).fields[field] == text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"address": "77 SW 8th St Unit 5"}, {"address": "77 S.W. 8th Street, Apt 5", "state": "Florida"}),
        ({"address": "77 SW 8th St Unit 5"}, {"address": "77 Southwest Eighth St", "unit": "#05"}),
        ({"address": "77 SW 8th St"}, {"address": "77 SW 08 ST"}),
        ({"address": "77 NW 21st Ave"}, {"address": "77 N.W. 21 Avenue"}),
        ({"address": "77 NW 11th Ave"}, {"address": "77 NW 11 Ave"}),
        ({"address": "77 Main St NE"}, {"address": "77 Main Street, N.E."}),
        ({"address": "77 Main St NE"}, {"address": "77 Main Street N E"}),
        ({"address": "PO Box 77"}, {"address": "P.O. Box 077"}),
        (
            {"address": "HC 2 Box 40", "city": "Lares", "state": "PR", "zip": "00669"},
            {"address": "HC-02 BUZON 40", "city": "LARES", "state": "P.R.", "zip": "669"},
        ),
        ({"first_name": "Mary-Ann"}, {"first_name": "MARY ANN"}),
    ],
)
def test_a_person_who_is_written_differently_is_the_same(one, other):
    row = {"first_name": "Ada", "last_name": "Webb", "address": "1 Oak St"} | PLACE
    assert check(row | one).fingerprint == check(row | other).fingerprint


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"address": "77 SW 8th St"}, {"address": "77 NW 8th St"}),
        ({"address": "77 SW 8th St"}, {"address": "77 SW 80th St"}),
        ({"address": "77 Oak St Apt 5"}, {"address": "77 Oak St Apt 50"}),
        ({"address": "77 Oak St", "unit": "Bldg 05"}, {"address": "77 Oak St", "unit": "Apt 05"}),
    ],
)
def test_people_at_different_addresses_stay_different(one, other):
    row = {"first_name": "Ada", "last_name": "Webb"} | PLACE
    assert check(row | one).fingerprint != check(row | other).fingerprint


@pytest.mark.parametrize(
    ("row", "former"),
    [
        ({"address": "HC 02 Box 40"}, ["ada", "webb", "hc 02 box 40", ""]),
        ({"address": "1 Oak St", "unit": "Apt 05"}, ["ada", "webb", "1 oak st", "05"]),
        ({"address": "77 SW 8 St"}, ["ada", "webb", "77 sw 8 st", ""]),
        ({"address": "77 S.W. 8th St"}, ["ada", "webb", "77 s w 8th st", ""]),
        ({"address": "1 Oak St", "first_name": "Ada-Jo"}, ["adajo", "webb", "1 oak st", ""]),
    ],
)
def test_people_are_still_recognised_by_their_key_from_before_zeros_and_stops_were_dropped(row, former):
    fields = check({"first_name": "Ada", "last_name": "Webb"} | PLACE | row).fields
    assert hash_strings([*former, "tampa", "FL", "33602"]) in set(make_former_fingerprints(fields))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("COASTAL NATL BANK REO DEPT", "company"),
        ("WATER DEPT", "government"),
        ("LA PALOMA TAQUERIA", "company"),
        ("VALUED HOMEOWNER", "none"),
        ("DEAR NEIGHBOR", "none"),
    ],
)
def test_departments_of_banks_and_spanish_shops_are_companies_and_greetings_are_nobody(text, kind):
    checked = check({"full_name": text} | MAILING_ADDRESS)
    is_named = not checked.fields.keys().isdisjoint(NAMES)
    assert ("none" if checked.owner_kind == "person" and not is_named else checked.owner_kind) == kind


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("Juan y Ana", "Robles", ("Juan", "Robles", "Ana Robles")),
        ("Ray, Bev & Tom", "Olsen", ("Ray", "Olsen", "Bev Olsen")),
        ("John, Jr & Mary", "Olsen", ("John", "Olsen", "Mary Olsen")),
    ],
)
def test_several_given_names_in_one_cell_are_several_people(first, last, expected):
    checked = check({"first_name": first, "last_name": last} | MAILING_ADDRESS)
    second = checked.co_owner
    names = checked.fields["first_name"], checked.fields["last_name"]
    assert (*names, f"{second.first} {second.last}") == expected


def test_an_and_between_dashes_separates_two_owners():
    checked = check({"full_name": "YAZZIE BENSON -AND- YAZZIE LORRAINE"} | MAILING_ADDRESS, "last_first")
    assert (checked.fields["first_name"], checked.co_owner.first, checked.co_owner.last) == (
        "Benson",
        "LORRAINE",
        "YAZZIE",
    )


@pytest.mark.parametrize(
    ("street", "expected"),
    [
        ("00450 PECAN DR", ("450 PECAN DR", "")),
        ("2300 CALLE ONCE APTO 3C", ("2300 CALLE ONCE", "Apt 3C")),
        ("1204 MAPLE ST., TAMPA, FL 33602", ("1204 MAPLE ST", "")),
        ("1204 MAPLE ST, RENO, NV 89501", ("1204 MAPLE ST RENO NV 89501", "")),
        ("LOT 12 BLK 3 OAK HILLS ADDN", ("", "")),
        ("SEC 12 T2N R3W NW4", ("", "")),
        ("BLK 7 LOT 3", ("", "")),
        ("LOT 12 OAK ST", ("LOT 12 OAK ST", "")),
    ],
)
def test_a_street_is_sent_without_padding_its_city_or_a_survey(street, expected):
    fields = check(NAME | PLACE | {"address": street} | MAILING_ADDRESS).fields
    assert (fields.get("address", ""), fields.get("unit", "")) == expected


@pytest.mark.parametrize(
    ("text", "state", "expected"),
    [("1,057", "MA", "01057"), ("77,008", "TX", "77008"), ("77008/1234", "TX", "77008"), ("770,081", "TX", "")],
)
def test_zips_that_a_spreadsheet_has_formatted_are_read(text, state, expected):
    row = NAME | {"address": "1 Oak St", "city": "Tampa", "state": state, "zip": text}
    assert check(row).fields.get("zip", "") == expected


@pytest.mark.parametrize("text", ["713\N{BULLET}555\N{BULLET}0117", "713_555_0117", "713 ~ 555 ~ 0117"])
def test_phones_with_unusual_separators_are_read(text):
    assert check(NAME | MAILING_ADDRESS | {"phone": text}).fields["phone"] == "7135550117"


@pytest.mark.parametrize("text", ["iris@example.com/bo@example.com", "[iris@example.com](mailto:iris@example.com)"])
def test_the_first_of_several_emails_is_read_whatever_separates_them(text):
    assert check(NAME | MAILING_ADDRESS | {"email": text}).fields["email"] == "iris@example.com"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("UNKNOWN TENANT IN POSSESSION", "none"),
        ("OCCUPANTS OF THE PREMISES", "none"),
        ("TENANT #2", "none"),
        ("PRIVACY REQUESTED", "none"),
        ("CAPITAL ONE BANK (USA), N.A.", "company"),
        ("TIERRA VERDE S DE RL DE CV", "company"),
        ("RELIGIOUS SOCIETY OF FRIENDS", "church"),
        ("WAT BUDDHA DHAMMARAM", "church"),
    ],
)
def test_owners_without_a_name_and_rarer_bodies_are_told_from_people(text, kind):
    checked = check({"full_name": text} | MAILING_ADDRESS)
    is_named = not checked.fields.keys().isdisjoint(NAMES)
    assert ("none" if checked.owner_kind == "person" and not is_named else checked.owner_kind) == kind


@pytest.mark.parametrize(
    ("text", "order", "expected"),
    [
        ("LYLE BARTON, ET AL., DEFENDANTS", "first_last", ("Lyle", "", "Barton")),
        ("ELIAS CROFT, IF LIVING", "first_last", ("Elias", "", "Croft")),
        ("LANTZ GILBERT CONTRACT FOR DEED", "last_first", ("Gilbert", "", "Lantz")),
        ("Fr. Tom Keough, OSB", "first_last", ("Tom", "", "Keough")),
        ("Prof. Emerita Helga Stroud", "first_last", ("Helga", "", "Stroud")),
        ("VAN'T HOF KLAAS", "last_first", ("Klaas", "", "Van'T Hof")),
    ],
)
def test_remarks_of_courts_titles_and_orders_are_no_part_of_a_name(text, order, expected):
    fields = check({"full_name": text} | MAILING_ADDRESS, order).fields
    assert tuple(fields.get(name, "") for name in NAMES) == expected


def test_two_names_with_a_dash_between_them_are_two_owners():
    checked = check({"full_name": "SOTO OSCAR - SOTO DELFINA"} | MAILING_ADDRESS, "last_first")
    assert (checked.fields["first_name"], checked.co_owner.first) == ("Oscar", "DELFINA")


@pytest.mark.parametrize("title", ["Dr", "Mrs."])
def test_a_title_in_place_of_the_first_name_leaves_the_whole_name_in_the_other_column(title):
    fields = check({"first_name": title, "last_name": "Helga Stroud"} | MAILING_ADDRESS).fields
    assert (fields["first_name"], fields["last_name"]) == ("Helga", "Stroud")


@pytest.mark.parametrize(
    ("street", "expected"),
    [
        ("1421 MAIN ST [VACANT]", ("1421 MAIN ST", "")),
        ("1423 MAIN ST - CORNER LOT", ("1423 MAIN ST", "")),
        ("1425 MAIN ST ***DEMOLISHED***", ("1425 MAIN ST", "")),
        ("1427 Main St aka 20 Elm Pl", ("1427 Main St", "")),
        ("1429 MAIN ST (BEHIND CHURCH)", ("1429 MAIN ST", "")),
        ("1431 MAIN ST (REAR)", ("1431 MAIN ST", "Rear")),
        ("OAK ST & 3RD ST", ("", "")),
        ("1 MI N OF COURTHOUSE", ("", "")),
        ("TAX MAP 12 LOT 4", ("", "")),
        ("414 LYNN ST APT/SUITE 6", ("414 LYNN ST", "Apt 6")),
        ("416 LYNN ST UNITS A & B", ("416 LYNN ST", "Unit A & B")),
        ("922 BAY ST; UNIT 8", ("922 BAY ST", "Unit 8")),
        ("1 MILE RD", ("1 MILE RD", "")),
    ],
)
def test_remarks_about_a_place_are_no_part_of_its_address(street, expected):
    fields = check(NAME | PLACE | {"address": street} | MAILING_ADDRESS).fields
    assert (fields.get("address", ""), fields.get("unit", "")) == expected


def test_a_route_and_its_box_on_two_lines_are_one_address():
    row = {"mail_address": "RR 1", "mail_unit": "BOX 40", "mail_city": "Toledo", "mail_state": "OH"}
    assert check(NAME | row).fields["mail_address"] == "RR 1 BOX 40"


@pytest.mark.parametrize(
    ("city", "state", "zip_code", "expected"),
    [
        ("FPO", "Armed Forces Europe", "9620", ("FPO", "AE", "09620")),
        ("Pierre", "So. Dak.", "57501", ("Pierre", "SD", "57501")),
        ("Roanoke", "Commonwealth of Virginia", "24011", ("Roanoke", "VA", "24011")),
        ("MESA *", "AZ", "85201", ("MESA", "AZ", "85201")),
        ("Mesa; AZ; 85201", "AZ", "85201", ("Mesa", "AZ", "85201")),
        ("Mesa", "AZ", "85201 (rural)", ("Mesa", "AZ", "85201")),
        ("Mesa", "AZ", "US 85201", ("Mesa", "AZ", "85201")),
        ("Mesa", "AZ", "85201;", ("Mesa", "AZ", "85201")),
    ],
)
def test_places_with_marks_and_rarer_states_are_read(city, state, zip_code, expected):
    fields = check(NAME | {"address": "1 Oak St", "city": city, "state": state, "zip": zip_code}).fields
    assert (fields["city"], fields["state"], fields["zip"]) == expected


def test_a_foreign_address_is_not_sent_because_its_province_is_written_like_a_state():
    row = {"address": "PRINSENGRACHT 40", "city": "AMSTERDAM", "state": "NH", "zip": "1015 DX"}
    assert "address" not in check(NAME | MAILING_ADDRESS | row | {"country": "NETHERLANDS"}).fields


@pytest.mark.parametrize(
    ("text", "expected"),
    [("+63 917 555 0100", ""), ("+7135550117", "7135550117"), ("+1 713 555 0117", "7135550117")],
)
def test_foreign_phones_are_not_cut_to_american_ones(text, expected):
    assert check(NAME | MAILING_ADDRESS | {"phone": text}).fields.get("phone", "") == expected


def test_an_apostrophe_in_an_email_does_not_cut_it():
    text = "rosa.o'neil@example.com"
    assert check(NAME | MAILING_ADDRESS | {"email": text}).fields["email"] == text


def test_township_roads_are_the_same_in_both_spellings():
    rows = (NAME | PLACE | {"address": f"14233 {road} 88"} for road in ("Township Road", "TOWNSHIP RD"))
    first, second = (check(row).fingerprint for row in rows)
    assert first == second
