"""Odd files that come from other programs, from old systems, or from mistakes by hand."""

import io
import zipfile

import pytest

from batches.files.encodings import repair_mojibake
from batches.files.file_format import FileFormat, UnreadableFile
from batches.files.parsing import examine, read_rows
from tests.factories import make_workbook

HEADER = "First Name,Last Name,Mailing Address,Mailing City,Mailing State,Mailing Zip"
PEOPLE = [
    ["Margaret", "Holloway", "12 Elm St, Apt 4", "Dallas", "TX", "75201"],
    ["Dennis", "Pruitt", "14 Oak Rd", "Plano", "TX", "75023"],
    ["Carol", "Westbrook", "16 Ash Ln", "Irving", "TX", "75060"],
    ["Thomas", "Lindqvist", "18 Fir Ct", "Garland", "TX", "75040"],
]


def read(path):
    """Return what was found out about a file, and the cells of its rows."""
    examined = examine(path)
    return examined, [cells for _, cells in read_rows(path, examined.file_format) if cells]


def read_first_column(path):
    _, found = read(path)
    return [cells[0] for cells in found]


def join_quoted(row, quote='"'):
    return ",".join(f"{quote}{cell}{quote}" for cell in row)


def test_lines_that_are_quoted_as_a_whole_are_read(write):
    lines = [HEADER, *(join_quoted(row) for row in PEOPLE)]
    content = "\r\n".join('"' + line.replace('"', '""') + '"' for line in lines)
    examined, found = read(write(content.encode()))
    assert (examined.columns, found) == (HEADER.split(","), PEOPLE)


def test_cells_in_single_quotes_are_read_without_them(write):
    lines = [join_quoted(HEADER.split(","), "'"), *(join_quoted(row, "'") for row in PEOPLE)]
    examined, found = read(write("\n".join(lines).encode()))
    assert (examined.columns, found) == (HEADER.split(","), PEOPLE)


def test_backslashes_escape_quotes_and_commas(write):
    content = 'Name,Address,City\n"Ada \\"Bee\\" Webb",1 Oak St\\, Rear,Reno\nBen Webb,2 Oak St,Reno\n'
    _, [ada, _] = read(write(content.encode()))
    assert ada == ['Ada "Bee" Webb', "1 Oak St, Rear", "Reno"]


def test_apostrophes_in_names_are_not_quotes(write):
    content = "Name,City\nD'Arcy O'Neil,Coeur d'Alene\n'Bud' Webb,Reno\n"
    _, found = read(write(content.encode()))
    assert found == [["D'Arcy O'Neil", "Coeur d'Alene"], ["'Bud' Webb", "Reno"]]


@pytest.mark.parametrize("unclosed_line", [1, 2, 3])
def test_an_unclosed_quote_does_not_hide_rows(write, unclosed_line):
    lines = [HEADER, *(",".join(cell.replace(", Apt 4", "") for cell in row) for row in PEOPLE), join_quoted(PEOPLE[0])]
    lines[unclosed_line] = '"' + lines[unclosed_line]
    _, found = read(write("\r\n".join(lines).encode()))
    assert [zip_code for *_, zip_code in found] == ["75201", "75023", "75060", "75040", "75201"]


def test_a_cell_of_several_lines_stays_in_one_piece(write):
    content = f'{HEADER}\r\nAda,Webb,"1 Oak St\r\nApt 4",Reno,NV,89501\r\nBen,Webb,2 Oak St,Reno,NV,89501\r\n'
    _, [ada, _] = read(write(content.encode()))
    assert ada[2] == "1 Oak St\r\nApt 4"


@pytest.mark.parametrize("encoding", ["cp1252", "mac_roman", "cp437", "utf-8", "utf-16"])
def test_accented_letters_are_read_in_any_encoding(write, encoding):
    names = ["Muñoz", "José", "Peña", "Gómez", "Ibáñez", "Zoë", "Núñez"]
    content = "Name,City\r\n" + "".join(f"{name},Reno\r\n" for name in names)
    assert read_first_column(write(content.encode(encoding))) == names


@pytest.mark.parametrize("wrong", ["cp1252", "mac_roman", "latin-1"])
def test_text_that_was_decoded_wrongly_before_is_repaired(write, wrong):
    names = ["Muñoz", "José", "Peña"]
    content = "Name,City\r\n" + "".join(f"{name.encode().decode(wrong)},Reno\r\n" for name in names)
    assert read_first_column(write(content.encode())) == names


def test_text_that_was_decoded_wrongly_twice_is_repaired():
    twice = "Muñoz".encode().decode("cp1252").encode().decode("cp1252")
    assert repair_mojibake(twice) == "Muñoz"


def test_text_that_only_looks_decoded_wrongly_is_unchanged():
    assert repair_mojibake("Ã la carte, 50 £, São Paulo, naïve") == "Ã la carte, 50 £, São Paulo, naïve"


def test_a_single_line_in_another_encoding_is_read(write):
    content = "Name,City\r\nMuñoz,Reno\r\n".encode() + "Peña,Reno\r\n".encode("cp1252") + "José,Reno\r\n".encode()
    assert read_first_column(write(content)) == ["Muñoz", "Peña", "José"]


def test_groups_above_the_column_names_become_part_of_them(write):
    content = "Owner,,Mailing,,,Property,,\nFirst,Last,Address,City,State,Address,City,State\n" + "".join(
        f"Ada,Webb,{n} Oak St,Reno,NV,{n} Elm St,Reno,NV\n" for n in range(1, 5)
    )
    examined, found = read(write(content.encode()))
    assert examined.columns == [
        *("Owner First", "Owner Last", "Mailing Address", "Mailing City", "Mailing State"),
        *("Property Address", "Property City", "Property State"),
    ]
    assert len(found) == 4


def test_a_second_row_of_column_names_is_not_a_person(write):
    names = "First Name,Last Name,Street Address,City\nfirst_name,last_name,street_address,city\n"
    content = f"{names}Ada,Webb,1 Oak St,Reno\nBen,Webb,2 Oak St,Reno\n"
    examined, found = read(write(content.encode()))
    assert examined.columns == ["First Name", "Last Name", "Street Address", "City"]
    assert [row[0] for row in found] == ["Ada", "Ben"]


def test_repeated_header_rows_are_not_people(write):
    content = "Name,City\nAda Webb,Reno\nName,City\nBen Webb,Reno\n"
    examined, found = read(write(content.encode()))
    assert found == [["Ada Webb", "Reno"], ["Ben Webb", "Reno"]]
    assert [number for number, cells in read_rows(write(content.encode()), examined.file_format) if cells] == [2, 4]


def test_column_names_are_found_below_a_title_and_search_criteria(write):
    head = "Tax roll 2025\nPrinted: 1/2/2025,By: clerk,Page: 1,,\nOwner Name,Mail Address,City,State,Zip\n"
    content = f"{head}WEBB ADA,1 Oak St,Reno,NV,89501\nWEBB BEN,2 Oak St,Reno,NV,89501\n"
    assert examine(write(content.encode())).file_format.header_row == 3


LIST = [HEADER.split(","), *PEOPLE]
"""The rows of a list, beginning with its column names."""


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
    with_hidden = FileFormat(**examined.file_format.as_dict() | {"with_hidden": True})
    assert [cells[0] for _, cells in read_rows(path, with_hidden)] == ["Margaret", "Dennis", "Carol", "Thomas"]


def test_a_sheet_with_only_hidden_rows_is_passed_over_for_another_one(write):
    def hide_all(book):
        for number in range(1, 6):
            book["Old"].row_dimensions[number].hidden = True

    path = write(make_workbook(hide_all, Old=LIST, Empty=[], New=LIST), "list.xlsx")
    assert examine(path).file_format.sheet == "New"
    with pytest.raises(UnreadableFile, match="only hidden rows"):
        examine(path, "Old")


def test_a_workbook_whose_rows_are_all_hidden_is_refused(write):
    def hide(book):
        for number in range(1, 6):
            book["New"].row_dimensions[number].hidden = True

    with pytest.raises(UnreadableFile, match="only hidden rows"):
        examine(write(make_workbook(hide, New=LIST)))


def make_table_row(row, tag="td"):
    return "<tr>" + "".join(f"<{tag}>{cell}</{tag}>" for cell in row) + "</tr>"


def test_a_web_page_called_xls_is_read(write):
    table = make_table_row(HEADER.split(","), "th") + "".join(map(make_table_row, PEOPLE))
    title = "<table><tr><td>Search &amp; results</td></tr></table>"
    page = f"<!DOCTYPE html><html><body>{title}<TABLE>{table}</TABLE></body></html>"
    examined, found = read(write(page.encode(), "list.xls"))
    assert (examined.file_format.kind, examined.columns, found) == ("html", HEADER.split(","), PEOPLE)


def test_a_web_page_without_a_table_is_refused(write):
    with pytest.raises(UnreadableFile, match="web page without a table"):
        examine(write(b"<html><body><p>Please log in</p></body></html>", "list.xls"))


def make_xml_spreadsheet(last_row):
    """Return a list as an Excel 2003 XML spreadsheet, with one more row given as markup."""
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


def test_an_xml_spreadsheet_called_xls_is_read(write):
    hidden = '<Row ss:Hidden="1"><Cell ss:Index="2"><Data ss:Type="String">gone</Data></Cell></Row>'
    examined, found = read(write(make_xml_spreadsheet(hidden), "list.xls"))
    assert (examined.file_format.kind, examined.file_format.hidden_rows, found) == ("xml", 1, PEOPLE)


@pytest.mark.parametrize("number", ["2", "0", "-1", "1048577"])
def test_an_xml_spreadsheet_with_impossible_row_numbers_is_refused(write, number):
    row = f'<Row ss:Index="{number}"><Cell><Data ss:Type="String">Ada</Data></Cell></Row>'
    with pytest.raises(UnreadableFile, match="damaged"):
        examine(write(make_xml_spreadsheet(row), "list.xls"))


def make_opendocument_row(row, attributes=""):
    cells = "".join(
        f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>' for cell in row
    )
    return f"<table:table-row {attributes}>{cells}</table:table-row>"


def make_opendocument(table):
    """Return a workbook whose first sheet has these elements. All rows of the second one are hidden."""
    hidden = make_opendocument_row(["Ada"], 'table:visibility="collapse"')
    namespaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    content = (
        f'<?xml version="1.0"?><office:document-content {namespaces}><office:body><office:spreadsheet>'
        f'<table:table table:name="Leads">{table}</table:table>'
        f'<table:table table:name="Old">{hidden}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
    return out.getvalue()


def test_an_opendocument_spreadsheet_is_read(write):
    examined, found = read(write(make_opendocument("".join(map(make_opendocument_row, LIST))), "list.ods"))
    assert (examined.file_format.kind, examined.file_format.hidden_rows, found) == ("ods", 0, PEOPLE)


@pytest.mark.parametrize("how", ["collapse", "filter"])
def test_hidden_rows_and_columns_of_an_opendocument_spreadsheet_are_found(write, how):
    hidden = f'table:visibility="{how}"'
    table = (
        f'<table:table-column table:number-columns-repeated="2"/><table:table-column {hidden}/>'
        f'<table:table-row table:number-rows-repeated="3" {hidden}><table:table-cell/></table:table-row>'
        + make_opendocument_row(LIST[0])
        + make_opendocument_row(LIST[1], f'{hidden} table:number-rows-repeated="2"')
        + make_opendocument_row(LIST[2])
        + f'<table:table-row table:number-rows-repeated="1048000" {hidden}><table:table-cell/></table:table-row>'
    )
    path = write(make_opendocument(table), "list.ods")
    examined, found = read(path)
    assert (examined.file_format.hidden_rows, examined.file_format.hidden_columns) == (2, [2])
    assert found == [LIST[2]]
    with_hidden = FileFormat(**examined.file_format.as_dict() | {"with_hidden": True})
    assert [cells for _, cells in read_rows(path, with_hidden) if cells] == [LIST[1], LIST[1], LIST[2]]


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
