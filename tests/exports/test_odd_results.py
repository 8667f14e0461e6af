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
NAMES = HEADER[:6]
TRACED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
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


def pandas_csv(content):
    return as_rows(pandas.read_csv(io.BytesIO(content), encoding="utf-8-sig", **UNCHANGED_TEXTS))


def pandas_xlsx(content):
    rows = as_rows(pandas.read_excel(io.BytesIO(content), engine="openpyxl", **UNCHANGED_TEXTS))
    # openpyxl does not decode escaped characters.
    return [list(map(unescape, row)) for row in rows]


def calamine(content):
    return CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()


def as_rows(frame):
    return frame.fillna("").to_numpy().tolist()


UNCHANGED_TEXTS = {"header": None, "dtype": object, "keep_default_na": False}
READERS = {"pandas_csv": pandas_csv, "pandas_xlsx": pandas_xlsx, "calamine": calamine}


@pytest.fixture(params=["wide", "long", "full"])
def layout(request):
    return request.param


@pytest.fixture(params=READERS)
def reader(request):
    return request.param


@pytest.fixture
def read(layout, reader):
    """Return the rows of an upload's export as dicts, read by this reader."""

    def read(upload):
        header, *rows = READERS[reader](write(upload, layout, reader))
        assert len(set(header)) == len(header)
        return [dict(zip(header, row, strict=True)) for row in rows]

    return read


@pytest.fixture
def trace(make_upload):
    """Make an upload of one person with this answer, given as JSON or as text."""

    def trace(answer, outcome="matched", **changes):
        upload = make_upload(to_csv([person(1, **changes)[:6]], header=NAMES))
        text = answer if isinstance(answer, str) else json.dumps(answer)
        Item.objects.update(answer=text, outcome=outcome, credits=1, answered_at=TRACED)
        return upload

    return trace


def write(upload, layout, reader, choices=None):
    file_format = reader.rpartition("_")[2].replace("calamine", "xlsx")
    layout = export_files.find_layout(layout)
    return b"".join(
        export_files.stream_export(upload, upload.items.all(), layout, choices or ExportChoices(), file_format)
    )


def shown(text, reader):
    """Return a formula as a reader finds it: in CSV, after an apostrophe."""
    return f"'{text}" if reader == "pandas_csv" else text


def phones_in(rows, part=""):
    """Return the phones in one person's rows, in any layout."""
    if "Phone" in rows[0]:
        return [row[f"Phone{part}"] for row in rows]
    return [cell for n in range(1, 11) if (cell := rows[0].get(f"Phone {n}{part}"))]


@pytest.mark.parametrize("cell", [*DANGEROUS, "\t=1+1", "\r=1+1"])
def test_formulas_in_cells_are_text(make_upload, read, reader, cell):
    upload = make_upload(to_csv([[*person(1)[:6], cell]], header=[*NAMES, cell]))
    name = upload.all_columns[6]
    assert read(upload)[0][shown(name, reader)] == shown(cell, reader)


@pytest.mark.parametrize("text", DANGEROUS)
def test_formulas_in_contact_details_are_text(trace, read, reader, text):
    phone = {"phone": text, "phoneType": text, "telcoName": text, "lastSeen": text}
    data = {"names": [text], "phones": [phone], "emails": [text], "address": text, "age": text}
    row = read(trace({"data": data}))[0]
    found = [cell for name, cell in row.items() if name in FOUND]
    assert set(found) == {shown(text, reader)}
    assert len(found) == len(FOUND & set(row))


FOUND = {"Matched Name", "Email 1", "Current Address", "Phone", "Phone Type", "Phone Carrier", "Phone Last Seen"}
FOUND |= {f"Phone 1{part}" for part in ("", " Type", " Carrier", " Last Seen")}


@pytest.mark.parametrize("name", ODD_NAMES)
def test_names_in_any_script_are_exported_unchanged(make_upload, read, name):
    upload = make_upload(to_csv([[*person(1)[:6], name]], header=[*NAMES, "Note"]))
    body = {"data": {"names": [name], "emails": [f"{name}@example.com"], "address": name}}
    Item.objects.update(answer=json.dumps(body), outcome="matched", answered_at=TRACED)
    row = read(upload)[0]
    assert row["Note"] == row["Matched Name"] == row["Current Address"] == name
    assert row["Email 1"] == f"{name}@example.com"


def test_control_characters_are_kept_if_the_format_allows_them(trace, read, reader):
    name = "Ada\x01\x07\x0b\x1b\x1f\x7f\x85\u2028Abbott"
    kept = name if reader == "pandas_csv" else "Ada\x7f\x85\u2028Abbott"
    assert read(trace({"data": {"names": [name]}}))[0]["Matched Name"] == kept


def test_nul_and_unpaired_surrogates_are_removed(trace, read):
    answer = r'{"data": {"names": ["A\u0000da \ud83d Abbott \udc00"], "phones": [{"phone": "70355501\u000048"}]}}'
    row = read(trace(answer))
    assert row[0]["Matched Name"] == "Ada ? Abbott ?"
    assert phones_in(row) == ["7035550148"]


def test_forty_phones_are_five_ten_or_forty_rows(trace, read, layout):
    phones = [{"phone": f"70355501{n:02}", "phoneType": "mobile" if n >= 35 else "landline"} for n in range(40)]
    rows = read(trace({"data": {"phones": phones}}))
    by_use = [f"70355501{n:02}" for n in [*range(35, 40), *range(35)]]
    assert phones_in(rows) == by_use[: {"wide": 5, "full": 10, "long": 40}[layout]]
    assert len(rows) == (40 if layout == "long" else 1)
    assert all(row["First Name"] == "Ada" and row["Zip"] == "20170" for row in rows)


def test_phones_without_optional_fields_are_only_numbers(trace, read):
    rows = read(trace({"data": {"phones": [{"phone": "7035550148"}, {"phone": 7035550149}]}}))
    assert phones_in(rows) == ["7035550148", "7035550149"]
    for part in (" Type", " DNC", " Carrier", " Last Seen"):
        assert not any(cell for row in rows for name, cell in row.items() if name.endswith(part))


def test_unusual_phone_numbers_are_unchanged(trace, read):
    phones = [{"phone": "ask at reception"}, {"phone": "555"}, {"phone": "٧٠٣٥٥٥٠١٤٨"}, {"phone": "(703) 555-0148 x 2"}]
    rows = read(trace({"data": {"phones": phones}}))
    assert phones_in(rows) == [phone["phone"] for phone in phones]


@pytest.mark.parametrize("phones", [[{}], [{"phone": ""}], [{"phone": None}], [None, 7, "x", []], {}, "7035550148"])
def test_empty_phones_are_ignored(trace, read, phones):
    rows = read(trace({"data": {"phones": phones, "names": ["Ada Abbott"]}}))
    assert len(rows) == 1
    assert rows[0]["Matched Name"] == "Ada Abbott"
    assert phones_in(rows) in ([], [""])


def test_a_phone_without_a_number_uses_no_column(trace, read):
    phones = [{"phoneType": "mobile"}, {"phone": " ", "phoneType": "mobile"}, {"phone": "7035550148"}]
    rows = read(trace({"data": {"phones": phones}}))
    assert phones_in(rows) == ["7035550148"]
    assert rows[0].get("Phone 1", "7035550148") == "7035550148"


UNKNOWN = [
    {"match": True, "new": []},
    {"match": True, "output": ["7035550148"]},
    {"match": True, "data": "7035550148"},
    {"match": True, "persons": ["Ada"]},
    [{"output": {}}],
    "[" * 5_000 + "]" * 5_000,
    "7",
    "broken {",
]


@pytest.mark.parametrize("answer", UNKNOWN, ids=lambda answer: str(answer)[:30])
def test_an_answer_in_an_unknown_format_is_marked(trace, read, answer):
    rows = read(trace(answer))
    assert len(rows) == 1
    assert rows[0]["Message"] == "(answer in an unknown format, kept with the person)"
    assert rows[0]["Outcome"] == "matched"
    assert rows[0]["Traced At"] == "2026-01-02T03:04:05+00:00"
    assert phones_in(rows) in ([], [""])


EMPTY = ["", {"match": False}, {"match": True, "output": None}, {"match": True, "output": {}}, {"data": {"phones": {}}}]


@pytest.mark.parametrize("answer", EMPTY, ids=str)
def test_an_empty_answer_is_a_row_without_contact_details(trace, read, answer):
    rows = read(trace(answer, outcome="no_match"))
    assert [(row["Outcome"], row["Message"], row["Matched Name"]) for row in rows] == [("no_match", "", "")]
    assert phones_in(rows) in ([], [""])


def test_text_that_looks_like_an_escaped_character_stays(trace, read):
    name = "_x000D_ _x005F_x000A_ _x0041_x0042_ _X0041_ _x12_"
    assert read(trace({"data": {"names": [name]}}))[0]["Matched Name"] == name


@pytest.mark.parametrize("letter", ["a", "ש", "👩"])
def test_workbook_cells_have_a_spreadsheets_maximum_length(trace, read, reader, letter):
    """Spreadsheets count characters beyond 16 bits as two."""
    fits = 32_767 // (len(letter.encode("utf-16-le")) // 2)
    cell = read(trace({"data": {"names": [letter * 40_000]}}))[0]["Matched Name"]
    assert cell == letter * (40_000 if reader == "pandas_csv" else fits)


def test_cells_beyond_the_header_have_their_own_columns(make_upload, read):
    upload = make_upload(to_csv([person(1)[:6], [*person(2)[:6], "=1", "", "last"]], header=NAMES))
    first, second = read(upload)
    assert [first[f"Column {n}"] for n in (7, 8, 9)] == ["", "", ""]
    assert second["Column 7"].endswith("=1")
    assert (second["Column 8"], second["Column 9"]) == ("", "last")


def test_short_rows_are_padded(make_upload, read):
    upload = make_upload(to_csv([person(1)[:6], ["Ada"]], header=NAMES))
    assert [list(row.values())[:6] for row in read(upload)] == [person(1)[:6], ["Ada", *[""] * 5]]


def test_every_reader_finds_as_many_rows_and_columns(make_upload, layout):
    upload = make_upload(people(30))
    files = [read(write(upload, layout, name)) for name, read in READERS.items()]
    assert files[0] == files[1] == files[2]
    assert len(files[0]) == 31
