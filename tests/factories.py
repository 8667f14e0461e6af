"""Invented people, files and answers for tests."""

import csv
import io
import json
from pathlib import Path

import openpyxl

SAMPLES = Path(__file__).parent / "samples"
HEADER = ["First Name", "Last Name", "Address", "City", "State", "Zip", "Phone"]


def person(number, **changes):
    """Return a valid row, different for every number."""
    row = {
        "First Name": "Ada",
        "Last Name": "Abbott",
        "Address": f"{number} Oak St",
        "City": "Herndon",
        "State": "VA",
        "Zip": "20170",
        "Phone": "",
    }
    return list((row | changes).values())


def make_workbook(change=None, **sheets):
    """Return an XLSX workbook with these sheets, given as their rows. `change` may alter it, for example hide a row."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, sheet_rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in sheet_rows:
            sheet.append(row)
    if change:
        change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def people(count, **changes):
    """Return the rows of different people, numbered from 1."""
    return [person(number, **changes) for number in range(1, count + 1)]


def to_csv(rows, header=HEADER, **options):
    out = io.StringIO()
    csv.writer(out, **options).writerows([header, *rows] if header else rows)
    return out.getvalue().encode()


def read_sample(name):
    return (SAMPLES / name).read_bytes()


def answer_for(item, outcome="matched", **changes):
    """Return the body of an item's webhook call, as bytes."""
    body = json.loads(read_sample("output.json")) | {"batchRequestId": f"request-{item.pk}"}
    body["input"] = body["input"] | {"key": item.pk}
    if outcome == "no_match":
        body |= {"match": False, "statusCode": 404, "output": None, "responseMessage": "No phones found."}
    if outcome == "error":
        body |= {"match": False, "statusCode": 500, "message": "Internal error", "credits": 0}
    return json.dumps(body | changes).encode()


def answer_with(item, phones=(), names=None, demographics=None, **details):
    """Return a match with these phones (dicts) and full names, in the shape of tests/samples/output.json.

    Emails and addresses are given by the vendor's names; all other details are those of `answer_for`.
    """
    identity = {"phones": list(phones), "names": [{"fullName": name} for name in names or [item.asked_name]]}
    identity |= {name: details.pop(name) for name in ("emails", "address", "addressHistory") if name in details}
    return answer_for(item, output={"identity": identity, "demographics": demographics or {}}, **details)
