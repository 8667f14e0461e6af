"""What columns are used for, the mapping that follows from it, and the notes about it."""

import pytest

from batches.mapping.column_uses import build_mapping, find_clash, join_words, list_uses, name_columns, use_notes
from batches.mapping.fields import GROUP_OF, JOINABLE, LABELS, MAPPABLE, SPLIT, SPLIT_NOTES

COLUMNS = ["OWNER", "HOUSE NO", "STREET", "CSZ", "PH", "CELL"]


def test_every_field_has_a_group_and_a_name():
    assert set(GROUP_OF) == set(LABELS) == set(MAPPABLE)
    assert set(SPLIT_NOTES) == {"full_name", *SPLIT}
    assert set(MAPPABLE) >= JOINABLE


def test_uses_and_mapping_are_two_sides_of_one_thing():
    mapping = {"full_name": [0], "address": [1, 2], "place": [3], "mail_place": [3]}
    uses = list_uses(mapping)
    assert uses == {0: ["full_name"], 1: ["address"], 2: ["address"], 3: ["place", "mail_place"]}
    assert build_mapping(uses, {}) == mapping


def test_columns_are_joined_in_the_order_of_the_file():
    assert build_mapping({5: ["address"], 1: ["address"]}, {"address": [5]}) == {"address": [1, 5]}


def test_columns_that_are_joined_already_keep_their_order():
    uses = {place: ["address"] for place in (1, 2, 3)}
    assert build_mapping(uses, {"address": [3, 1]}) == {"address": [3, 1, 2]}


def test_two_columns_for_one_phone_are_refused_by_their_names():
    sentence = find_clash("phone", [4, 5], COLUMNS, {})
    assert sentence.startswith("Phone can have only one column, but “PH” and “CELL” go to it.")
    assert find_clash("phone", [4], COLUMNS, {}) == ""


def test_what_is_joined_already_may_stay_so():
    assert find_clash("last_name", [4, 5], COLUMNS, {"last_name": [4, 5]}) == ""


def test_five_columns_can_be_joined_and_no_more():
    assert find_clash("address", [0, 1, 2, 3, 4], COLUMNS, {}) == ""
    assert "from 5 columns at most" in find_clash("address", [0, 1, 2, 3, 4, 5], COLUMNS, {})


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
def test_the_notes_of_a_column_say_what_is_done_with_it(position, mapping, notes):
    assert use_notes(position, list_uses(mapping)[position], mapping, COLUMNS) == notes


def test_columns_without_a_name_are_numbered_and_long_names_cut():
    assert name_columns(["  A  B ", "", "x" * 200]) == ["A B", "Column 2", "x" * 79 + "…"]


def test_words_are_listed_as_in_a_sentence():
    assert [join_words(words) for words in ("A", "AB", "ABC")] == ["A", "A and B", "A, B and C"]
