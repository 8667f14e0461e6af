"""Realistic lists from tests/samples/cases. Each field, value and file is its own test."""

from functools import cache

import pytest

from batches.files import parsing
from batches.files.file_format import FileFormat, UnreadableFile
from bench.mapping_cases import GOOD, SAMPLES, judge_columns, judge_values, read_cases, read_list

CASES = {case.name: case for case in read_cases("")}


@cache
def judge(name):
    case = CASES[name]
    verdicts = judge_columns(case) if "expected_mapping" in case.expected else judge_values(case)
    return {verdict.what: verdict for verdict in verdicts}


FIELDS = [(name, field) for name, case in CASES.items() for field in case.expected.get("expected_mapping", ())]
ROWS = [
    (name, f"row {row['row']}: {' | '.join(row['cells'])}")
    for name, case in CASES.items()
    for row in case.expected.get("rows", ())
]


@pytest.mark.parametrize(("name", "what"), FIELDS + ROWS)
def test_each_field_or_row_is_read_correctly_or_asked_about(name, what):
    verdict = judge(name)[what]
    assert verdict.kind in GOOD, verdict.detail


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if "expected_mapping" in case.expected])
def test_no_other_column_is_mapped(name):
    assert [verdict for verdict in judge(name).values() if verdict.kind not in GOOD] == []


def read(prefix):
    [case] = read_cases(prefix)
    return read_list(case.path)


def values(prefix, *fields):
    return [tuple(checked.fields.get(field, "") for field in fields) for checked in read(prefix).checked.values()]


def is_traced(prefix):
    found = read(prefix)
    return [checked.problems for checked in found.checked.values()] == [[]] * 6


def test_filtered_rows_are_left_out_and_counted():
    [case] = read_cases("C01")
    file_format = parsing.examine(case.path).file_format
    assert [number for number, cells in parsing.rows(case.path, file_format) if cells] == [2, 4, 7]
    assert file_format.hidden_rows == 3
    wanted = FileFormat(**file_format.as_dict() | {"with_hidden": True})
    assert len([cells for _, cells in parsing.rows(case.path, wanted) if cells]) == 6


def test_numbers_are_read_as_intended_and_a_date_is_not_a_unit():
    found = read("C04").checked
    unit = next(name for name in ("unit", "mail_unit") if any(name in each.fields for each in found.values()))
    zip_name = unit.replace("unit", "zip")
    assert found[2].fields.get(unit, "") == ""
    assert (found[3].fields[unit], found[3].fields[zip_name], found[3].fields["phone"]) == (
        "204",
        "02108",
        "6175550111",
    )
    assert found[5].fields[zip_name] == "02108"
    assert found[6].fields[unit] == "0.5"


def test_a_list_with_a_far_cell_is_read():
    [case] = read_cases("C06")
    with pytest.raises(UnreadableFile, match="far from the list"):
        parsing.examine(case.path)


@pytest.mark.parametrize("prefix", ["C09", "C16", "C18", "C19", "C24", "C27", "C28"])
def test_six_people_are_read_from_an_odd_file(prefix):
    assert is_traced(prefix)


def test_letters_from_old_macs_and_mixed_encodings_are_correct():
    names = {name for row in values("C11", "first_name", "last_name") for name in row}
    assert {"Muñoz", "José", "Peña", "O’Hara"} <= names
    names = {name for row in values("C13", "first_name", "last_name") for name in row}
    assert {"Muñoz", "José", "Peña", "Ibáñez"} <= names


def test_invisible_characters_are_removed_from_names():
    assert values("C18", "last_name", "mail_city")[0] == ("Holloway", "Dallas")
    assert len(read("C18").guesses.mapping) == 7


def test_the_second_block_of_equal_column_names_is_the_mailing_address():
    assert values("C19", "address", "city", "mail_address", "mail_city", "phone")[0] == (
        *("900 Hill Rd", "Waco", "12 Elm St", "Dallas", "5125550110"),
    )


def test_a_space_before_a_quote_is_not_part_of_the_cell():
    assert values("C24", "mail_address", "mail_unit")[0] == ("12 Elm St", "Apt 4")


def test_criteria_above_the_column_names_are_not_column_names():
    assert parsing.examine(next(read_cases("C27")).path).file_format.header_row == 4


def test_formulas_with_text_are_read_as_text():
    assert values("C28", "mail_zip", "phone")[0] == ("75201", "5125550110")


def test_companies_in_a_separate_column_are_recognised():
    [case] = read_cases("A37")
    kinds = {number: checked.owner_kind for number, checked in read_list(case.path).checked.items()}
    assert {number for number, kind in kinds.items() if kind == "company"} == {3, 6}


@pytest.mark.parametrize(
    "row", ["A01 4 address=5517 N STATE AVE", "A04 2 first_name=Margaret", "A36 2 mail_address=410 W HARBOR ST"]
)
def test_rows_are_sent_as_expected(row):
    prefix, number, expected = row.split(" ", 2)
    name, _, wanted = expected.partition("=")
    assert read(prefix).checked[int(number)].fields[name] == wanted


def test_every_case_is_tested():
    assert len(FIELDS) > 90
    assert len(ROWS) > 340
    assert len(list(SAMPLES.glob("C*.expected.json"))) == 12
