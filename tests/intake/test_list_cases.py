"""Realistic lists from tests/samples/cases. Each field, each row and each file has a test of its own."""

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
    return {verdict.subject: verdict for verdict in verdicts}


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
def test_no_other_field_is_mapped(name):
    assert [verdict for verdict in judge(name).values() if verdict.kind not in GOOD] == []


def read(prefix):
    """Return the list of the only case whose name begins with a prefix, as the portal reads it."""
    [case] = read_cases(prefix)
    return read_list(case.path)


def read_values(prefix, *fields):
    """Return the values of these fields for each row of a case."""
    return [tuple(checked.fields.get(field, "") for field in fields) for checked in read(prefix).checked.values()]


def test_filtered_rows_are_left_out_and_counted():
    [case] = read_cases("C01")
    file_format = parsing.examine(case.path).file_format
    assert [number for number, cells in parsing.read_rows(case.path, file_format) if cells] == [2, 4, 7]
    assert file_format.hidden_rows == 3
    with_hidden = FileFormat(**file_format.as_dict() | {"with_hidden": True})
    assert len([cells for _, cells in parsing.read_rows(case.path, with_hidden) if cells]) == 6


def test_numbers_are_read_as_intended_and_a_date_is_not_a_unit():
    fields = {number: checked.fields for number, checked in read("C04").checked.items()}
    assert "unit" not in fields[2]
    assert (fields[3]["unit"], fields[3]["zip"], fields[3]["phone"]) == ("204", "02108", "6175550111")
    assert fields[5]["zip"] == "02108"
    assert fields[6]["unit"] == "0.5"


def test_a_list_with_a_far_cell_is_refused():
    [case] = read_cases("C06")
    with pytest.raises(UnreadableFile, match="far from the list"):
        parsing.examine(case.path)


@pytest.mark.parametrize("prefix", ["C09", "C16", "C18", "C19", "C24", "C27", "C28"])
def test_six_people_without_problems_are_read_from_an_odd_file(prefix):
    assert [checked.problems for checked in read(prefix).checked.values()] == [[]] * 6


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [("C11", {"Muñoz", "José", "Peña", "O’Hara"}), ("C13", {"Muñoz", "José", "Peña", "Ibáñez"})],
    ids=["old Macs", "mixed encodings"],
)
def test_accented_letters_are_read_correctly_in_unusual_encodings(prefix, expected):
    names = {name for row in read_values(prefix, "first_name", "last_name") for name in row}
    assert expected <= names


def test_invisible_characters_are_removed_from_names():
    assert read_values("C18", "last_name", "mail_city")[0] == ("Holloway", "Dallas")
    assert len(read("C18").guesses.mapping) == 7


def test_the_second_block_of_the_same_column_names_is_the_mailing_address():
    first_row = read_values("C19", "address", "city", "mail_address", "mail_city", "phone")[0]
    assert first_row == ("900 Hill Rd", "Waco", "12 Elm St", "Dallas", "5125550110")


def test_a_space_before_a_quote_is_not_part_of_the_cell():
    assert read_values("C24", "mail_address", "mail_unit")[0] == ("12 Elm St", "Apt 4")


def test_search_criteria_above_the_column_names_are_not_column_names():
    [case] = read_cases("C27")
    assert parsing.examine(case.path).file_format.header_row == 4


def test_formulas_that_hold_text_are_read_as_text():
    assert read_values("C28", "mail_zip", "phone")[0] == ("75201", "5125550110")


def test_companies_in_a_separate_column_are_recognised():
    checked_rows = read("A37").checked
    assert {number for number, checked in checked_rows.items() if checked.owner_kind == "company"} == {3, 6}


@pytest.mark.parametrize(
    ("prefix", "number", "field", "expected"),
    [
        ("A01", 4, "address", "5517 N STATE AVE"),
        ("A04", 2, "first_name", "Margaret"),
        ("A36", 2, "mail_address", "410 W HARBOR ST"),
    ],
)
def test_rows_are_sent_as_expected(prefix, number, field, expected):
    assert read(prefix).checked[number].fields[field] == expected


def test_no_case_has_been_lost():
    assert len(FIELDS) > 90
    assert len(ROWS) > 340
    assert len(list(SAMPLES.glob("C*.expected.json"))) == 12
