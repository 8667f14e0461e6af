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
    """Return a workbook with these sheets of rows as XLSX, after a change such as hiding some of it."""
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
    return [person(number, **changes) for number in range(1, count + 1)]


def to_csv(rows, header=HEADER, **options):
    out = io.StringIO()
    csv.writer(out, **options).writerows([header, *rows] if header else rows)
    return out.getvalue().encode()


def sample(name):
    return (SAMPLES / name).read_bytes()


def answer_for(item, outcome="matched", **changes):
    """Return the body of an item's webhook call, as bytes."""
    body = json.loads(sample("output.json")) | {"batchRequestId": f"request-{item.pk}"}
    body["input"] = body["input"] | {"key": item.pk}
    if outcome == "no_match":
        body |= {"match": False, "statusCode": 404, "output": None, "responseMessage": "No phones found."}
    if outcome == "error":
        body |= {"match": False, "statusCode": 500, "message": "Internal error", "credits": 0}
    return json.dumps(body | changes).encode()


def answer_with(item, phones=(), names=None, **found):
    """Return an answer in the vendor's first shape, with these phones (dicts) and names (full names)."""
    identity = {"phones": list(phones), "names": [{"fullName": name} for name in names or [item.asked_name]]}
    identity |= {name: found.pop(name) for name in ("emails", "address", "addressHistory") if name in found}
    return answer_for(item, output={"identity": identity, "demographics": found.pop("demographics", {})}, **found)
