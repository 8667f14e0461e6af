"""Exports as CSV files: their rows, their columns, and what spreadsheets must not run."""

import csv
import io
import json
from datetime import UTC, datetime

import pytest
from django.core.management import call_command

from batches.exports import files
from batches.exports.layouts import BUILT_IN
from batches.exports.rows import ExportChoices
from batches.models import Item
from batches.statuses import Outcome
from tests.factories import HEADER, answer_for, people, person, read_sample, to_csv

pytestmark = pytest.mark.django_db
BYTE_ORDER_MARK = "\ufeff"
TRACED_AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
WIDE_COLUMNS = [name for name, _ in BUILT_IN["wide"].columns]


def write_export(upload, layout="wide", file_format="csv", outcomes=(), **choices):
    """Return the bytes of an export. The layout is given by its name or as a Layout."""
    items = upload.items.filter(outcome__in=outcomes) if outcomes else upload.items.all()
    layout = files.find_layout(layout) if isinstance(layout, str) else layout
    return b"".join(files.stream_export(upload, items, layout, ExportChoices(**choices), file_format))


def read_export(upload, *args, **options):
    """Return the rows of an export as dicts."""
    text = write_export(upload, *args, **options).decode()
    assert text.startswith(BYTE_ORDER_MARK)
    assert text.endswith("\r\n")
    return list(csv.DictReader(io.StringIO(text.removeprefix(BYTE_ORDER_MARK), newline="")))


def store_match(item, body):
    Item.objects.filter(pk=item.pk).update(answer=body, outcome="matched", credits=1, answered_at=TRACED_AT)


def test_lines_end_with_carriage_return_and_line_feed(make_upload):
    lines = write_export(make_upload(to_csv([person(1), person(2)]))).decode()
    assert lines.count("\r\n") == lines.count("\n") == 3


def test_every_row_of_the_file_is_exported_in_order(make_upload):
    rows = [person(1), person(2, State="Atlantis"), person(1), person(3)]
    upload = make_upload(to_csv(rows))
    found = read_export(upload)
    assert [[row[name] for name in HEADER] for row in found] == rows
    assert [row["Outcome"] for row in found] == ["pending", "invalid", "duplicate", "pending"]
    assert found[1]["Message"].startswith("State: “Atlantis” is not a state")
    assert list(found[0]) == [*HEADER, *WIDE_COLUMNS]


def test_contact_details_follow_the_original_row(make_upload):
    upload = make_upload(people(1))
    store_match(upload.items.get(), read_sample("output.json").decode())
    row = read_export(upload)[0]
    assert {name: row[name] for name in WIDE_COLUMNS if row[name]} == {
        "Outcome": "matched",
        "Matched Name": "Ada E Abbott",
        "Phone 1": "2025550149",
        "Phone 1 Type": "landline",
        "Phone 1 DNC": "no",
        "Phone 2": "2025550150",
        "Phone 3": "2025550148",
        "Phone 3 Type": "mobile",
        "Phone 3 DNC": "yes",
        "Email 1": "ada@example.com",
        "Current Address": "1 Oak St, Herndon, VA 20170",
        "Age": "49",
        "Deceased": "no",
        "Credits": "1",
        "Traced At": "2026-01-02T03:04:05+00:00",
    }


def test_a_duplicate_has_the_answer_of_the_row_that_was_sent(make_upload):
    upload = make_upload([person(1), person(1)])
    store_match(upload.items.first(), read_sample("output.json").decode())
    first, second = read_export(upload)
    assert second["Phone 1"] == first["Phone 1"] == "2025550149"
    assert (second["Outcome"], second["Message"], second["Credits"]) == ("duplicate", "Same as row 2 (matched)", "")


def test_a_column_gets_a_suffix_if_the_file_has_one_of_the_same_name(make_upload):
    header = [*HEADER[:6], "Phone 1", "Outcome"]
    upload = make_upload(to_csv([[*person(1)[:6], "", "sold"]], header=header))
    assert list(read_export(upload)[0])[8:12] == ["Outcome (trace)", "Message", "Matched Name", "Phone 1 (trace)"]
    assert read_export(upload)[0]["Outcome"] == "sold"


@pytest.mark.parametrize(
    "cell", ["=1+1", "+A1", "-A1", "+1+A1", "-1-cmd", "@SUM(A1)", "\tx", "\rx", "=cmd|' /C calc'!A0"]
)
def test_formulas_are_escaped(make_upload, cell):
    upload = make_upload(to_csv([[*person(1), cell]], header=[*HEADER, "Note"]))
    store_match(upload.items.get(), json.dumps({"data": {"names": [cell], "phones": [{"phone": cell, "type": cell}]}}))
    row = read_export(upload)[0]
    assert row["Note"] == f"'{cell}"
    # Names are stripped, so “\tx” becomes “x”, which is not a formula.
    is_formula = cell.strip().startswith(("=", "+", "-", "@"))
    assert row["Matched Name"] == (f"'{cell}" if is_formula else cell.strip())


@pytest.mark.parametrize(
    "cell",
    [
        "-96.79",
        "+1 512 555 0123",
        "+15125550123",
        "+1 (512) 555-0123",
        "-5",
        "+3.5%",
        "-1,200.50",
        "-1.5E+05",
        "-",
        "--",
    ],
)
def test_signed_numbers_and_dashes_are_exported_unchanged(make_upload, cell):
    upload = make_upload(to_csv([[*person(1), cell]], header=[*HEADER, "Note"]))
    assert read_export(upload)[0]["Note"] == cell


def test_newlines_and_quotes_are_kept(make_upload):
    rows = [person(1, **{"First Name": 'A "B"\r\nC'})]
    assert read_export(make_upload(to_csv(rows)))[0]["First Name"] == 'A "B"\r\nC'


def test_cells_beyond_the_header_are_exported(make_upload):
    upload = make_upload(to_csv([person(1), [*person(2), "stray"]]))
    assert [row["Column 8"] for row in read_export(upload)] == ["", "stray"]


def test_forty_phones_fill_five_columns_or_forty_rows(make_upload):
    upload = make_upload(people(1))
    phones = [{"phone": f"20255501{number:02}"} for number in range(40)]
    store_match(upload.items.get(), json.dumps({"data": {"phones": phones}}))
    row = read_export(upload)[0]
    assert [row[f"Phone {n}"] for n in range(1, 6)] == [f"20255501{n:02}" for n in range(5)]
    assert len(read_export(upload, layout="long")) == 40


def test_an_answer_in_an_unknown_format_is_marked(make_upload):
    upload = make_upload(people(1))
    store_match(upload.items.get(), '{"match": true, "new": []}')
    assert "unknown format" in read_export(upload)[0]["Message"]


def test_an_export_can_be_limited_to_outcomes_and_leave_out_do_not_call_phones(make_upload):
    upload = make_upload(people(2))
    store_match(upload.items.first(), read_sample("output.json").decode())
    assert len(read_export(upload, outcomes=["matched"])) == 1
    rows = read_export(upload, "long", outcomes=["matched"], without_dnc=True)
    assert [row["Phone (trace)"] for row in rows] == ["2025550149", "2025550150"]


def test_more_rows_do_not_take_more_queries(make_upload, django_assert_num_queries):
    for upload in (make_upload(people(1)), make_upload(people(30))):
        with django_assert_num_queries(14):
            read_export(upload)


def test_the_command_writes_an_export_to_a_file(make_upload, tmp_path):
    upload = make_upload(people(3))
    item = upload.items.first()
    Item.objects.filter(pk=item.pk).update(outcome=Outcome.MATCHED, answer=answer_for(item).decode())
    out = tmp_path / "out.csv"
    call_command("export", str(upload.pk), "--out", str(out), "--outcome", "matched,error")
    assert out.read_bytes().startswith(b"\xef\xbb\xbfFirst Name,")
    assert len(out.read_bytes().splitlines()) == 2


@pytest.mark.parametrize(
    ("name", "options", "beginning"),
    [
        ("out.XLSX", [], b"PK"),
        ("out.dat", ["--format", "xlsx"], b"PK"),
        ("out.xlsx", ["--format", "csv"], b"\xef\xbb\xbf"),
        ("out", [], b"\xef\xbb\xbf"),
    ],
)
def test_the_command_writes_the_format_that_the_name_or_an_option_asks_for(
    make_upload, tmp_path, name, options, beginning
):
    out = tmp_path / name
    call_command("export", str(make_upload(people(3)).pk), "--out", str(out), *options)
    assert out.read_bytes().startswith(beginning)
