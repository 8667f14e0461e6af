"""The form of a noun that goes with a number."""

from decimal import Decimal

import pytest

from batches.nouns import noun_for


@pytest.mark.parametrize(
    ("number", "noun", "form"),
    [
        (1, "row", "row"),
        (0, "row", "rows"),
        (2, "row", "rows"),
        (1, "person,people", "person"),
        (25_000, "person,people", "people"),
        (Decimal("1.0"), "credit", "credit"),
        (Decimal("0.5"), "credit", "credits"),
    ],
)
def test_one_is_singular_and_everything_else_plural(number, noun, form):
    assert noun_for(number, noun) == form
