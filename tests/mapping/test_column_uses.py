"""The uses of columns, the mapping that follows from them, and the notes that explain them."""

import pytest

from batches.mapping.column_uses import (
    build_mapping,
    explain_clash,
    join_words,
    list_use_notes,
    list_uses,
    name_columns,
)
from batches.mapping.fields import GROUP_OF, JOINABLE, LABELS, MAPPABLE, SPLIT, SPLIT_NOTES

COLUMNS = ["OWNER", "HOUSE NO", "STREET", "CSZ", "PH", "CELL"]


def test_every_field_has_a_group_and_a_name():
    assert set(GROUP_OF) == set(LABELS) == set(MAPPABLE)
    assert set(SPLIT_NOTES) == {"full_name", *SPLIT}
    assert set(MAPPABLE) >= JOINABLE


def test_a_mapping_can_be_rebuilt_from_its_uses():
    mapping = {"full_name": [0], "address": [1, 2], "place": [3], "mail_place": [3]}
    uses = list_uses(mapping)
    assert uses == {0: ["full_name"], 1: ["address"], 2: ["address"], 3: ["place", "mail_place"]}
    assert build_mapping(uses, {}) == mapping


def test_columns_are_joined_in_the_order_of_the_file():
    assert build_mapping({5: ["address"], 1: ["address"]}, {"address": [5]}) == {"address": [1, 5]}


def test_columns_that_are_joined_already_keep_their_order():
    uses = {position: ["address"] for position in (1, 2, 3)}
    assert build_mapping(uses, {"address": [3, 1]}) == {"address": [3, 1, 2]}


def test_the_message_about_two_columns_for_one_phone_names_both():
    sentence = explain_clash("phone", [4, 5], COLUMNS, {})
    assert sentence.startswith("Phone can have only one column, but “PH” and “CELL” go to it.")
    assert explain_clash("phone", [4], COLUMNS, {}) == ""


def test_columns_that_are_joined_already_may_stay_joined():
    assert explain_clash("last_name", [4, 5], COLUMNS, {"last_name": [4, 5]}) == ""


def test_at_most_five_columns_can_be_joined():
    assert explain_clash("address", [0, 1, 2, 3, 4], COLUMNS, {}) == ""
    assert "from 5 columns at most" in explain_clash("address", [0, 1, 2, 3, 4, 5], COLUMNS, {})


@pytest.mark.parametrize(
    ("position", "mapping", "notes"),
    [
        (0, {"full_name": [0]}, ["We split it into first, middle and last name."]),
        (0, {"full_name": [0], "last_name": [4]}, ["Used for rows with neither a first nor a last name."]),
        (2, {"address": [1, 2]}, ["Joined with HOUSE NO."]),
        (3, {"place": [3], "mail_place": [3]}, ["We split it into city, state and ZIP."]),
        (4, {"phone": [4]}, []),
    ],
)
def test_the_notes_about_a_column_say_what_is_done_with_it(position, mapping, notes):
    assert list_use_notes(position, list_uses(mapping)[position], mapping, COLUMNS) == notes


def test_columns_without_a_name_are_numbered_and_long_names_are_shortened():
    assert name_columns(["  A  B ", "", "x" * 200]) == ["A B", "Column 2", "x" * 79 + "…"]


@pytest.mark.parametrize(
    ("words", "text"), [(["A"], "A"), (["A", "B"], "A and B"), (["A", "B", "C"], "A, B and C")], ids=len
)
def test_words_are_joined_as_in_a_sentence(words, text):
    assert join_words(words) == text
