"""The OpenAPI document says what is there, and its page needs nothing from elsewhere."""

import re

import pytest

from batches.exports.rows import CHOICES

pytestmark = pytest.mark.django_db
EXPECTED = {
    "/find": {"get"},
    "/uploads": {"get", "post"},
    "/uploads/{pk}": {"get"},
    "/uploads/{pk}/batches": {"get"},
    "/uploads/{pk}/check": {"post"},
    "/uploads/{pk}/start": {"post"},
    "/uploads/{pk}/pause": {"post"},
    "/uploads/{pk}/resume": {"post"},
    "/uploads/{pk}/cancel": {"post"},
    "/uploads/{pk}/items": {"get"},
    "/uploads/{pk}/export": {"get"},
    "/items/{pk}": {"get"},
}


def test_the_document_names_every_address(caller):
    document = caller.ask("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert {path: set(methods) for path, methods in document["paths"].items()} == {
        f"/api/v1{path}": methods for path, methods in EXPECTED.items()
    }


def test_whatever_the_document_refers_to_is_in_it(caller):
    response = caller.ask("/openapi.json")
    known = {f"#/components/schemas/{name}" for name in response.json()["components"]["schemas"]}
    meant = set(re.findall(r'"\$ref": ?"([^"]+)"', response.content.decode()))
    assert meant
    assert meant <= known


def test_every_operation_has_an_id_of_its_own(caller):
    paths = caller.ask("/openapi.json").json()["paths"].values()
    ids = [operation["operationId"] for methods in paths for operation in methods.values()]
    assert len(ids) == len(set(ids))


def test_every_operation_says_what_it_does_and_how_to_be_let_in(caller):
    for methods in caller.ask("/openapi.json").json()["paths"].values():
        for operation in methods.values():
            assert operation["description"]
            assert operation["security"] == [{"TokenAuth": []}]


def test_the_export_takes_every_choice_of_the_page(caller):
    operation = caller.ask("/openapi.json").json()["paths"]["/api/v1/uploads/{pk}/export"]["get"]
    assert {choice: {"default": False, "type": "boolean"} for choice in CHOICES} == {
        parameter["name"]: {name: parameter["schema"][name] for name in ("default", "type")}
        for parameter in operation["parameters"]
        if parameter["name"] in CHOICES
    }


def test_its_page_is_served_by_us_alone(browser):
    page = browser.get("/api/v1/docs")
    assert "default-src 'self'" in page["Content-Security-Policy"]
    assert "unsafe" not in page["Content-Security-Policy"]
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page.content.decode())
    assert addresses
    assert all(address.startswith("/static/") for address in addresses)
