"""Odd files, from other programs, old systems and mistakes by hand."""

import io
import zipfile

import pytest

from batches.files.encodings import repair_mojibake
from batches.files.file_format import FileFormat, UnreadableFile
from batches.files.parsing import examine, rows
from tests.factories import make_workbook

HEADER = "First Name,Last Name,Mailing Address,Mailing City,Mailing State,Mailing Zip"
PEOPLE = [
    ["Margaret", "Holloway", "12 Elm St, Apt 4", "Dallas", "TX", "75201"],
    ["Dennis", "Pruitt", "14 Oak Rd", "Plano", "TX", "75023"],
    ["Carol", "Westbrook", "16 Ash Ln", "Irving", "TX", "75060"],
    ["Thomas", "Lindqvist", "18 Fir Ct", "Garland", "TX", "75040"],
]


def read(path):
    examined = examine(path)
    return examined, [cells for _, cells in rows(path, examined.file_format) if cells]


def quoted(row, quote='"'):
    return ",".join(f"{quote}{cell}{quote}" for cell in row)


def test_every_line_in_quotes(write):
    lines = [HEADER, *(quoted(row) for row in PEOPLE)]
    content = "\r\n".join('"' + line.replace('"', '""') + '"' for line in lines)
    examined, found = read(write(content.encode()))
    assert (examined.columns, found) == (HEADER.split(","), PEOPLE)


def test_single_quotes(write):
    lines = [quoted(HEADER.split(","), "'"), *(quoted(row, "'") for row in PEOPLE)]
    examined, found = read(write("\n".join(lines).encode()))
    assert (examined.columns, found) == (HEADER.split(","), PEOPLE)


def test_backslashes_before_quotes_and_commas(write):
    content = 'Name,Address,City\n"Ada \\"Bee\\" Webb",1 Oak St\\, Rear,Reno\nBen Webb,2 Oak St,Reno\n'
    assert read(write(content.encode()))[1][0] == ['Ada "Bee" Webb', "1 Oak St, Rear", "Reno"]


def test_apostrophes_in_names_are_not_quotes(write):
    content = "Name,City\nD'Arcy O'Neil,Coeur d'Alene\n'Bud' Webb,Reno\n"
    assert read(write(content.encode()))[1] == [["D'Arcy O'Neil", "Coeur d'Alene"], ["'Bud' Webb", "Reno"]]


@pytest.mark.parametrize("first", [1, 2, 3])
def test_an_unclosed_quote_does_not_hide_rows(write, first):
    lines = [HEADER, *(",".join(cell.replace(", Apt 4", "") for cell in row) for row in PEOPLE), quoted(PEOPLE[0])]
    lines[first] = '"' + lines[first]
    found = read(write("\r\n".join(lines).encode()))[1]
    assert [row[5] for row in found] == ["75201", "75023", "75060", "75040", "75201"]


def test_a_cell_of_several_lines_stays_one(write):
    content = f'{HEADER}\r\nAda,Webb,"1 Oak St\r\nApt 4",Reno,NV,89501\r\nBen,Webb,2 Oak St,Reno,NV,89501\r\n'
    assert read(write(content.encode()))[1][0][2] == "1 Oak St\r\nApt 4"


@pytest.mark.parametrize("encoding", ["cp1252", "mac_roman", "cp437", "utf-8", "utf-16"])
def test_letters_with_accents_in_any_encoding(write, encoding):
    names = ["Muñoz", "José", "Peña", "Gómez", "Ibáñez", "Zoë", "Núñez"]
    content = "Name,City\r\n" + "".join(f"{name},Reno\r\n" for name in names)
    assert [row[0] for row in read(write(content.encode(encoding)))[1]] == names


@pytest.mark.parametrize("wrong", ["cp1252", "mac_roman", "latin-1"])
def test_text_that_was_decoded_wrongly_before(write, wrong):
    names = ["Muñoz", "José", "Peña"]
    content = "Name,City\r\n" + "".join(f"{name.encode().decode(wrong)},Reno\r\n" for name in names)
    assert [row[0] for row in read(write(content.encode()))[1]] == names


def test_text_that_was_decoded_wrongly_twice():
    twice = "Muñoz".encode().decode("cp1252").encode().decode("cp1252")
    assert repair_mojibake(twice) == "Muñoz"
    assert repair_mojibake("Ã la carte, 50 £, São Paulo, naïve") == "Ã la carte, 50 £, São Paulo, naïve"


def test_one_line_in_another_encoding(write):
    content = "Name,City\r\nMuñoz,Reno\r\n".encode() + "Peña,Reno\r\n".encode("cp1252") + "José,Reno\r\n".encode()
    assert [row[0] for row in read(write(content))[1]] == ["Muñoz", "Peña", "José"]


def test_groups_above_the_names(write):
    content = "Owner,,Mailing,,,Property,,\nFirst,Last,Address,City,State,Address,City,State\n" + "".join(
        f"Ada,Webb,{n} Oak St,Reno,NV,{n} Elm St,Reno,NV\n" for n in range(1, 5)
    )
    examined, found = read(write(content.encode()))
    assert examined.columns == [
        *("Owner First", "Owner Last", "Mailing Address", "Mailing City", "Mailing State"),
        *("Property Address", "Property City", "Property State"),
    ]
    assert len(found) == 4


def test_two_rows_of_names(write):
    names = "First Name,Last Name,Street Address,City\nfirst_name,last_name,street_address,city\n"
    content = f"{names}Ada,Webb,1 Oak St,Reno\nBen,Webb,2 Oak St,Reno\n"
    examined, found = read(write(content.encode()))
    assert examined.columns == ["First Name", "Last Name", "Street Address", "City"]
    assert [row[0] for row in found] == ["Ada", "Ben"]


def test_repeated_header_rows_are_not_people(write):
    content = "Name,City\nAda Webb,Reno\nName,City\nBen Webb,Reno\n"
    examined, found = read(write(content.encode()))
    assert found == [["Ada Webb", "Reno"], ["Ben Webb", "Reno"]]
    assert [number for number, cells in rows(write(content.encode()), examined.file_format) if cells] == [2, 4]


def test_a_title_and_a_second_line_of_criteria(write):
    head = "Tax roll 2025\nPrinted: 1/2/2025,By: clerk,Page: 1,,\nOwner Name,Mail Address,City,State,Zip\n"
    content = f"{head}WEBB ADA,1 Oak St,Reno,NV,89501\nWEBB BEN,2 Oak St,Reno,NV,89501\n"
    assert examine(write(content.encode())).file_format.header_row == 3


LIST = [HEADER.split(","), *PEOPLE]


def test_hidden_sheets_are_listed_and_not_chosen_first(write):
    def hide(book):
        book["Old"].sheet_state = "hidden"
        book.active = 1

    file_format = examine(write(make_workbook(hide, Old=LIST, New=LIST[:3]))).file_format
    assert (file_format.sheet, file_format.hidden_sheets, file_format.sheets) == ("New", ["Old"], ["Old", "New"])


def test_hidden_columns_are_kept_and_listed(write):
    def hide(book):
        book["New"].column_dimensions["C"].hidden = True

    examined, found = read(write(make_workbook(hide, New=LIST)))
    assert examined.file_format.hidden_columns == [2]
    assert found == PEOPLE


def test_hidden_rows_are_read_on_request(write):
    def hide(book):
        book["New"].row_dimensions[3].hidden = True

    path = write(make_workbook(hide, New=LIST))
    examined, found = read(path)
    assert examined.file_format.hidden_rows == 1
    assert [row[0] for row in found] == ["Margaret", "Carol", "Thomas"]
    wanted = FileFormat(**examined.file_format.as_dict() | {"with_hidden": True})
    assert [cells[0] for _, cells in rows(path, wanted)] == ["Margaret", "Dennis", "Carol", "Thomas"]


def test_a_workbook_whose_rows_are_all_hidden_is_refused(write):
    def hide(book):
        for number in range(1, 6):
            book["New"].row_dimensions[number].hidden = True

    with pytest.raises(UnreadableFile, match="only hidden rows"):
        examine(write(make_workbook(hide, New=LIST)))


def markup_row(row, tag="td"):
    return "<tr>" + "".join(f"<{tag}>{cell}</{tag}>" for cell in row) + "</tr>"


def test_a_web_page_called_xls(write):
    table = markup_row(HEADER.split(","), "th") + "".join(map(markup_row, PEOPLE))
    title = "<table><tr><td>Search &amp; results</td></tr></table>"
    page = f"<!DOCTYPE html><html><body>{title}<TABLE>{table}</TABLE></body></html>"
    examined, found = read(write(page.encode(), "list.xls"))
    assert (examined.file_format.kind, examined.columns, found) == ("html", HEADER.split(","), PEOPLE)


def test_a_web_page_without_a_table_is_refused(write):
    with pytest.raises(UnreadableFile, match="web page without a table"):
        examine(write(b"<html><body><p>Please log in</p></body></html>", "list.xls"))


def xml_spreadsheet(last_row):
    body = "".join(
        "<Row>" + "".join(f'<Cell><Data ss:Type="String">{cell}</Data></Cell>' for cell in row) + "</Row>"
        for row in LIST
    )
    content = (
        '<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" '
        'xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="Leads"><Table>'
        f"{body}{last_row}</Table></Worksheet></Workbook>"
    )
    return content.encode()


def test_an_xml_spreadsheet_called_xls(write):
    hidden = '<Row ss:Hidden="1"><Cell ss:Index="2"><Data ss:Type="String">gone</Data></Cell></Row>'
    examined, found = read(write(xml_spreadsheet(hidden), "list.xls"))
    assert (examined.file_format.kind, examined.file_format.hidden_rows, found) == ("xml", 1, PEOPLE)


@pytest.mark.parametrize("number", ["2", "0", "-1", "1048577"])
def test_an_xml_spreadsheet_with_impossible_row_numbers_is_refused(write, number):
    row = f'<Row ss:Index="{number}"><Cell><Data ss:Type="String">Ada</Data></Cell></Row>'
    with pytest.raises(UnreadableFile, match="damaged"):
        examine(write(xml_spreadsheet(row), "list.xls"))


def test_an_opendocument_spreadsheet_is_read(write):
    cells = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>' for cell in row
        )
        + "</table:table-row>"
        for row in LIST
    )
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    content = (
        f'<?xml version="1.0"?><office:document-content {spaces}><office:body><office:spreadsheet>'
        f'<table:table table:name="Leads">{cells}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
    examined, found = read(write(out.getvalue(), "list.ods"))
    assert (examined.file_format.kind, found) == ("ods", PEOPLE)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 600, "has a password"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 2000, "old .xls"),
        (b'<?xml version="1.0"?><people><person/></people>', "XML file"),
        (b'[{"name": "Ada"}]', "JSON file"),
        (b'{"name": "Ada"}', "JSON file"),
    ],
)
def test_the_message_names_a_format_that_cannot_be_read(write, content, sentence):
    with pytest.raises(UnreadableFile, match=sentence):
        examine(write(content))
