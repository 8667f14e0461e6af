"""The OpenAPI document is complete, and its page loads nothing from other servers."""

import re

import pytest

from batches.exports.rows import CHOICE_LABELS
from batches.tables.filters import ItemFilter
from batches.vendor.protocol import MATCH_REQUIREMENTS

pytestmark = pytest.mark.django_db
EXPECTED = {
    "/find": {"get"},
    "/uploads": {"get", "post"},
    "/uploads/{pk}": {"get", "patch"},
    "/uploads/{pk}/batches": {"get"},
    "/uploads/{pk}/check": {"post"},
    "/uploads/{pk}/stale": {"post"},
    "/uploads/{pk}/refresh": {"post"},
    "/uploads/{pk}/start": {"post"},
    "/uploads/{pk}/pause": {"post"},
    "/uploads/{pk}/resume": {"post"},
    "/uploads/{pk}/cancel": {"post"},
    "/uploads/{pk}/items": {"get"},
    "/uploads/{pk}/export": {"get"},
    "/uploads/{pk}/exports": {"get"},
    "/items/{pk}": {"get"},
    "/outcomes": {"post"},
    "/do-not-contact": {"get", "post"},
    "/do-not-contact/{pk}/lift": {"post"},
}


def test_the_document_contains_every_endpoint(caller):
    document = caller.api_get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert {path: set(methods) for path, methods in document["paths"].items()} == {
        f"/api/v1{path}": methods for path, methods in EXPECTED.items()
    }


def test_the_document_offers_what_a_match_may_include(caller):
    options = caller.api_get("/openapi.json").json()["components"]["schemas"]["ListOptions"]["properties"]
    assert options["match"]["items"]["enum"] == MATCH_REQUIREMENTS


def test_every_operation_documents_how_it_refuses_callers(caller):
    for methods in caller.api_get("/openapi.json").json()["paths"].values():
        for operation in methods.values():
            assert {"401", "403", "422", "429"} <= set(operation["responses"])


def test_every_reference_in_the_document_resolves(caller):
    response = caller.api_get("/openapi.json")
    schemas = {f"#/components/schemas/{name}" for name in response.json()["components"]["schemas"]}
    references = set(re.findall(r'"\$ref": ?"([^"]+)"', response.content.decode()))
    assert references
    assert references <= schemas


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
    schemas = {parameter["name"]: parameter["schema"] for parameter in operation["parameters"]}
    for choice in CHOICE_LABELS:
        assert (schemas[choice]["type"], schemas[choice]["default"]) == ("boolean", False)


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
    assert all(re.match(r"/(?!/)|#", address) for address in addresses)


def test_the_page_is_in_the_frame_of_the_portal_and_shows_the_first_call(browser, settings):
    page = browser.get("/api/v1/docs").content.decode()
    assert '<nav class="nav-links"' in page
    assert f"&quot;{settings.PUBLIC_URL}/api/v1/uploads?limit=1&quot;" in page.replace('"', "&quot;")


def test_the_page_describes_every_operation_with_its_scope_and_inputs(browser, caller):
    page = " ".join(browser.get("/api/v1/docs").content.decode().split())
    for path, methods in caller.api_get("/openapi.json").json()["paths"].items():
        for method, operation in methods.items():
            address = path.removeprefix("/api/v1").replace("{pk}", "ID")
            assert f"<code><b>{method.upper()}</b> {address}</code>" in page
            assert f'aria-label="{operation["summary"]}"' in page
            for parameter in operation.get("parameters", []):
                assert parameter["in"] == "path" or f"<code>{parameter['name']}</code>" in page
    for name in ("file", "mapping", "look_back", "revision", "without_dnc"):
        assert f"<code>{name}</code>" in page


def test_the_page_calls_lists_and_people_what_the_portal_calls_them(caller):
    paths = caller.api_get("/openapi.json").json()["paths"].values()
    summaries = [operation["summary"] for methods in paths for operation in methods.values()]
    assert len(summaries) == len(set(summaries))
    assert not [summary for summary in summaries if re.search(r"(?i)upload|item", summary)]
