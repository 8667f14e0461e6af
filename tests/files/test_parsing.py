import contextlib
import datetime
import io
import random
import zipfile

import pytest

from batches.files.file_format import MAX_ROW_LENGTH, FileFormat, UnreadableFile
from batches.files.parsing import RecordLines, examine, read_rows
from batches.files.workbook_parts import measure_sheet
from tests.factories import HEADER, make_workbook, people, to_csv
from tests.support.hostile_files import change_workbook

TEXT = to_csv(people(3, City="Zoëtown")).decode()


def read(path, sheet=None):
    """Return the column names, and the rows with their numbers."""
    examined = examine(path, sheet)
    return examined.columns, list(read_rows(path, examined.file_format))


def read_cells(path):
    """Return the cells of each row."""
    _, found = read(path)
    return [cells for _, cells in found]


@pytest.mark.parametrize(
    ("encoding", "detected"),
    [
        ("utf-8", "utf-8-sig"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("cp1252", "cp1252"),
    ],
)
def test_encodings_are_detected(write, encoding, detected):
    path = write(TEXT.encode(encoding))
    examined = examine(path)
    assert (examined.file_format.encoding, examined.columns) == (detected, HEADER)
    assert [cells[3] for cells in read_cells(path)] == ["Zoëtown"] * 3


def test_a_letter_at_the_end_of_a_long_file_decides_the_encoding(write):
    path = write(to_csv(people(5000)) + "Zoë,Abbott,1 Oak St,Herndon,VA,20170,\r\n".encode("cp1252"))
    assert read_cells(path)[-1][0] == "Zoë"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_detected(write, delimiter):
    path = write(to_csv(people(3, Address="1 Oak St, Rear; left | right\tside"), delimiter=delimiter))
    assert examine(path).file_format.delimiter == delimiter
    assert {len(cells) for cells in read_cells(path)} == {len(HEADER)}


def test_quoted_newlines_stay_in_their_cell_and_rows_keep_their_numbers(write):
    columns, found = read(write(to_csv([["a\r\nb", "x"], ["c", "y"]], header=["Name", "City"])))
    assert columns == ["Name", "City"]
    assert found == [(2, ["a\r\nb", "x"]), (3, ["c", "y"])]


def test_titles_and_blank_lines_above_the_header_are_skipped(write):
    path = write(b"Leads of November\r\n\r\nmade by us,,,,,,\r\n" + to_csv(people(2)))
    examined = examine(path)
    assert examined.file_format.header_row == 4
    assert examined.columns == HEADER
    assert [number for number, _ in read(path)[1]] == [5, 6]


def test_a_file_without_column_names_loses_no_row(write):
    path = write(to_csv(people(3), header=None))
    columns, found = read(path)
    assert columns == [f"Column {n}" for n in range(1, 8)]
    assert [number for number, _ in found] == [1, 2, 3]


@pytest.mark.parametrize("name", ["2023 Assessed Value", "1 Year Equity", "60601"])
def test_column_names_that_look_like_values_are_recognised_by_their_neighbours(write, name):
    header = ["OWN_NAME", "PHY_ADDR1", name]
    columns, _ = read(write(to_csv([["Ada Abbott", "1 Oak St", "5"]], header=header)))
    assert columns == header


def test_a_city_in_a_file_without_a_header_is_not_a_column_name(write):
    content = to_csv([["Ada Abbott", f"{n} Oak St", "Kansas City", "MO", "64101"] for n in range(3)], header=None)
    assert len(read_cells(write(content))) == 3


def test_blank_rows_are_empty(write):
    content = b"Name,City\r\na,b\r\n,,\r\n\r\nc,d\r\n"
    assert read_cells(write(content)) == [["a", "b"], [], [], ["c", "d"]]


def test_quotes_inside_a_cell_do_not_hide_rows(write):
    content = b'Name,City\r\n"Bob" Smith,a\r\n5" pipe,b\r\n"Q ""x""",c\r\nend,d\r\n'
    assert read_cells(write(content)) == [
        ["Bob Smith", "a"],
        ['5" pipe', "b"],
        ['Q "x"', "c"],
        ["end", "d"],
    ]


def test_the_message_names_the_row_of_an_unclosed_quote(write):
    content = b'Name,City\r\na,b\r\n"c,d\r\n' + b"e,f\r\n" * 200
    with pytest.raises(UnreadableFile, match="Row 3: a quote"):
        list(read_rows(write(content), FileFormat("csv", "utf-8-sig", ",", header_row=1)))


def test_a_quoted_cell_of_many_lines_is_read_once(write, monkeypatch):
    lines = []
    next_line = RecordLines.__next__

    def read_line(self):
        line = next_line(self)
        lines.append(line)
        return line

    monkeypatch.setattr(RecordLines, "__next__", read_line)
    content = b'Name,City\r\n"a' + b"\r\na" * 48 + b'",b\r\nc,d\r\n'
    assert [number for number, _ in read_rows(write(content), FileFormat("csv", "utf-8-sig", ","))] == [1, 2, 3]
    assert len(lines) == content.count(b"\r\n")


@pytest.mark.parametrize("delimiter", [b",", b"\n,"])
def test_the_message_names_a_row_that_is_too_long(write, delimiter):
    content = b'Name,City\na,b\n"c' + delimiter + b'",' + b"d" * MAX_ROW_LENGTH
    with pytest.raises(UnreadableFile, match="Row 3 has over 1,000,000 characters"):
        list(read_rows(write(content), FileFormat("csv", "utf-8-sig", ",", header_row=1)))


def test_the_message_names_a_row_that_is_too_wide(write):
    assert len(read(write(b"Name" + b"," * 16_383 + b"x\na,b\n"))[0]) == 16_384
    with pytest.raises(UnreadableFile, match="Row 2 has 16,385 cells, more than the limit of 16,384"):
        examine(write(b"Name,City\n" + b"," * 16_384 + b"\n"))


def test_samples_are_limited(write):
    found = examine(write(to_csv([["a" * 100_000, "b"]] * 10, header=["Name", "City"])))
    assert (len(found.samples), found.row_estimate) == (4, 11)


def test_nul_bytes_are_left_out(write):
    assert read_cells(write(b"Name,City\r\nA\x00da,b\r\n")) == [["Ada", "b"]]


def test_a_column_without_a_name_is_kept_if_it_has_values(write):
    assert read(write(b"Name,City,\r\na,b,c\r\nd,e,\r\n"))[0] == ["Name", "City", ""]
    assert read(write(b"Name,City,\r\na,b,\r\nd,e,\r\n"))[0] == ["Name", "City"]


def test_a_list_may_have_a_single_column(write):
    assert read(write(b"Email\r\nada@example.com\r\nben@example.com\r\n"))[0] == ["Email"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty"),
        (b"\r\n\r\n", "The file is empty"),
        (b"Name,City\r\n", "column names in row 1 but no rows"),
        (b"Name,City\r\n,\r\n", "no rows below them"),
        (b"%PDF-1.7 \x00\x01", "PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "old .xls"),
        (b"\x89PNG\r\n", "picture"),
        (bytes(range(256)) * 50, "not text"),
        (b"PK\x03\x04 but no archive", "damaged"),
    ],
)
def test_files_that_are_not_lists_are_refused_with_a_message(write, content, sentence):
    with pytest.raises(UnreadableFile, match=sentence):
        examine(write(content))


def test_a_workbook_is_read_as_a_spreadsheet_shows_it(write):
    path = write(
        make_workbook(
            Leads=[["Name", "Zip", "Since", "Own", "Rate"], ["Ada", 2118, datetime.date(2024, 12, 31), True, 0.5]]
        )
    )
    assert read_cells(path) == [["Ada", "2118", "2024-12-31", "TRUE", "0.5"]]


def test_the_first_sheet_with_rows_is_read_unless_another_is_chosen(write):
    path = write(make_workbook(Empty=[], Leads=[["Name"], ["Ada"]], More=[["Email"], ["a@example.com"]]))
    examined = examine(path)
    assert (examined.file_format.sheet, examined.file_format.sheets) == ("Leads", ["Empty", "Leads", "More"])
    assert read(path, "More")[0] == ["Email"]
    with pytest.raises(UnreadableFile, match="no sheet “Nope”"):
        examine(path, "Nope")


def test_the_message_names_the_cell_of_a_formula_without_a_result(write):
    with pytest.raises(UnreadableFile, match="cell B2 has a formula"):
        examine(write(make_workbook(Leads=[["Name", "City"], ["Ada", "=UPPER(A2)"]])))


def test_a_formula_with_its_result_is_read(write):
    content = make_workbook(Leads=[["Name", "City"], ["Ada", "=UPPER(A2)"]])
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
    assert read_cells(write(out.getvalue())) == [["Ada", "ADA"]]


def test_a_formula_with_an_empty_string_as_its_result_is_read(write):
    row = '<row r="5"><c r="A5" t="str"><f>""</f><v></v></c><c r="B5"><f>1</f><v>1</v></c></row>'
    assert read_cells(write(add_rows(row)))[-1] == ["", "1", "", "", "", "", ""]


def add_rows(markup):
    """Return a workbook with these rows added at the end."""
    return change_workbook(lambda text: text.replace("</sheetData>", f"{markup}</sheetData>"))


@pytest.mark.parametrize(
    ("markup", "far_cell"),
    [
        ('<row r="1048576"><c r="B1048576"><v>1</v></c></row>', "B1048576"),
        ('<row r="1000000"><c><v>1</v></c></row>', "A1000000"),
        ('<row r="9"><c r="XFD9"><v>1</v></c></row><row r="999"><c r="A999"><v>1</v></c><c><v>1</v></c></row>', "XFD9"),
    ],
)
def test_the_message_names_a_cell_far_from_the_list(write, markup, far_cell):
    with pytest.raises(UnreadableFile, match=f"cell {far_cell} is far from the list"):
        examine(write(add_rows(markup)))


@pytest.mark.parametrize(
    "markup",
    ['<row r="9"><c r="XFD9"><v>1</v></c></row>', '<row r="1048576"><c r="XFD1048576" s="1"/></row>'],
    ids=["far to the right only", "without a value"],
)
def test_a_far_cell_that_does_no_harm_is_accepted(write, markup):
    assert examine(write(add_rows(markup))).columns[: len(HEADER)] == HEADER


@pytest.mark.parametrize("prefix", ["", "x:"])
def test_the_extent_of_a_sheet_is_found_with_any_xml_prefix(prefix):
    cells = "".join(f'<{prefix}c r="{cell}"><{prefix}v>1</{prefix}v></{prefix}c>' for cell in ("B2", "AB2", "C7"))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("sheet.xml", f'<{prefix}sheetData xmlns:x="x">{cells}</{prefix}sheetData>')
    with zipfile.ZipFile(out) as archive:
        extent = measure_sheet(archive, "sheet.xml")
    assert (extent.filled, extent.first_row, extent.last_row, extent.height) == (3, 2, 7, 6)
    assert extent.box_size == 6 * 27


def test_a_damaged_workbook_raises_nothing_but_unreadable_file(write):
    content = make_workbook(Leads=[["Name", "City"], ["Ada", "Herndon"]])
    rng = random.Random(1)
    for _ in range(300):
        damaged = bytearray(content)
        for _ in range(rng.randrange(1, 30)):
            damaged[rng.randrange(4, len(damaged))] = rng.randrange(256)
        if rng.random() < 0.5:
            damaged = damaged[: rng.randrange(4, len(damaged))]
        with contextlib.suppress(UnreadableFile):
            read(write(bytes(damaged)))


def test_a_zip_bomb_is_refused_before_it_is_unpacked(write):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 150_000_000)
    with pytest.raises(UnreadableFile, match="far too large once unpacked"):
        examine(write(out.getvalue()))
