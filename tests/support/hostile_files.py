"""Small files, invented for the tests, that exhaust or mislead a careless reader."""

import io
import zipfile

from batches.files.writers import write_xlsx
from tests.factories import HEADER, people, to_csv

SHEET = "xl/worksheets/sheet1.xml"
FAR_CELL = '<row r="{row}"><c r="{column}{row}" t="inlineStr"><is><t>x</t></is></c></row></sheetData>'


def change_workbook(change, part=SHEET, rows=None):
    """Return a workbook of people, with the XML of one part changed."""
    out = io.BytesIO()
    source = io.BytesIO(b"".join(write_xlsx([HEADER, *(rows or people(3))])))
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            text = old.read(entry).decode()
            new.writestr(entry.filename, change(text) if entry.filename == part else text)
    return out.getvalue()


def make_workbook_with_far_cell(column, row):
    """Return a workbook with a cell far from its list. A table of the whole sheet would exhaust the memory."""
    return change_workbook(lambda text: text.replace("</sheetData>", FAR_CELL.format(column=column, row=row)))


def make_workbook_with_tags_in_a_comment(count=40_000):
    """Return a workbook with many beginnings of a tag, each of which a careless pattern follows to the end."""
    return change_workbook(
        lambda text: text.replace("<sheets>", f"<!--{'<sheet ' * count}--><sheets>"), "xl/workbook.xml"
    )


def make_list_with_long_column_name(count=100_000):
    """Return a list with a long column name that is almost a street address, which slows down a careless pattern."""
    return to_csv(people(3), header=[*HEADER[:-1], f"1 a {'a' * count}\nx"])


def make_list_with_reopened_quotes():
    """Return a list whose first record has 50 lines, each of which closes and reopens its quote."""
    line = '",' + 600 * f"{'x' * 1000}," + '"\n'
    return ",".join(HEADER).encode() + b',"\n' + 49 * line.encode()


def make_workbook_with_entities():
    """Return a workbook with an entity that would be expanded to hundreds of millions of characters."""
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 9))
    declared = f'<!DOCTYPE worksheet [<!ENTITY e0 "ha">{entities}]>'
    return change_workbook(lambda text: text.replace("<worksheet", f"{declared}<worksheet").replace("Ada", "&e8;", 1))


HOSTILE = {
    "the last cell of a sheet": (
        make_workbook_with_far_cell("XFD", 1_048_576),
        "cell XFD1048576 is far from the list. Delete it, save, and upload the workbook again.",
    ),
    "a cell far down": (make_workbook_with_far_cell("AH", 1_000_000), "cell AH1000000 is far from the list."),
    "reopened quotes": (make_list_with_reopened_quotes(), "Row 1 has over 1,000,000 characters"),
    "entities": (make_workbook_with_entities(), "The workbook is damaged."),
}
"""Name → a file that must be refused, and part of the message."""
HARMLESS = {
    "tags in a comment": make_workbook_with_tags_in_a_comment(),
    "a long column name": make_list_with_long_column_name(),
}
"""Name → a file that must be read as quickly as any other."""
