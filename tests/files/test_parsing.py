import contextlib
import datetime
import io
import random
import zipfile

import openpyxl
import pytest

from batches.files.file_format import Layout, UnreadableFile
from batches.files.parsing import examine, rows
from tests.factories import HEADER, people, to_csv

TEXT = to_csv(people(3, City="Zoëtown")).decode()


@pytest.fixture
def write(tmp_path):
    def write(content, name="list.csv"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


def read(path, sheet=None):
    examined = examine(path, sheet)
    return examined.columns, list(rows(path, examined.layout))


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8-sig"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("cp1252", "cp1252"),
    ],
)
def test_encodings_are_found_out(write, encoding, found):
    path = write(TEXT.encode(encoding))
    columns, found_rows = read(path)
    assert examine(path).layout.encoding == found
    assert columns == HEADER
    assert [cells[3] for _, cells in found_rows] == ["Zoëtown"] * 3


def test_a_late_letter_decides_on_the_encoding(write):
    path = write(to_csv(people(5000)) + "Zoë,Abbott,1 Oak St,Herndon,VA,20170,\r\n".encode("cp1252"))
    assert read(path)[1][-1][1][0] == "Zoë"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_found_out(write, delimiter):
    path = write(to_csv(people(3, Address="1 Oak St, Rear; left | right\tside"), delimiter=delimiter))
    assert examine(path).layout.delimiter == delimiter
    assert len(read(path)[1][0][1]) == len(HEADER)


def test_quoted_newlines_stay_in_their_cell_and_rows_keep_their_numbers(write):
    columns, found = read(write(to_csv([["a\r\nb", "x"], ["c", "y"]], header=["Name", "City"])))
    assert columns == ["Name", "City"]
    assert found == [(2, ["a\r\nb", "x"]), (3, ["c", "y"])]


def test_titles_and_blank_lines_above_the_header_are_passed_over(write):
    path = write(b"Leads of November\r\n\r\nmade by us,,,,,,\r\n" + to_csv(people(2)))
    examined = examine(path)
    assert examined.layout.header_row == 4
    assert examined.columns == HEADER
    assert [number for number, _ in read(path)[1]] == [5, 6]


def test_a_file_without_column_names_loses_no_row(write):
    path = write(to_csv(people(3), header=None))
    columns, found = read(path)
    assert columns == [f"Column {n}" for n in range(1, 8)]
    assert [number for number, _ in found] == [1, 2, 3]


@pytest.mark.parametrize("name", ["2023 Assessed Value", "1 Year Equity", "60601"])
def test_column_names_that_look_like_values_are_names_beside_others(write, name):
    assert read(write(to_csv([["Ada Abbott", "1 Oak St", "5"]], header=["OWN_NAME", "PHY_ADDR1", name])))[0][2] == name


def test_a_city_in_a_file_without_names_is_no_name(write):
    rows_ = [["Ada Abbott", f"{n} Oak St", "Kansas City", "MO", "64101"] for n in range(3)]
    assert len(read(write(to_csv(rows_, header=None)))[1]) == 3


def test_blank_rows_come_as_empty(write):
    assert [cells for _, cells in read(write(b"Name,City\r\na,b\r\n,,\r\n\r\nc,d\r\n"))[1]] == [
        ["a", "b"],
        [],
        [],
        ["c", "d"],
    ]


def test_quotes_inside_a_cell_swallow_no_row(write):
    content = b'Name,City\r\n"Bob" Smith,a\r\n5" pipe,b\r\n"Q ""x""",c\r\nend,d\r\n'
    assert [cells for _, cells in read(write(content))[1]] == [
        ["Bob Smith", "a"],
        ['5" pipe', "b"],
        ['Q "x"', "c"],
        ["end", "d"],
    ]


def test_a_quote_that_is_never_closed_is_named_by_its_row(write):
    content = b'Name,City\r\na,b\r\n"c,d\r\n' + b"e,f\r\n" * 200
    with pytest.raises(UnreadableFile, match="Row 3: a quote"):
        list(rows(write(content), Layout("csv", "utf-8-sig", ",", header_row=1)))


def test_nul_bytes_are_left_out(write):
    assert read(write(b"Name,City\r\nA\x00da,b\r\n"))[1] == [(2, ["Ada", "b"])]


def test_a_column_without_a_name_is_kept_where_it_holds_anything(write):
    assert read(write(b"Name,City,\r\na,b,c\r\nd,e,\r\n"))[0] == ["Name", "City", ""]
    assert read(write(b"Name,City,\r\na,b,\r\nd,e,\r\n"))[0] == ["Name", "City"]


def test_one_column_is_enough(write):
    assert read(write(b"Email\r\nada@example.com\r\nben@example.com\r\n"))[0] == ["Email"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty"),
        (b"\r\n\r\n", "The file is empty"),
        (b"Name,City\r\n", "column names in row 1 but no rows"),
        (b"Name,City\r\n,\r\n", "no rows under them"),
        (b"%PDF-1.7 \x00\x01", "PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "old .xls"),
        (b"\x89PNG\r\n", "picture"),
        (bytes(range(256)) * 50, "not text"),
        (b"PK\x03\x04 but no archive", "damaged"),
    ],
)
def test_what_is_no_list_is_answered_with_a_sentence(write, content, sentence):
    with pytest.raises(UnreadableFile, match=sentence):
        examine(write(content))


def workbook(**sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, sheet_rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in sheet_rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_a_workbook_gives_what_the_spreadsheet_shows(write):
    path = write(
        workbook(Leads=[["Name", "Zip", "Since", "Own", "Rate"], ["Ada", 2118, datetime.date(2024, 12, 31), True, 0.5]])
    )
    assert read(path)[1] == [(2, ["Ada", "2118", "2024-12-31", "TRUE", "0.5"])]


def test_of_several_sheets_the_first_with_rows_is_read_unless_told(write):
    path = write(workbook(Empty=[], Leads=[["Name"], ["Ada"]], More=[["Email"], ["a@example.com"]]))
    examined = examine(path)
    assert (examined.layout.sheet, examined.layout.sheets) == ("Leads", ["Empty", "Leads", "More"])
    assert read(path, "More")[0] == ["Email"]
    with pytest.raises(UnreadableFile, match="no sheet “Nope”"):
        examine(path, "Nope")


def test_a_formula_without_its_result_is_named_by_its_cell(write):
    with pytest.raises(UnreadableFile, match="cell B2: a formula"):
        examine(write(workbook(Leads=[["Name", "City"], ["Ada", "=UPPER(A2)"]])))


def test_a_formula_with_its_result_is_read(write):
    content = workbook(Leads=[["Name", "City"], ["Ada", "=UPPER(A2)"]])
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for entry in old.infolist():
            data = old.read(entry)
            if entry.filename.endswith("sheet1.xml"):
                assert b"<v />" in data or b"<v></v>" in data
                data = (
                    data.replace(b'<c r="B2">', b'<c r="B2" t="str">')
                    .replace(b"<v />", b"<v>ADA</v>")
                    .replace(b"<v></v>", b"<v>ADA</v>")
                )
            new.writestr(entry.filename, data)
    assert read(write(out.getvalue()))[1] == [(2, ["Ada", "ADA"])]


def test_a_damaged_workbook_is_answered_with_a_sentence(write):
    content, luck = workbook(Leads=[["Name", "City"], ["Ada", "Herndon"]]), random.Random(1)
    for _ in range(300):
        damaged = bytearray(content)
        for _ in range(luck.randrange(1, 30)):
            damaged[luck.randrange(4, len(damaged))] = luck.randrange(256)
        with contextlib.suppress(UnreadableFile):
            read(write(bytes(damaged[: luck.choice([len(damaged), luck.randrange(4, len(damaged))])])))


def test_a_zip_bomb_is_refused_before_it_is_unpacked(write):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 150_000_000)
    with pytest.raises(UnreadableFile, match="far larger unpacked"):
        examine(write(out.getvalue()))
