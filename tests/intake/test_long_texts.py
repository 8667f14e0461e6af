"""Checking and guessing take time in proportion to the length of a cell, however long it is."""

import time

import pytest

from batches.files.header_row import is_data
from batches.intake.corrections import find_positions
from batches.intake.row_check import check
from batches.mapping.guessing import guess_mapping
from batches.models import Upload

PATTERNS = ["(", "a", "1", "a b ", "& ", "a & ", "a, ", "1 a ", "@a.", "a.", "'", "1/1 ", "1-", "AND ", "%", ", County"]
"""Strings that are repeated up to the longest cell that is read. Each slows down some careless regular expression."""
LENGTH = 131_000
"""The length of the longest cell that is read."""


def measure_cpu_time(work, *arguments):
    """Return the CPU seconds that a function takes. A busy machine affects them little."""
    started_at = time.process_time()
    work(*arguments)
    return time.process_time() - started_at


def is_linear(work, size):
    """Return whether a function takes about four times as long for four times the size.

    If the time grew with the square of the size, it would be sixteen times. Half a second is for the caches to fill.
    """
    return measure_cpu_time(work, size) < 8 * measure_cpu_time(work, size // 4) + 0.5


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_field_of_any_length_is_checked_in_linear_time(pattern):
    fields = ["full_name", "first_name", "address", "full_address", "place", "unit", "zip", "phone", "email", "state"]

    def check_all_fields(length):
        text = pattern * (length // len(pattern))
        for field in fields:
            check({"city": "Herndon", "state": "VA", field: text})

    assert is_linear(check_all_fields, LENGTH)


@pytest.mark.parametrize(
    ("length", "sentence"),
    [(402, "402 characters; 255 is the most."), (5002, "1,000 or more characters; 255 is the most.")],
)
def test_the_message_about_a_long_field_names_its_length(length, sentence):
    checked = check({"city": "Herndon", "state": "VA", "address": "1 ".ljust(length, "a")})
    assert checked.problems[0].sentence == sentence


@pytest.mark.parametrize("end", ["", "\nx"])
@pytest.mark.parametrize("pattern", PATTERNS)
def test_columns_of_any_length_are_guessed_in_linear_time(pattern, end):
    def guess(length):
        text = pattern * (length // len(pattern)) + end
        short = text[: 300 - len(end)] + end
        is_data([text, short])
        guess_mapping([text, "x"], [[short, text[:1000]]] * 200)

    assert is_linear(guess, LENGTH)


def test_guessing_takes_four_times_as_long_for_four_times_as_many_columns():
    def guess(column_count):
        names = [f"c{n}" for n in range(column_count)]
        guess_mapping(names, [["Ada B"] * column_count] * 3)

    assert is_linear(guess, 4000)


def test_the_columns_of_a_corrected_file_are_found_in_linear_time():
    def find(column_count):
        names = [f"c{n}" for n in range(column_count)]
        find_positions(Upload(columns=names), [*reversed(names), "Problem"])

    assert is_linear(find, 16_000)
