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


def measure_cpu_time(work):
    """Return the CPU seconds that a function takes, which other processes do not affect."""
    started_at = time.process_time()
    work()
    return time.process_time() - started_at


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_field_of_any_length_is_checked_quickly(pattern):
    text = pattern * (LENGTH // len(pattern))
    fields = ["full_name", "first_name", "address", "full_address", "place", "unit", "zip", "phone", "email", "state"]

    def check_all_fields():
        for field in fields:
            check({"city": "Herndon", "state": "VA", field: text})

    assert measure_cpu_time(check_all_fields) < 1


@pytest.mark.parametrize(
    ("length", "sentence"),
    [(402, "402 characters; 255 is the most."), (5002, "1,000 or more characters; 255 is the most.")],
)
def test_the_message_about_a_long_field_names_its_length(length, sentence):
    checked = check({"city": "Herndon", "state": "VA", "address": "1 ".ljust(length, "a")})
    assert checked.problems[0].sentence == sentence


@pytest.mark.parametrize("end", ["", "\nx"])
@pytest.mark.parametrize("pattern", PATTERNS)
def test_columns_of_any_length_are_guessed_quickly(pattern, end):
    text = pattern * (LENGTH // len(pattern)) + end
    short = text[: 300 - len(end)] + end

    def guess():
        is_data([text, short])
        guess_mapping([text, "x"], [[short, text[:1000]]] * 200)

    assert measure_cpu_time(guess) < 1


def test_guessing_takes_twice_as_long_for_twice_as_many_columns():
    def measure_guessing(column_count):
        names = [f"c{n}" for n in range(column_count)]
        return measure_cpu_time(lambda: guess_mapping(names, [["Ada B"] * column_count] * 3))

    # Fill the caches first.
    measure_guessing(100)
    assert measure_guessing(4000) < 3 * measure_guessing(2000) + 0.1


def test_the_columns_of_a_corrected_file_are_found_in_linear_time():
    names = [f"c{n}" for n in range(16_000)]
    upload = Upload(columns=names)
    assert measure_cpu_time(lambda: find_positions(upload, [*reversed(names), "Problem"])) < 0.5
