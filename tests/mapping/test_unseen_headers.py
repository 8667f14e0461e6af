"""Header rows that were written down before the rules were tried on them. See tests/samples/unseen_headers.py."""

import pytest

from batches.mapping.fields import FULL_NAME, NAME_PARTS
from batches.mapping.guessing import guess_mapping
from tests.samples.unseen_headers import FIELDS, HEADERS, MAY_BE_USED, VALUES


def read_header(text):
    """Return the names of a header's columns, and the kind of values in each."""
    columns = [entry.strip().rpartition(":") for entry in text.replace("\n", " ").split("; ")]
    return [" ".join(name.split()) for name, _, _ in columns], [kind for _, _, kind in columns]


def find_expected(columns, kinds):
    """Return field → its columns. First and last names are used before full names, and streets before whole lines."""
    expected = {}
    for column, kind in zip(columns, kinds, strict=True):
        if kind in FIELDS and not (kind == "fa" and "a" in kinds):
            expected.setdefault(FIELDS[kind], []).append(column)
    if expected.keys() >= NAME_PARTS:
        expected.pop(FULL_NAME, None)
    return expected


@pytest.mark.parametrize("name", HEADERS)
def test_unseen_header_rows_are_read_right_or_asked_about(name):
    columns, kinds = read_header(HEADERS[name])
    rows = list(zip(*(VALUES[kind] for kind in kinds), strict=True))
    guesses = guess_mapping(columns, rows)
    expected = find_expected(columns, kinds)
    for field, wanted in expected.items():
        found = guesses.mapping[field]
        assert wanted in (
            [columns[each] for each in found],
            [columns[each] for each in found if kinds[each] not in MAY_BE_USED],
        )
    for field in guesses.mapping.keys() - expected.keys() - guesses.doubts.keys():
        whole_names = {"full", "corp", "xfull"} if field == FULL_NAME else set()
        assert {kinds[each] for each in guesses.mapping[field]} <= MAY_BE_USED | whole_names
