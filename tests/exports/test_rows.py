"""The rows and numbers of exports by layout, the export log, and workbooks."""

import csv
import hashlib
import io
import zipfile

import pytest
from django.core.management import CommandError, call_command
from openpyxl import load_workbook

from batches.exports import files
from batches.exports.id_set import IdSet
from batches.exports.layouts import LAYOUT_FIELDS, NUMBERED_FIELDS, Layout, UnknownField, compile_columns, find_source
from batches.exports.rows import CHOICE_LABELS, ExportChoices
from batches.files import writers
from batches.forms.exports import LayoutForm
from batches.intake import suppression
from batches.models import Export, ExportLayout
from batches.tracing import decisions
from tests.exports.test_files import write
from tests.factories import answer_for, answer_with, people, person

pytestmark = pytest.mark.django_db
MOBILE = {"phone": "2025550101", "phoneType": "mobile", "isConnected": True, "lastSeen": "2026-01-01"}
DO_NOT_CALL = {"phone": "2025550102", "phoneType": "mobile", "doNotCall": True}
LANDLINE = {"phone": "(202) 555-0103", "phoneType": "landline", "telcoName": "Sample Telephone"}
OTHER = {"phone": "2025550104"}


def answer(item, place):
    """Return four phones for the first, one of them for the second, who is deceased, and someone else for the third."""
    if place == 0:
        address = {"house": "9", "street": "Elm", "strType": "St", "city": "Tampa", "state": "FL", "zip": "33602"}
        emails = [{"email": "ada@example.com"}]
        return answer_with(item, phones=[DO_NOT_CALL, OTHER, LANDLINE, MOBILE], emails=emails, address=address)
    if place == 1:
        return answer_with(item, phones=[MOBILE, OTHER], demographics={"deceased": True})
    if place == 2:
        return answer_with(item, phones=[LANDLINE], names=["Wes Underhill"])
    return answer_for(item, "no_match")


@pytest.fixture(params=[True, False], ids=["digested", "not digested"])
def upload(request, finish_upload):
    return finish_upload(12, answers=answer, digested=request.param)


def phones(upload, **choices):
    """Return the phones of each person with any, in the order of the file."""
    layout = Layout("these", [("Phone", "phone"), ("Row", "row")], per="phone", needs="phone")
    rows = list(csv.reader(io.StringIO(write(upload, layout, **choices).decode()[1:], newline="")))[1:]
    found = {}
    for phone, row in rows:
        found.setdefault(row, []).append(phone[-4:])
    return list(found.values())


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({}, [["0101", "0103", "0104", "0102"], ["0101", "0104"], ["0103"]]),
        ({"without_dnc": True}, [["0101", "0103", "0104"], ["0101", "0104"], ["0103"]]),
        ({"mobiles_only": True}, [["0101", "0102"], ["0101"]]),
        ({"once": True}, [["0101", "0103", "0104", "0102"]]),
        ({"once": True, "mobiles_only": True}, [["0101", "0102"]]),
        ({"without_deceased": True}, [["0101", "0103", "0104", "0102"], ["0103"]]),
        ({"without_other": True}, [["0101", "0103", "0104", "0102"], ["0101", "0104"]]),
        ({"without_deceased": True, "without_other": True, "without_dnc": True}, [["0101", "0103", "0104"]]),
    ],
)
def test_each_choice_excludes_what_its_label_says(upload, choice, expected):
    assert phones(upload, **choice) == expected


def test_suppressed_people_and_numbers(upload, alice):
    suppression.suppress_items(upload.items.filter(row_number=2), alice)
    suppression.suppress_texts(["202-555-0104"], alice)
    assert phones(upload) == [["0101", "0103", "0102"], ["0101"], ["0103"]]
    assert phones(upload, without_suppressed=True) == [["0101"], ["0103"]]


def test_a_number_that_did_not_fit_is_still_new_for_the_next_person(finish_upload):
    """The wide layout has room for five, so the first person's sixth number is new for the second person."""
    six = [{"phone": f"202555010{number}"} for number in range(6)]
    upload = finish_upload(12, answers=lambda item, place: answer_with(item, phones=six))
    rows = list(csv.DictReader(io.StringIO(write(upload, once=True).decode()[1:], newline="")))
    assert [row["Phone 1"] for row in rows[:3]] == ["2025550100", "2025550105", ""]


def test_the_count_is_correct(upload):
    for layout in (*files.BUILT_IN, *ExportLayout.objects.values_list("name", flat=True)):
        for choices in (ExportChoices(), ExportChoices(once=True), ExportChoices(without_dnc=True, without_other=True)):
            write(upload, layout, **dict.fromkeys(choices.chosen(), True))
            kept = Export.objects.first()
            counted = files.count_rows(upload, upload.items.all(), files.find_layout(layout), choices)
            assert (counted.rows, counted.numbers) == (kept.rows, kept.numbers), layout


def test_built_in_layouts(finish_upload):
    upload = finish_upload(12, answers=answer)
    dialer = list(csv.reader(io.StringIO(write(upload, "Dialer").decode()[1:])))
    assert dialer[0][:4] == ["Phone", "First Name", "Last Name", "Address"]
    assert [row[0][-4:] for row in dialer[1:]] == ["0101", "0103", "0104", "0101", "0104", "0103"]
    mailer = list(csv.reader(io.StringIO(write(upload, "Mailer").decode()[1:])))
    assert mailer[1][:6] == ["Ada", "Abbott", "9 Elm St", "Tampa", "FL", "33602"]
    assert mailer[2][:6] == ["Ada", "Abbott", "2 Oak St", "Herndon", "VA", "20170"]
    assert len(mailer) == 13
    assert [row[-1] for row in mailer[:3]] == ["Addressee", "Ada Abbott", "Ada Abbott"]
    texting = list(csv.reader(io.StringIO(write(upload, "Text messages").decode()[1:])))
    assert [row[0][-4:] for row in texting[1:]] == ["0101", "0102", "0101"]


def test_a_letter_is_addressed_to_the_company_as_in_the_file(make_upload):
    rows = [person(1, **{"Last Name": "Oak & Elm Holdings LLC", "First Name": ""}), person(2)]
    upload = make_upload(rows)
    layout = Layout("letters", [("To", "addressee"), ("Last", "last_name")])
    written = list(csv.reader(io.StringIO(write(upload, layout).decode()[1:])))
    assert written[1:] == [["Oak & Elm Holdings LLC", ""], ["Ada Abbott", "Abbott"]]
    mailer = list(csv.DictReader(io.StringIO(write(upload, "Mailer").decode()[1:])))
    assert [row["Addressee"] for row in mailer] == ["Oak & Elm Holdings LLC", "Ada Abbott"]
    write(upload, layout, without_suppressed=True)


def test_every_field_can_be_written(upload):
    names = [*LAYOUT_FIELDS, *(name.replace("N", "2") for name in NUMBERED_FIELDS), "column City", "column None Such"]
    layout = Layout("all", [(name, name) for name in names])
    first = next(csv.DictReader(io.StringIO(write(upload, layout).decode()[1:])))
    shown = {"row": "2", "phone_2": "(202) 555-0103", "phone_2_carrier": "Sample Telephone", "post_city": "Tampa"}
    shown |= {"found_name": "Ada Abbott", "match": "Same person", "city": "Herndon", "phone_count": "4"}
    shown |= {"column City": "Herndon", "column None Such": "", "phone_asked": "", "email_1": None}
    assert {name: first.get(name) for name in shown} == shown


@pytest.mark.parametrize(
    "name", ["", "phone_0", "phone_41", "phone_1_x", "phone_x", "email_1_dnc", "cells", "pk", "phone_²"]
)
def test_an_unknown_field_is_refused(name):
    with pytest.raises(UnknownField):
        find_source(name)


def test_columns_may_be_in_any_order():
    read = compile_columns([("a", "phone_2"), ("b", "phone_1"), ("c", "outcome"), ("d", "phone_1_type")])
    assert callable(read)


# Saved layouts

GOOD = {
    "name": "Mine",
    "per": "person",
    "columns": "Phone = phone_1\nName=found_name\nId = column Lead Id",
    "needs": "",
    "max_phones": 0,
}


def test_a_layout_is_saved_unchanged():
    form = LayoutForm(GOOD)
    assert form.is_valid(), form.errors
    kept = form.save()
    assert kept.columns == [["Phone", "phone_1"], ["Name", "found_name"], ["Id", "column Lead Id"]]
    assert LayoutForm(instance=kept).initial["columns"] == "Phone = phone_1\nName = found_name\nId = column Lead Id"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"columns": "Phone = phone_1\nName"}, "Line 2, “Name”: write it as “Column name = field”."),
        ({"columns": "= phone_1"}, "Line 1, “= phone_1”"),
        ({"columns": "\n\nPhone = fone"}, "Line 3: There is no field “fone”."),
        ({"columns": "A = phone_1\nA = phone_2"}, "The column “A” appears twice."),
        ({"columns": "A = phone"}, "“A” needs one row per phone."),
        ({"columns": "  \n "}, "Enter at least one column."),
        ({"name": "Wide"}, "built-in layout"),
        ({"name": "Dialer"}, "already exists"),
        ({"columns": "\n".join(f"c{n} = row" for n in range(201))}, "at most 200 columns"),
    ],
)
def test_a_mistake_in_a_layout_is_reported_with_its_line(changes, said):
    form = LayoutForm(GOOD | changes)
    assert not form.is_valid()
    assert said in str(form.errors).replace("&#x27;", "'")


def test_a_layout_per_phone_may_contain_the_phone_of_the_row():
    assert LayoutForm(GOOD | {"columns": "A = phone", "per": "phone"}).is_valid()


# The log


def test_exports_are_logged(upload, alice):
    content = b"".join(
        files.stream_export(upload, upload.items.all(), files.find_layout("long"), ExportChoices(once=True), user=alice)
    )
    kept = Export.objects.get()
    assert (kept.user, kept.layout, kept.format, kept.is_complete) == (alice, "long", "csv", True)
    assert kept.sha256 == hashlib.sha256(content).hexdigest()
    assert (kept.size, kept.rows) == (len(content), content.count(b"\r\n") - 1)
    assert files.export_summary(kept) == "without numbers already higher up in the file"


def test_a_cancelled_download_is_logged_with_what_was_sent(finish_upload):
    upload = finish_upload(people(40))
    pieces = files.stream_export(upload, upload.items.all(), files.find_layout("wide"), ExportChoices())
    next(pieces)
    assert Export.objects.get().ended_at is None
    assert files.find_exports(upload.items.last()) == [Export.objects.get()]
    next(pieces)
    pieces.close()
    kept = Export.objects.get()
    assert (kept.is_complete, kept.rows) == (False, 40)


def test_exports_are_found_by_person(finish_upload):
    upload = finish_upload(12, answers=answer)
    write(upload, outcomes=["matched"])
    write(upload, outcomes=["no_match"])
    first, last = upload.items.order_by("pk").first(), upload.items.order_by("pk").last()
    assert [files.export_summary(kept) for kept in files.find_exports(first)] == ["all rows"]
    assert files.find_exports(first) == [Export.objects.last()]
    assert files.find_exports(last) == [Export.objects.first()]


def test_the_same_person_in_another_list_counts(finish_upload, make_upload):
    upload = finish_upload(12, answers=answer)
    write(upload)
    other = make_upload([person(1), person(77)])
    assert len(files.find_exports(other.items.get(row_number=2))) == 1
    assert files.find_exports(other.items.get(row_number=3)) == []


@pytest.mark.parametrize("numbers", [[], [1], [8, 9, 1000, 3], [5, 4, 3, 2, 1], range(100, 5_000, 7), [2**31 - 1]])
def test_a_set_contains_what_was_added(numbers):
    ids = IdSet()
    for number in numbers:
        ids.add(number)
    unpacked = IdSet.unpack(ids.pack())
    asked = {0, 1, 2, 3, 99, 100, 101, 107, 999, 1000, 4_999, 2**31 - 1, 2**31}
    assert {number for number in asked if number in unpacked} == asked & set(numbers)


# Workbooks


def read_book(content):
    return [[list(row) for row in sheet.iter_rows(values_only=True)] for sheet in load_workbook(io.BytesIO(content))]


def test_a_workbook_has_the_contents_of_the_csv(finish_upload):
    upload = finish_upload(12, answers=answer)
    [rows] = read_book(write(upload, file_format="xlsx"))
    expected = list(csv.reader(io.StringIO(write(upload).decode()[1:], newline="")))
    assert [[cell or "" for cell in row] for row in rows] == expected


def test_formulas_are_text_in_a_workbook():
    cells = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "_x0041_", "a\x0bb", "a\r\nb", "<&>\"'", " x ", "שלום"]
    [[row]] = read_book(b"".join(writers.write_xlsx([cells])))
    # Excel decodes _x005F_ as an underscore; this reader does not.
    assert row == ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "_x005F_x0041_", "ab", "a\r\nb", "<&>\"'", " x ", "שלום"]


def test_surplus_rows_go_to_another_sheet(monkeypatch):
    monkeypatch.setattr(writers, "MAX_SHEET_ROWS", 3)
    rows = [["n"], *([str(number)] for number in range(5))]
    assert read_book(b"".join(writers.write_xlsx(rows))) == [
        [["n"], ["0"], ["1"]],
        [["n"], ["2"], ["3"]],
        [["n"], ["4"]],
    ]
    assert len(read_book(b"".join(writers.write_xlsx(rows[:5])))) == 2
    assert read_book(b"".join(writers.write_xlsx(rows[:1]))) == [[["n"]]]


def test_chunks_are_sent_as_soon_as_they_are_ready():
    taken = []

    def rows():
        for number in range(50_000):
            taken.append(number)
            yield ["x" * 50, str(number)]

    for write_pieces in (writers.write_csv, writers.write_xlsx):
        taken.clear()
        pieces = write_pieces(rows())
        next(pieces)
        assert len(taken) < 10
        assert max(map(len, pieces)) < 4 * writers.CHUNK_SIZE
    assert zipfile.ZipFile(io.BytesIO(b"".join(writers.write_xlsx(rows())))).testzip() is None


def test_choices_have_labels():
    assert all(CHOICE_LABELS.values())


def test_the_command_refuses_an_unknown_layout(make_upload, tmp_path):
    upload = make_upload(people(2))
    with pytest.raises(CommandError, match=r"Unknown layout: tall\. Use one of wide, long, full, Dialer"):
        call_command("export", str(upload.pk), "--layout", "tall", "--out", str(tmp_path / "x"))
    call_command("export", str(upload.pk), "--layout", "Dialer", "--out", str(tmp_path / "x"))
    assert Export.objects.get().layout == "Dialer"


def test_people_suppressed_by_any_address_or_number_are_left_out(finish_upload, alice):
    row = person(70, Phone="2025550177")
    upload = finish_upload([*people(10), row], answers=answer)
    suppression.suppress_texts(["2025550177"], alice)
    rows = write(upload, without_suppressed=True).decode().splitlines()
    assert len(rows) == 11
    assert len(write(upload).decode().splitlines()) == 12


def test_counting_phones_does_not_use_up_numbers(finish_upload):
    """A person's second number, which does not fit into the file, is still new for the next person."""
    upload = finish_upload(12, answers=lambda item, place: answer_with(item, phones=[MOBILE, LANDLINE]))
    layout = Layout("counted", [("Phone", "phone_1"), ("Phones", "phone_count")])
    rows = list(csv.reader(io.StringIO(write(upload, layout, once=True).decode()[1:])))[1:]
    assert rows[:3] == [["2025550101", "2"], ["(202) 555-0103", "2"], ["", "2"]]
    assert Export.objects.get().numbers == 2


def test_an_abandoned_download_ends(finish_upload):
    upload, asked = finish_upload(people(40)), []

    def is_gone():
        asked.append(1)
        return len(asked) > 1

    pieces = files.stream_export(
        upload, upload.items.all(), files.find_layout("wide"), ExportChoices(), is_gone=is_gone
    )
    assert len(list(pieces)) == 1
    assert not Export.objects.get().is_complete


def test_people_being_re_run_have_no_result(finish_upload, alice):
    upload = finish_upload(12, answers=lambda item, place: answer_for(item, "error"))
    decisions.rerun(upload.items.filter(row_number=2), alice)
    first, second = list(csv.DictReader(io.StringIO(write(upload).decode()[1:], newline="")))[:2]
    assert (first["Outcome"], first["Phone 1 (trace)"] if "Phone 1 (trace)" in first else first["Phone 1"]) == (
        "pending",
        "",
    )
    assert second["Phone 1"]
