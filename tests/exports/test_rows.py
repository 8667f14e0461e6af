"""The rows and numbers of exports by layout, the export log, and workbooks."""

import csv
import hashlib
import io
import zipfile

import pytest
from django.core.management import CommandError, call_command
from openpyxl import load_workbook

from batches.exports import files
from batches.exports.breakdown import make_breakdown
from batches.exports.layouts import LAYOUT_FIELDS, NUMBERED_FIELDS, Layout, UnknownField, compile_columns, find_source
from batches.exports.rows import CHOICE_LABELS, ExportChoices
from batches.files import writers
from batches.forms.exports import LayoutForm
from batches.id_set import IdSet
from batches.intake import suppression
from batches.models import Export, ExportLayout
from batches.tracing import decisions
from tests.exports.test_files import read_export, write_export
from tests.factories import answer_for, answer_with, people, person

pytestmark = pytest.mark.django_db
MOBILE = {"phone": "2025550101", "phoneType": "mobile", "isConnected": True, "lastSeen": "2026-01-01"}
DO_NOT_CALL = {"phone": "2025550102", "phoneType": "mobile", "doNotCall": True}
LANDLINE = {"phone": "(202) 555-0103", "phoneType": "landline", "telcoName": "Sample Telephone"}
UNKNOWN_TYPE = {"phone": "2025550104"}


def answer_mixed(item, position):
    """Return the answer for one person, by position in the batch.

    The first has four phones, the second has two of them and is deceased, the third is someone else, and the others
    have no match.
    """
    if position == 0:
        address = {"house": "9", "street": "Elm", "strType": "St", "city": "Tampa", "state": "FL", "zip": "33602"}
        emails = [{"email": "ada@example.com"}]
        return answer_with(item, phones=[DO_NOT_CALL, UNKNOWN_TYPE, LANDLINE, MOBILE], emails=emails, address=address)
    if position == 1:
        return answer_with(item, phones=[MOBILE, UNKNOWN_TYPE], demographics={"deceased": True})
    if position == 2:
        return answer_with(item, phones=[LANDLINE], names=["Wes Underhill"])
    return answer_for(item, "no_match")


@pytest.fixture(params=[True, False], ids=["digested", "not digested"])
def upload(request, finish_upload):
    return finish_upload(12, answers=answer_mixed, digested=request.param)


def read_rows(upload, *args, **choices):
    """Return the cells of each row of an export, beginning with its column names."""
    text = write_export(upload, *args, **choices).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def list_phones(upload, **choices):
    """Return the last four digits of the phones of each person who has any, in the order of the file."""
    layout = Layout("phones", [("Phone", "phone"), ("Row", "row")], per="phone", needs="phone")
    _, *rows = read_rows(upload, layout, **choices)
    endings_by_row = {}
    for phone, row_number in rows:
        endings_by_row.setdefault(row_number, []).append(phone[-4:])
    return list(endings_by_row.values())


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
    assert list_phones(upload, **choice) == expected


def test_suppressed_numbers_are_always_excluded_and_suppressed_people_on_request(upload, alice):
    suppression.suppress_items(upload.items.filter(row_number=2), alice)
    suppression.suppress_lines(["202-555-0104"], alice)
    assert list_phones(upload) == [["0101", "0103", "0102"], ["0101"], ["0103"]]
    assert list_phones(upload, without_suppressed=True) == [["0101"], ["0103"]]


def test_a_number_that_did_not_fit_is_still_new_for_the_next_person(finish_upload):
    """The wide layout has room for five, so the first person's sixth number is new for the second person."""
    six = [{"phone": f"202555010{number}"} for number in range(6)]
    upload = finish_upload(12, answers=lambda item, position: answer_with(item, phones=six))
    rows = read_export(upload, once=True)
    assert [row["Phone 1"] for row in rows[:3]] == ["2025550100", "2025550105", ""]


def test_the_counted_rows_and_numbers_match_the_export(upload):
    for name in (*files.BUILT_IN, *ExportLayout.objects.values_list("name", flat=True)):
        for choices in ({}, {"once": True}, {"without_dnc": True, "without_other": True}):
            write_export(upload, name, **choices)
            entry = Export.objects.first()
            breakdown = make_breakdown(upload, upload.items.all(), files.find_layout(name), ExportChoices(**choices))
            assert (breakdown.tally.rows, breakdown.tally.numbers) == (entry.rows, entry.numbers), name


def test_the_dialer_layout_has_a_row_for_each_phone_that_may_be_called(finish_upload):
    header, *rows = read_rows(finish_upload(12, answers=answer_mixed), "Dialer")
    assert header[:4] == ["Phone", "First Name", "Last Name", "Address"]
    assert [phone[-4:] for phone, *_ in rows] == ["0101", "0103", "0104", "0101", "0104", "0103"]


def test_the_mailer_layout_has_the_best_postal_address_of_each_person(finish_upload):
    header, first, second, *others = read_rows(finish_upload(12, answers=answer_mixed), "Mailer")
    assert first[:6] == ["Ada", "Abbott", "9 Elm St", "Tampa", "FL", "33602"]
    assert second[:6] == ["Ada", "Abbott", "2 Oak St", "Herndon", "VA", "20170"]
    assert (header[-1], first[-1], second[-1]) == ("Addressee", "Ada Abbott", "Ada Abbott")
    assert len(others) == 10


def test_the_layout_for_text_messages_has_a_row_for_each_mobile(finish_upload):
    _, *rows = read_rows(finish_upload(12, answers=answer_mixed), "Text messages")
    assert [phone[-4:] for phone, *_ in rows] == ["0101", "0102", "0101"]


def test_a_letter_is_addressed_to_the_company_as_in_the_file(make_upload):
    rows = [person(1, **{"Last Name": "Oak & Elm Holdings LLC", "First Name": ""}), person(2)]
    upload = make_upload(rows)
    layout = Layout("letters", [("To", "addressee"), ("Last", "last_name")])
    expected = [["To", "Last"], ["Oak & Elm Holdings LLC", ""], ["Ada Abbott", "Abbott"]]
    assert read_rows(upload, layout) == expected
    assert read_rows(upload, layout, without_suppressed=True) == expected
    assert [row["Addressee"] for row in read_export(upload, "Mailer")] == ["Oak & Elm Holdings LLC", "Ada Abbott"]


def test_every_field_can_be_exported(upload):
    names = [*LAYOUT_FIELDS, *(name.replace("N", "2") for name in NUMBERED_FIELDS), "column City", "column None Such"]
    layout = Layout("all", [(name, name) for name in names])
    first = read_export(upload, layout)[0]
    expected = {"row": "2", "phone_2": "(202) 555-0103", "phone_2_carrier": "Sample Telephone", "post_city": "Tampa"}
    expected |= {"found_name": "Ada Abbott", "match": "Same person", "city": "Herndon", "phone_count": "4"}
    expected |= {"column City": "Herndon", "column None Such": "", "phone_asked": "", "email_1": None}
    assert {name: first.get(name) for name in expected} == expected


def answer_about_a_household(item, position):
    """Return an answer about two others at the address, and then the person asked for."""
    address = {"streetAddress": "9 Elm St", "city": "Tampa", "state": "FL", "zip": "33602"}

    def make_person(name, phone):
        return {"fullName": name, "address": address, "phones": [phone]}

    persons = [
        make_person("Wes Underhill", {"phone": "2025550131", "phoneType": "W", "phoneFtcDnc": "Y"}),
        make_person("Zoe Zamora", {"phone": "2025550132", "phoneType": "W"}),
        make_person(item.asked_name, {"phone": "2025550133", "phoneType": "W", "phoneUsage12Month": "5"}),
    ]
    return answer_for(item, output=None, persons=persons)


@pytest.mark.parametrize("is_digested", [True, False])
def test_the_household_of_the_person_asked_for_can_be_exported(finish_upload, alice, is_digested):
    upload = finish_upload(10, answers=answer_about_a_household, digested=is_digested)
    columns = [("Name", "found_name"), ("Phone", "phone_1"), ("Usage", "phone_1_usage"), ("Household", "household")]
    layout = Layout("household", columns)
    suppression.suppress_lines(["202-555-0132"], alice)
    expected = ["Ada Abbott", "2025550133", "5", "Wes Underhill (2025550131); Zoe Zamora"]
    assert read_rows(upload, layout)[1] == expected
    assert read_rows(upload, layout, without_dnc=True)[1][3] == "Wes Underhill; Zoe Zamora"


@pytest.mark.parametrize(
    "name", ["", "phone_0", "phone_41", "phone_1_x", "phone_x", "email_1_dnc", "cells", "pk", "phone_²"]
)
def test_an_unknown_field_is_refused(name):
    with pytest.raises(UnknownField):
        find_source(name)


def test_columns_can_be_compiled_in_any_order():
    assert callable(compile_columns([("a", "phone_2"), ("b", "phone_1"), ("c", "outcome"), ("d", "phone_1_type")]))


# Saved layouts

VALID_FORM = {
    "name": "Mine",
    "per": "person",
    "columns": "Phone = phone_1\nName=found_name\nId = column Lead Id",
    "needs": "",
    "max_phones": 0,
}


def test_a_layout_is_saved_and_shown_again_as_it_was_entered():
    form = LayoutForm(VALID_FORM)
    assert form.is_valid(), form.errors
    layout = form.save()
    assert layout.columns == [["Phone", "phone_1"], ["Name", "found_name"], ["Id", "column Lead Id"]]
    assert LayoutForm(instance=layout).initial["columns"] == "Phone = phone_1\nName = found_name\nId = column Lead Id"


@pytest.mark.parametrize(
    ("changes", "message"),
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
def test_a_mistake_in_a_layout_is_reported(changes, message):
    form = LayoutForm(VALID_FORM | changes)
    assert not form.is_valid()
    assert message in str(form.errors).replace("&#x27;", "'")


def test_a_layout_per_phone_may_contain_the_phone_of_the_row():
    assert LayoutForm(VALID_FORM | {"columns": "A = phone", "per": "phone"}).is_valid()


# The export log


def test_outcomes_are_codes_or_the_words_of_the_screen(upload):
    layout = Layout("Words", [("Code", "outcome"), ("Outcome", "outcome_word")])
    _, *rows = csv.reader(io.StringIO(write_export(upload, layout).decode("utf-8-sig")))
    assert {tuple(row) for row in rows} >= {("matched", "Matched"), ("no_match", "No match")}


def test_reused_answers_are_exported_by_their_results(finish_upload, make_upload, tmp_path):
    finish_upload(12, answers=answer_mixed)
    again = make_upload(people(12), name="again.csv")
    layout = Layout("Words", [("Code", "outcome"), ("Outcome", "outcome_word"), ("Message", "message")])
    _, *rows = read_rows(again, layout)
    assert [row[:2] for row in rows] == [["reused", "Matched"]] * 3 + [["reused", "No match"]] * 9
    assert all(row[2].startswith("Traced on") for row in rows)
    out = tmp_path / "matched.csv"
    call_command("export", again.pk, outcome="matched", out=str(out))
    assert len(out.read_text(encoding="utf-8-sig").splitlines()) == 4


def test_exports_are_logged(upload, alice):
    content = b"".join(
        files.stream_export(upload, upload.items.all(), files.find_layout("long"), ExportChoices(once=True), user=alice)
    )
    entry = Export.objects.get()
    assert (entry.user, entry.layout, entry.format, entry.is_complete) == (alice, "long", "csv", True)
    assert entry.sha256 == hashlib.sha256(content).hexdigest()
    assert (entry.size, entry.rows) == (len(content), content.count(b"\r\n") - 1)
    assert files.summarise_export(entry) == "without numbers already higher up in the file"


def test_a_cancelled_download_is_logged_with_what_was_sent(finish_upload):
    upload = finish_upload(people(40))
    chunks = files.stream_export(upload, upload.items.all(), files.find_layout("wide"), ExportChoices())
    next(chunks)
    assert Export.objects.get().ended_at is None
    assert files.find_exports(upload.items.last(), None) == [Export.objects.get()]
    next(chunks)
    chunks.close()
    entry = Export.objects.get()
    assert (entry.is_complete, entry.rows) == (False, 40)


def test_the_exports_that_contain_a_person_are_found(finish_upload):
    upload = finish_upload(12, answers=answer_mixed)
    write_export(upload, outcomes=["matched"])
    write_export(upload, outcomes=["no_match"])
    first, last = upload.items.order_by("pk").first(), upload.items.order_by("pk").last()
    assert [files.summarise_export(entry) for entry in files.find_exports(first, None)] == ["all rows"]
    assert files.find_exports(first, None) == [Export.objects.last()]
    assert files.find_exports(last, None) == [Export.objects.first()]


def test_exports_of_the_same_person_in_another_list_are_found(finish_upload, make_upload):
    upload = finish_upload(12, answers=answer_mixed)
    write_export(upload)
    other = make_upload([person(1), person(77)])
    assert len(files.find_exports(other.items.get(row_number=2), None)) == 1
    assert files.find_exports(other.items.get(row_number=3), None) == []


@pytest.mark.parametrize(
    "numbers", [[], [1], [8, 9, 1000, 3], [5, 4, 3, 2, 1], range(100, 5_000, 7), [2**31 - 1], [10**14]]
)
def test_an_id_set_contains_exactly_the_ids_that_were_added(numbers):
    ids = IdSet()
    for number in numbers:
        ids.add(number)
    unpacked = IdSet.unpack(ids.pack())
    candidates = {0, 1, 2, 3, 99, 100, 101, 107, 999, 1000, 4_999, 2**31 - 1, 2**31, 10**14}
    assert {number for number in candidates if number in unpacked} == candidates & set(numbers)


@pytest.mark.parametrize(("one", "other"), [([], [5]), ([5], []), ([40, 1000], [3, 41]), ([3], [900]), ([900], [3, 4])])
def test_an_id_set_takes_in_another(one, other):
    ids, more = IdSet(), IdSet()
    for number in one:
        ids.add(number)
    for number in other:
        more.add(number)
    ids.update(more)
    assert list(ids) == sorted([*one, *other])
    assert list(more) == sorted(other)


# Workbooks


def read_workbook(content):
    """Return the rows of each sheet of a workbook."""
    return [[list(row) for row in sheet.iter_rows(values_only=True)] for sheet in load_workbook(io.BytesIO(content))]


def test_a_workbook_has_the_same_cells_as_the_csv_file(finish_upload):
    upload = finish_upload(12, answers=answer_mixed)
    [rows] = read_workbook(write_export(upload, file_format="xlsx"))
    assert [[cell or "" for cell in row] for row in rows] == read_rows(upload)


def test_formulas_are_text_in_a_workbook():
    cells = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "_x0041_", "a\x0bb", "a\r\nb", "<&>\"'", " x ", "שלום"]
    [[row]] = read_workbook(b"".join(writers.write_xlsx([cells])))
    # Excel decodes _x005F_ as an underscore; this reader does not.
    assert row == ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "_x005F_x0041_", "ab", "a\r\nb", "<&>\"'", " x ", "שלום"]


def test_rows_that_do_not_fit_into_a_sheet_go_to_the_next_one(monkeypatch):
    monkeypatch.setattr(writers, "MAX_SHEET_ROWS", 3)
    rows = [["n"], *([str(number)] for number in range(5))]
    assert read_workbook(b"".join(writers.write_xlsx(rows))) == [
        [["n"], ["0"], ["1"]],
        [["n"], ["2"], ["3"]],
        [["n"], ["4"]],
    ]
    assert len(read_workbook(b"".join(writers.write_xlsx(rows[:5])))) == 2
    assert read_workbook(b"".join(writers.write_xlsx(rows[:1]))) == [[["n"]]]


def test_chunks_are_sent_as_soon_as_they_are_ready():
    generated_numbers = []

    def generate_rows():
        for number in range(50_000):
            generated_numbers.append(number)
            yield ["x" * 50, str(number)]

    for write_chunks in (writers.write_csv, writers.write_xlsx):
        generated_numbers.clear()
        chunks = write_chunks(generate_rows())
        next(chunks)
        assert len(generated_numbers) < 10
        assert max(map(len, chunks)) < 4 * writers.CHUNK_SIZE
    assert zipfile.ZipFile(io.BytesIO(b"".join(writers.write_xlsx(generate_rows())))).testzip() is None


def test_every_choice_has_a_label():
    assert all(CHOICE_LABELS.values())


def test_the_command_refuses_an_unknown_layout(make_upload, tmp_path):
    upload = make_upload(people(2))
    with pytest.raises(CommandError, match=r"Unknown layout: tall\. Use one of wide, long, full, Dialer"):
        call_command("export", str(upload.pk), "--layout", "tall", "--out", str(tmp_path / "x"))
    call_command("export", str(upload.pk), "--layout", "Dialer", "--out", str(tmp_path / "x"))
    assert Export.objects.get().layout == "Dialer"


def test_people_whose_own_phone_is_suppressed_are_left_out_on_request(finish_upload, alice):
    row = person(70, Phone="2025550177")
    upload = finish_upload([*people(10), row], answers=answer_mixed)
    suppression.suppress_lines(["2025550177"], alice)
    assert len(read_export(upload, without_suppressed=True)) == 10
    assert len(read_export(upload)) == 11


def test_counting_phones_does_not_use_up_numbers(finish_upload):
    """A person's second number, which does not fit into the file, is still new for the next person."""
    upload = finish_upload(12, answers=lambda item, position: answer_with(item, phones=[MOBILE, LANDLINE]))
    layout = Layout("counted", [("Phone", "phone_1"), ("Phones", "phone_count")])
    _, *rows = read_rows(upload, layout, once=True)
    assert rows[:3] == [["2025550101", "2"], ["(202) 555-0103", "2"], ["", "2"]]
    assert Export.objects.get().numbers == 2


def test_an_export_ends_when_the_client_has_disconnected(finish_upload):
    upload = finish_upload(people(40))
    disconnections = iter([False, True])
    chunks = files.stream_export(
        upload,
        upload.items.all(),
        files.find_layout("wide"),
        ExportChoices(),
        is_disconnected=lambda: next(disconnections),
    )
    assert len(list(chunks)) == 1
    assert not Export.objects.get().is_complete


def test_people_who_are_being_re_run_are_exported_without_a_result(finish_upload, alice):
    upload = finish_upload(12, answers=lambda item, position: answer_for(item, "error"))
    decisions.rerun(upload.items.filter(row_number=2), alice)
    first, second, *_ = read_export(upload)
    assert (first["Outcome"], first["Phone 1"]) == ("pending", "")
    assert second["Phone 1"]


def test_the_credits_of_a_person_are_in_the_first_of_their_rows_only(finish_upload):
    upload = finish_upload(people(12), answers=answer_mixed)
    upload.items.update(credits=2)
    rows = read_export(upload, layout="long")
    assert len(rows) == 12 + 3 + 1
    assert sum(float(row["Credits"] or 0) for row in rows) == 24
