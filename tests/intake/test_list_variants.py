"""Values of each kind as real lists spell them. See tests/samples/variants.py."""

from types import SimpleNamespace

import pytest

from batches.intake.row_check import check
from batches.intake.row_reader import RowReader
from batches.people.owner_words import PERSON
from tests.samples import variants

MAILING_ADDRESS = {"mail_address": "100 Elm St", "mail_city": "Dallas", "mail_state": "TX", "mail_zip": "75201"}


def list_names(checked):
    """Return a row's first, middle and last name and its second owner, in lower case."""
    names = [checked.fields.get(f"{part}_name", "") for part in ("first", "middle", "last")]
    second_owner = checked.co_owner
    names.append(f"{second_owner.first} {second_owner.last}" if second_owner else "")
    return [name.casefold() for name in names]


def is_one_of(text, options):
    """Return whether a value is one of the options, which are separated by “|”. Case does not matter."""
    return text.casefold() in [option.casefold() for option in options.split("|")]


@pytest.mark.parametrize(
    ("order", "row"),
    [("last_first", row) for row in variants.LAST_FIRST] + [("first_last", row) for row in variants.FIRST_LAST],
)
def test_full_names_are_split(order, row):
    text, *expected = row
    checked = check({"full_name": text} | MAILING_ADDRESS, order)
    assert checked.owner_kind == PERSON
    assert list_names(checked) == [part.casefold() for part in expected]


@pytest.mark.parametrize("row", variants.TWO_COLUMN_NAMES)
def test_names_in_two_columns_are_read_correctly(row):
    first, last, *expected = row
    given_name, _, surname, co_owner = list_names(check({"first_name": first, "last_name": last} | MAILING_ADDRESS))
    assert [given_name, surname, co_owner] == [part.casefold() for part in expected]


@pytest.mark.parametrize("row", variants.OWNER_KINDS)
def test_kinds_of_owners_are_recognised(row):
    text, expected = row
    checked = check({"full_name": text} | MAILING_ADDRESS, "last_first")
    is_named = checked.fields.get("first_name") or checked.fields.get("last_name")
    kind = "none" if checked.owner_kind == PERSON and not is_named else checked.owner_kind
    assert is_one_of(kind, expected)


@pytest.mark.parametrize("row", variants.STREETS)
def test_units_are_split_off_streets(row):
    text, street, unit = row
    checked = check({"address": text, "city": "Austin", "state": "TX", "zip": "78701"} | MAILING_ADDRESS)
    assert is_one_of(checked.fields.get("address", ""), street)
    assert is_one_of(checked.fields.get("unit", ""), unit)
    assert checked.problems == []


@pytest.mark.parametrize("row", variants.MAILING_LINES)
def test_lines_of_a_mailing_address_become_a_street_and_a_unit(row):
    first, second, street, unit = row
    fields = check(MAILING_ADDRESS | {"mail_address": first, "mail_unit": second}).fields
    assert (fields.get("mail_address", ""), fields.get("mail_unit", "")) == (street, unit)


@pytest.mark.parametrize("row", variants.PLACES)
def test_places_are_split(row):
    text, *expected = row
    fields = check({"first_name": "Ada", "last_name": "Webb", "mail_address": "1 Oak St", "mail_place": text}).fields
    assert [fields.get(f"mail_{part}", "") for part in ("city", "state", "zip")] == expected


@pytest.mark.parametrize("row", variants.WHOLE_ADDRESSES)
def test_whole_addresses_are_split(row):
    text, street, *expected = row
    fields = check({"full_address": text}).fields
    assert is_one_of(fields.get("address", ""), street)
    assert [fields.get(part, "") for part in ("unit", "city", "state", "zip")] == expected


@pytest.mark.parametrize("row", variants.STATES)
def test_states_and_zips_are_normalised(row):
    state, zip_code, *expected = row
    fields = check({"address": "1 Oak St", "city": "Austin", "state": state, "zip": zip_code}).fields
    assert [fields.get("state", ""), fields.get("zip", "")] == expected


@pytest.mark.parametrize("row", variants.PHONES)
def test_phones_are_normalised_or_left_out(row):
    text, expected = row
    checked = check({"phone": text} | MAILING_ADDRESS)
    assert checked.fields.get("phone", "") == expected
    assert checked.problems == []


@pytest.mark.parametrize("row", variants.EMAILS)
def test_emails_are_normalised_or_left_out(row):
    text, expected = row
    checked = check({"email": text} | MAILING_ADDRESS)
    assert is_one_of(checked.fields.get("email", ""), expected)
    assert checked.problems == []


@pytest.mark.parametrize("row", variants.CITIES)
def test_cities_are_normalised_or_left_out(row):
    text, expected = row
    fields = check({"address": "1 Oak St", "city": text, "state": "TX", "zip": "75252"}).fields
    assert fields.get("city", "") == expected


@pytest.mark.parametrize("text", variants.EMPTY_VALUES)
@pytest.mark.parametrize("name", ["first_name", "last_name", "unit", "city", "zip", "phone", "email", "mail_unit"])
def test_words_that_stand_for_nothing_are_left_out(name, text):
    can_be_x = name in {"first_name", "last_name", "unit", "mail_unit"}
    if text != "x" or not can_be_x:
        assert name not in check(MAILING_ADDRESS | {name: text}).fields


COLUMNS = ["first_name", "last_name", "address", "unit", "city", "state"]


def find_fingerprint(street, unit, city, first="Ada", last="Webb", reader=None):
    reader = reader or make_reader()
    return reader.find_fingerprint(reader.check([first, last, street, unit, city, "TX"]))


def make_reader():
    mapping = {name: [position] for position, name in enumerate(COLUMNS)}
    upload = SimpleNamespace(pk=1, columns=COLUMNS, mapping=mapping, constants={}, name_order="first_last")
    return RowReader(upload, has_suppressions=False)


@pytest.mark.parametrize(("one", "other"), variants.SAME_ADDRESSES)
def test_two_spellings_of_one_address_have_the_same_fingerprint(one, other):
    assert find_fingerprint(*one) == find_fingerprint(*other)


@pytest.mark.parametrize(("one", "other"), variants.DIFFERENT_ADDRESSES)
def test_two_addresses_have_different_fingerprints(one, other):
    assert find_fingerprint(*one) != find_fingerprint(*other)


@pytest.mark.parametrize(("one", "other"), variants.SAME_NAMES)
def test_two_spellings_of_one_name_have_the_same_fingerprint(one, other):
    assert find_fingerprint("1 Oak St", "", "Austin", *one) == find_fingerprint("1 Oak St", "", "Austin", *other)


@pytest.mark.parametrize(("one", "other"), variants.DIFFERENT_NAMES)
def test_two_names_have_different_fingerprints_in_the_same_list(one, other):
    reader = make_reader()
    first = find_fingerprint("1 Oak St", "", "Austin", *one, reader)
    second = find_fingerprint("1 Oak St", "", "Austin", *other, reader)
    assert first != second
