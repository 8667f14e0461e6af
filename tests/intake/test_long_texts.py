"""The time for very long texts grows only linearly with their length."""

import time

import pytest

from batches.files.header_row import is_data
from batches.intake.corrections import find_positions
from batches.intake.row_check import check
from batches.mapping.guessing import guess_mapping
from batches.models import Upload

SHAPES = ["(", "a", "1", "a b ", "& ", "a & ", "a, ", "1 a ", "@a.", "a.", "'", "1/1 ", "1-", "AND ", "%", ", County"]
LENGTH = 131_000
"""Length of the longest cell that is read."""


def measure_cpu_time(work):
    """Return the CPU seconds that a function takes, which other processes do not affect."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


@pytest.mark.parametrize("shape", SHAPES)
def test_a_field_of_any_length_is_checked_quickly(shape):
    text = shape * (LENGTH // len(shape))
    fields = ["full_name", "first_name", "address", "full_address", "place", "unit", "zip", "phone", "email", "state"]
    assert measure_cpu_time(lambda: [check({"city": "Herndon", "state": "VA", field: text}) for field in fields]) < 1


def test_a_long_field_is_invalid_and_the_message_has_its_length():
    problems = [check({"city": "Herndon", "state": "VA", "address": f"1 {'a' * n}"}).problems[0] for n in (400, 5000)]
    assert [problem.sentence for problem in problems] == [
        "402 characters; 255 is the most.",
        "1,000 or more characters; 255 is the most.",
    ]


@pytest.mark.parametrize("end", ["", "\nx"])
@pytest.mark.parametrize("shape", SHAPES)
def test_columns_of_any_length_are_guessed_quickly(shape, end):
    text = shape * (LENGTH // len(shape)) + end
    short = text[: 300 - len(end)] + end
    assert (
        measure_cpu_time(lambda: (is_data([text, short]), guess_mapping([text, "x"], [[short, text[:1000]]] * 200))) < 1
    )


def test_guessing_takes_twice_as_long_for_twice_as_many_columns():
    def guess(count):
        return measure_cpu_time(lambda: guess_mapping([f"c{n}" for n in range(count)], [["Ada B"] * count] * 3))

    guess(100)
    assert guess(4000) < 3 * guess(2000) + 0.1


def test_the_columns_of_a_corrected_file_are_found_in_linear_time():
    names = [f"c{n}" for n in range(16_000)]
    upload = Upload(columns=names)
    assert measure_cpu_time(lambda: find_positions(upload, [*reversed(names), "Problem"])) < 0.5
