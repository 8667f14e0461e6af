"""The OpenAPI document is complete, and its page loads nothing from other servers."""

import re

import pytest

from batches.exports.rows import CHOICE_LABELS
from batches.tables.filters import ItemFilter

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


def test_the_document_contains_every_endpoint(caller):
    document = caller.api_get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert {path: set(methods) for path, methods in document["paths"].items()} == {
        f"/api/v1{path}": methods for path, methods in EXPECTED.items()
    }


def test_every_reference_in_the_document_resolves(caller):
    response = caller.api_get("/openapi.json")
    known = {f"#/components/schemas/{name}" for name in response.json()["components"]["schemas"]}
    meant = set(re.findall(r'"\$ref": ?"([^"]+)"', response.content.decode()))
    assert meant
    assert meant <= known


def test_every_operation_has_a_unique_id(caller):
    paths = caller.api_get("/openapi.json").json()["paths"].values()
    ids = [operation["operationId"] for methods in paths for operation in methods.values()]
    assert len(ids) == len(set(ids))


def test_every_operation_has_a_description_and_requires_a_token(caller):
    for methods in caller.api_get("/openapi.json").json()["paths"].values():
        for operation in methods.values():
            assert operation["description"]
            assert operation["security"] == [{"TokenAuth": []}]


def test_the_export_has_every_option_of_the_page(caller):
    operation = caller.api_get("/openapi.json").json()["paths"]["/api/v1/uploads/{pk}/export"]["get"]
    assert {choice: {"default": False, "type": "boolean"} for choice in CHOICE_LABELS} == {
        parameter["name"]: {name: parameter["schema"][name] for name in ("default", "type")}
        for parameter in operation["parameters"]
        if parameter["name"] in CHOICE_LABELS
    }


def test_the_export_has_every_filter_of_the_page(caller):
    operation = caller.api_get("/openapi.json").json()["paths"]["/api/v1/uploads/{pk}/export"]["get"]
    names = {parameter["name"] for parameter in operation["parameters"]}
    assert set(ItemFilter.base_filters) - {"upload"} | {"item"} <= names


def test_the_page_of_the_document_loads_only_our_own_files(browser):
    page = browser.get("/api/v1/docs")
    assert "default-src 'self'" in page["Content-Security-Policy"]
    assert "unsafe" not in page["Content-Security-Policy"]
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page.content.decode())
    assert addresses
    assert all(address.startswith("/static/") for address in addresses)
