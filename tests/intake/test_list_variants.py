"""Variants of values in real lists, by kind: see tests/samples/variants.py."""

from types import SimpleNamespace

import pytest

from batches.intake.row_check import check
from batches.intake.row_reader import RowReader
from batches.people.owner_kinds import PERSON
from tests.samples import variants

AT = {"mail_address": "100 Elm St", "mail_city": "Dallas", "mail_state": "TX", "mail_zip": "75201"}


def name_of(person):
    return f"{person.first} {person.last}" if person else ""


def names_in(checked):
    fields = checked.fields
    named = [fields.get(f"{part}_name", "") for part in ("first", "middle", "last")]
    return (*(name.casefold() for name in named), name_of(checked.co_owner).casefold())


def is_one_of(text, options):
    return text.casefold() in [option.casefold() for option in options.split("|")]


@pytest.mark.parametrize(
    ("order", "row"),
    [("last_first", row) for row in variants.LAST_FIRST] + [("first_last", row) for row in variants.FIRST_LAST],
)
def test_full_names(order, row):
    text, *expected = row
    checked = check({"full_name": text} | AT, order)
    assert checked.owner_kind == PERSON
    assert names_in(checked) == tuple(part.casefold() for part in expected)


@pytest.mark.parametrize("row", variants.PARTS)
def test_names_in_two_columns(row):
    first, last, *expected = row
    given, _, surname, co_owner = names_in(check({"first_name": first, "last_name": last} | AT))
    assert [given, surname, co_owner] == [part.casefold() for part in expected]


@pytest.mark.parametrize("row", variants.KINDS)
def test_kinds_of_owners(row):
    text, expected = row
    checked = check({"full_name": text} | AT, "last_first")
    is_named = checked.fields.get("first_name") or checked.fields.get("last_name")
    kind = "none" if checked.owner_kind == PERSON and not is_named else checked.owner_kind
    assert is_one_of(kind, expected)


@pytest.mark.parametrize("row", variants.STREETS)
def test_streets_and_units(row):
    text, street, unit = row
    checked = check({"address": text, "city": "Austin", "state": "TX", "zip": "78701"} | AT)
    assert is_one_of(checked.fields.get("address", ""), street)
    assert is_one_of(checked.fields.get("unit", ""), unit)
    assert checked.problems == []


@pytest.mark.parametrize("row", variants.MAILING_LINES)
def test_lines_of_a_mailing_address(row):
    first, second, street, unit = row
    fields = check(AT | {"mail_address": first, "mail_unit": second}).fields
    assert (fields.get("mail_address", ""), fields.get("mail_unit", "")) == (street, unit)


@pytest.mark.parametrize("row", variants.PLACES)
def test_places(row):
    text, *expected = row
    fields = check({"first_name": "Ada", "last_name": "Webb", "mail_address": "1 Oak St", "mail_place": text}).fields
    assert [fields.get(f"mail_{part}", "") for part in ("city", "state", "zip")] == expected


@pytest.mark.parametrize("row", variants.WHOLE)
def test_whole_addresses(row):
    text, street, *expected = row
    fields = check({"full_address": text}).fields
    assert is_one_of(fields.get("address", ""), street)
    assert [fields.get(part, "") for part in ("unit", "city", "state", "zip")] == expected


@pytest.mark.parametrize("row", variants.STATES)
def test_states_and_zips(row):
    state, zip_code, *expected = row
    fields = check({"address": "1 Oak St", "city": "Austin", "state": state, "zip": zip_code}).fields
    assert [fields.get("state", ""), fields.get("zip", "")] == expected


@pytest.mark.parametrize("row", variants.PHONES)
def test_phones(row):
    text, expected = row
    checked = check({"phone": text} | AT)
    assert checked.fields.get("phone", "") == expected
    assert checked.problems == []


@pytest.mark.parametrize("row", variants.EMAILS)
def test_emails(row):
    text, expected = row
    checked = check({"email": text} | AT)
    assert is_one_of(checked.fields.get("email", ""), expected)
    assert checked.problems == []


@pytest.mark.parametrize("row", variants.CITIES)
def test_cities(row):
    text, expected = row
    assert (
        check({"address": "1 Oak St", "city": text, "state": "TX", "zip": "75252"}).fields.get("city", "") == expected
    )


@pytest.mark.parametrize("text", variants.NOTHING)
@pytest.mark.parametrize("name", ["first_name", "last_name", "unit", "city", "zip", "phone", "email", "mail_unit"])
def test_words_for_nothing(name, text):
    if (name, text) not in {("unit", "x"), ("first_name", "x"), ("last_name", "x"), ("mail_unit", "x")}:
        assert name not in check(AT | {name: text}).fields


COLUMNS = ["first_name", "last_name", "address", "unit", "city", "state"]


def fingerprint(street, unit, city, first="Ada", last="Webb", reader=None):
    reader = reader or make_reader()
    return reader.find_fingerprint(reader.check([first, last, street, unit, city, "TX"]))


def make_reader():
    mapping = {name: [place] for place, name in enumerate(COLUMNS)}
    upload = SimpleNamespace(pk=1, columns=COLUMNS, mapping=mapping, constants={}, name_order="first_last")
    return RowReader(upload, has_suppressions=False)


@pytest.mark.parametrize("pair", variants.ALIKE)
def test_one_address_in_two_spellings(pair):
    assert fingerprint(*pair[0]) == fingerprint(*pair[1])


@pytest.mark.parametrize("pair", variants.UNLIKE)
def test_two_addresses(pair):
    assert fingerprint(*pair[0]) != fingerprint(*pair[1])


@pytest.mark.parametrize("pair", variants.SAME_NAMES)
def test_one_name_in_two_spellings(pair):
    assert fingerprint("1 Oak St", "", "Austin", *pair[0]) == fingerprint("1 Oak St", "", "Austin", *pair[1])


@pytest.mark.parametrize("pair", variants.OTHER_NAMES)
def test_two_names(pair):
    reader = make_reader()
    first, second = (fingerprint("1 Oak St", "", "Austin", *names, reader) for names in pair)
    assert first != second
