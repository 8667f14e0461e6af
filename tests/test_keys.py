"""Primary keys in requests are read, and invalid ones are skipped."""

import pytest

from batches.keys import read_key, read_keys


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("7", 7),
        ("2147483648", 2_147_483_648),
        ("9" * 15, 999_999_999_999_999),
        ("1" + 15 * "0", None),
        ("9" * 5000, None),
        ("0", None),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("٣", None),
        ("7, 8", None),
    ],
)
def test_a_key_is_a_number_that_a_row_can_have(text, key):
    assert read_key(text) == key


def test_invalid_keys_are_skipped():
    assert read_keys(["7,8", "x", "", "9,", "0"]) == [7, 8, 9]
