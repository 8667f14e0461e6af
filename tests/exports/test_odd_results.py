"""Unusual results in exports, read back by independent readers, in every built-in layout."""

import io
import json
from datetime import UTC, datetime

import pandas
import pytest
from openpyxl.utils.escape import unescape
from python_calamine import CalamineWorkbook

from batches.exports import files as export_files
from batches.exports.rows import ExportChoices
from batches.models import Item
from tests.factories import HEADER, people, person, to_csv

pytestmark = pytest.mark.django_db
COLUMNS = HEADER[:-1]
"""The columns of rows that have no phone."""
TRACED_AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
CONTACT_COLUMNS = {"Matched Name", "Email 1", "Current Address", "Phone", "Phone Type", "Phone Carrier"}
CONTACT_COLUMNS |= {"Phone Last Seen", *(f"Phone 1{part}" for part in ("", " Type", " Carrier", " Last Seen"))}
MAX_CELL_LENGTH = 32_767
DANGEROUS = ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "=cmd|' /C calc'!A0", '=HYPERLINK("http://example.com","x")']
ODD_NAMES = [
    'Ada "the\r\nfirst", Abbott; née O\'Neil',
    "line\nbreak",
    "שרה כהן",
    "عبد الله (٤٢)",
    "Ada 👩‍👩‍👧‍👦 Abbott 🏳️‍🌈",
    "Zoe\N{COMBINING DIAERESIS} A\N{COMBINING RING ABOVE}s",
    "\N{RIGHT-TO-LEFT OVERRIDE}gpj.exe",
    "<b>Ada</b> & <!-- ]]> &amp;",
    "NULL",
    "NA",
    "1e5",
    "00123",
    "2026-01-02",
]


AS_TEXT = {"header": None, "dtype": object, "keep_default_na": False}
"""Options with which pandas reads every cell as text, and the column names as a row."""


def read_csv_with_pandas(content):
    return list_rows(pandas.read_csv(io.BytesIO(content), encoding="utf-8-sig", **AS_TEXT))


def read_xlsx_with_pandas(content):
    rows = list_rows(pandas.read_excel(io.BytesIO(content), engine="openpyxl", **AS_TEXT))
    # openpyxl does not decode escaped characters.
    return [[unescape(cell) for cell in row] for row in rows]


def read_xlsx_with_calamine(content):
    return CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()


def list_rows(frame):
    return frame.fillna("").to_numpy().tolist()


READERS = [("csv", read_csv_with_pandas), ("xlsx", read_xlsx_with_pandas), ("xlsx", read_xlsx_with_calamine)]
"""Each is a file format, and a function that reads the rows of a file in this format."""


def make_row_without_phone(number, **changes):
    return person(number, **changes)[:-1]


@pytest.fixture(params=["wide", "long", "full"])
def layout(request):
    return request.param


@pytest.fixture(params=READERS, ids=[read_rows.__name__ for _, read_rows in READERS])
def reader(request):
    return request.param


@pytest.fixture
def file_format(reader):
    name, _ = reader
    return name


@pytest.fixture
def read(layout, reader):
    """Return a function that reads an upload's export, in this layout and with this reader, as dicts."""
    file_format, read_rows = reader

    def read(upload):
        header, *rows = read_rows(write_export(upload, layout, file_format))
        assert len(set(header)) == len(header)
        return [dict(zip(header, row, strict=True)) for row in rows]

    return read


@pytest.fixture
def make_answered(make_upload):
    """Return a function that makes an upload of one person with an answer, given as an object or as JSON."""

    def make(answer, outcome="matched"):
        upload = make_upload(to_csv([make_row_without_phone(1)], header=COLUMNS))
        text = answer if isinstance(answer, str) else json.dumps(answer)
        Item.objects.update(answer=text, outcome=outcome, credits=1, answered_at=TRACED_AT)
        return upload

    return make


def write_export(upload, layout_name, file_format):
    layout = export_files.find_layout(layout_name)
    return b"".join(export_files.stream_export(upload, upload.items.all(), layout, ExportChoices(), file_format))


def escape_formula(text, file_format):
    """Return a formula as it is read back: in CSV, with an apostrophe before it."""
    return f"'{text}" if file_format == "csv" else text


def list_phones(rows):
    """Return the phones in one person's rows, in any layout."""
    if "Phone" in rows[0]:
        return [row["Phone"] for row in rows]
    return [cell for n in range(1, 11) if (cell := rows[0].get(f"Phone {n}"))]


@pytest.mark.parametrize("cell", [*DANGEROUS, "\t=1+1", "\r=1+1"])
def test_formulas_in_cells_are_exported_as_text(make_upload, read, file_format, cell):
    upload = make_upload(to_csv([[*make_row_without_phone(1), cell]], header=[*COLUMNS, cell]))
    column = upload.all_columns[-1]
    assert read(upload)[0][escape_formula(column, file_format)] == escape_formula(cell, file_format)


@pytest.mark.parametrize("text", DANGEROUS)
def test_formulas_in_contact_details_are_exported_as_text(make_answered, read, file_format, text):
    phone = {"phone": text, "phoneType": text, "telcoName": text, "lastSeen": text}
    data = {"names": [text], "phones": [phone], "emails": [text], "address": text, "age": text}
    row = read(make_answered({"data": data}))[0]
    assert {row[column] for column in CONTACT_COLUMNS & row.keys()} == {escape_formula(text, file_format)}


@pytest.mark.parametrize("name", ODD_NAMES)
def test_names_in_any_script_are_exported_unchanged(make_upload, read, name):
    upload = make_upload(to_csv([[*make_row_without_phone(1), name]], header=[*COLUMNS, "Note"]))
    body = {"data": {"names": [name], "emails": [f"{name}@example.com"], "address": name}}
    Item.objects.update(answer=json.dumps(body), outcome="matched", answered_at=TRACED_AT)
    row = read(upload)[0]
    assert row["Note"] == row["Matched Name"] == row["Current Address"] == name
    assert row["Email 1"] == f"{name}@example.com"


def test_control_characters_are_kept_if_the_format_allows_them(make_answered, read, file_format):
    name = "Ada\x01\x07\x0b\x1b\x1f\x7f\x85\u2028Abbott"
    expected = name if file_format == "csv" else "Ada\x7f\x85\u2028Abbott"
    assert read(make_answered({"data": {"names": [name]}}))[0]["Matched Name"] == expected


def test_nul_and_unpaired_surrogates_are_removed(make_answered, read):
    answer = r'{"data": {"names": ["A\u0000da \ud83d Abbott \udc00"], "phones": [{"phone": "70355501\u000048"}]}}'
    rows = read(make_answered(answer))
    assert rows[0]["Matched Name"] == "Ada ? Abbott ?"
    assert list_phones(rows) == ["7035550148"]


def test_forty_phones_fill_five_or_ten_columns_or_forty_rows(make_answered, read, layout):
    phones = [{"phone": f"70355501{n:02}", "phoneType": "mobile" if n >= 35 else "landline"} for n in range(40)]
    rows = read(make_answered({"data": {"phones": phones}}))
    mobiles_first = [f"70355501{n:02}" for n in [*range(35, 40), *range(35)]]
    assert list_phones(rows) == mobiles_first[: {"wide": 5, "full": 10, "long": 40}[layout]]
    assert len(rows) == (40 if layout == "long" else 1)
    assert all(row["First Name"] == "Ada" and row["Zip"] == "20170" for row in rows)


def test_phones_without_optional_fields_are_only_numbers(make_answered, read):
    rows = read(make_answered({"data": {"phones": [{"phone": "7035550148"}, {"phone": 7035550149}]}}))
    assert list_phones(rows) == ["7035550148", "7035550149"]
    for part in (" Type", " DNC", " Carrier", " Last Seen"):
        assert not any(cell for row in rows for name, cell in row.items() if name.endswith(part))


def test_unusual_phone_numbers_are_exported_unchanged(make_answered, read):
    phones = [{"phone": "ask at reception"}, {"phone": "555"}, {"phone": "٧٠٣٥٥٥٠١٤٨"}, {"phone": "(703) 555-0148 x 2"}]
    rows = read(make_answered({"data": {"phones": phones}}))
    assert list_phones(rows) == [phone["phone"] for phone in phones]


@pytest.mark.parametrize("phones", [[{}], [{"phone": ""}], [{"phone": None}], [None, 7, "x", []], {}, "7035550148"])
def test_empty_phones_are_ignored(make_answered, read, phones):
    rows = read(make_answered({"data": {"phones": phones, "names": ["Ada Abbott"]}}))
    assert len(rows) == 1
    assert rows[0]["Matched Name"] == "Ada Abbott"
    assert list_phones(rows) in ([], [""])


def test_a_phone_without_a_number_takes_up_no_column(make_answered, read):
    phones = [{"phoneType": "mobile"}, {"phone": " ", "phoneType": "mobile"}, {"phone": "7035550148"}]
    rows = read(make_answered({"data": {"phones": phones}}))
    assert list_phones(rows) == ["7035550148"]
    assert rows[0].get("Phone 1", "7035550148") == "7035550148"


UNKNOWN_ANSWERS = [
    {"match": True, "new": []},
    {"match": True, "output": ["7035550148"]},
    {"match": True, "data": "7035550148"},
    {"match": True, "persons": ["Ada"]},
    [{"output": {}}],
    "[" * 5_000 + "]" * 5_000,
    "7",
    "broken {",
]


@pytest.mark.parametrize("answer", UNKNOWN_ANSWERS, ids=lambda answer: str(answer)[:30])
def test_an_answer_in_an_unknown_format_is_marked(make_answered, read, answer):
    rows = read(make_answered(answer))
    assert len(rows) == 1
    assert rows[0]["Message"] == "(answer in an unknown format, kept with the person)"
    assert rows[0]["Outcome"] == "matched"
    assert rows[0]["Traced At"] == "2026-01-02T03:04:05+00:00"
    assert list_phones(rows) in ([], [""])


EMPTY_ANSWERS = [
    "",
    {"match": False},
    {"match": True, "output": None},
    {"match": True, "output": {}},
    {"data": {"phones": {}}},
]


@pytest.mark.parametrize("answer", EMPTY_ANSWERS, ids=str)
def test_an_empty_answer_is_a_row_without_contact_details(make_answered, read, answer):
    rows = read(make_answered(answer, outcome="no_match"))
    assert [(row["Outcome"], row["Message"], row["Matched Name"]) for row in rows] == [("no_match", "", "")]
    assert list_phones(rows) in ([], [""])


def test_text_that_looks_like_an_escaped_character_is_unchanged(make_answered, read):
    name = "_x000D_ _x005F_x000A_ _x0041_x0042_ _X0041_ _x12_"
    assert read(make_answered({"data": {"names": [name]}}))[0]["Matched Name"] == name


@pytest.mark.parametrize("letter", ["a", "ש", "👩"])
def test_text_in_workbooks_is_cut_off_at_the_maximum_length_of_a_cell(make_answered, read, file_format, letter):
    # Spreadsheets count UTF-16 code units, of which an emoji needs two.
    code_units = len(letter.encode("utf-16-le")) // 2
    cell = read(make_answered({"data": {"names": [letter * 40_000]}}))[0]["Matched Name"]
    assert cell == letter * (40_000 if file_format == "csv" else MAX_CELL_LENGTH // code_units)


def test_cells_beyond_the_header_have_their_own_columns(make_upload, read):
    upload = make_upload(
        to_csv([make_row_without_phone(1), [*make_row_without_phone(2), "=1", "", "last"]], header=COLUMNS)
    )
    first, second = read(upload)
    assert [first[f"Column {n}"] for n in (7, 8, 9)] == ["", "", ""]
    assert second["Column 7"].endswith("=1")
    assert (second["Column 8"], second["Column 9"]) == ("", "last")


def test_short_rows_are_padded(make_upload, read):
    upload = make_upload(to_csv([make_row_without_phone(1), ["Ada"]], header=COLUMNS))
    assert [list(row.values())[:6] for row in read(upload)] == [make_row_without_phone(1), ["Ada", *[""] * 5]]


def test_all_readers_read_the_same_rows(make_upload, layout):
    upload = make_upload(people(30))
    first, *others = [read_rows(write_export(upload, layout, file_format)) for file_format, read_rows in READERS]
    assert len(first) == 31
    assert others == [first, first]
