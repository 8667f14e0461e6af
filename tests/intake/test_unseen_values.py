"""Values that were written down before the rules were tried on them. See tests/samples/unseen_values.py."""

import pytest

from batches.intake.row_check import check
from batches.people.owner_words import PERSON
from tests.samples import unseen_values

MAILING_ADDRESS = {"mail_address": "9 Elm St", "mail_city": "Tampa", "mail_state": "FL", "mail_zip": "33602"}
NAME = {"full_name": "Wanda Pruitt"}
PLACE = {"city": "Tampa", "state": "FL", "zip": "33602"}
PARTS = ("address", "unit", "city", "state", "zip")


def is_one_of(text, options):
    """Return whether a text is one of the options, which are separated by “|”. Case does not matter."""
    return text.casefold() in options.casefold().split("|")


@pytest.mark.parametrize("row", unseen_values.FULL_NAMES)
def test_unseen_full_names_are_split(row):
    order, text, first, last = row
    checked = check({"full_name": text} | MAILING_ADDRESS, order)
    assert checked.owner_kind == PERSON
    assert is_one_of(checked.fields["first_name"], first)
    assert is_one_of(checked.fields["last_name"], last)


@pytest.mark.parametrize("row", unseen_values.OWNERS)
def test_unseen_owners_are_told_from_people(row):
    order, text, expected = row
    checked = check({"full_name": text} | MAILING_ADDRESS, order)
    is_named = checked.fields.keys() & {"first_name", "last_name"}
    if expected == "asked":
        assert checked.warnings
    else:
        assert is_one_of("none" if checked.owner_kind == PERSON and not is_named else checked.owner_kind, expected)


@pytest.mark.parametrize("row", unseen_values.TWO_COLUMN_NAMES)
def test_unseen_names_in_two_columns_are_read(row):
    first, last, *expected = row
    checked = check({"first_name": first, "last_name": last} | MAILING_ADDRESS)
    second = checked.co_owner
    co_owner = f"{second.first} {second.last}" if second else ""
    assert [checked.fields["first_name"], checked.fields["last_name"], co_owner] == expected


@pytest.mark.parametrize("row", unseen_values.STREETS)
def test_unseen_streets_are_read(row):
    text, *expected = row
    fields = check({"address": text} | PLACE | NAME | MAILING_ADDRESS).fields
    assert [fields.get("address", ""), fields.get("unit", "")] == expected


@pytest.mark.parametrize("row", unseen_values.WHOLE_ADDRESSES)
def test_unseen_whole_addresses_are_split(row):
    text, *expected = row
    fields = check({"full_address": text} | NAME | MAILING_ADDRESS).fields
    assert [fields.get(part, "") for part in PARTS] == expected


@pytest.mark.parametrize("row", unseen_values.PLACES)
def test_unseen_places_are_split(row):
    text, *expected = row
    fields = check({"address": "9 Oak St", "place": text} | NAME | MAILING_ADDRESS).fields
    assert [fields.get(part, "") for part in PARTS[2:]] == expected


@pytest.mark.parametrize("row", unseen_values.ZIPS)
def test_unseen_zips_are_read(row):
    state, text, expected = row
    address = {"address": "9 Oak St", "city": "Salem", "state": state, "zip": text}
    assert check(address | NAME | MAILING_ADDRESS).fields.get("zip", "") == expected


@pytest.mark.parametrize(
    ("field", "row"),
    [("phone", row) for row in unseen_values.PHONES] + [("email", row) for row in unseen_values.EMAILS],
)
def test_unseen_phones_and_emails_are_read(field, row):
    text, expected = row
    assert check({field: text} | NAME | MAILING_ADDRESS).fields.get(field, "") == expected
