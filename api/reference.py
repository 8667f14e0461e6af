"""The page that describes every operation, drawn from the OpenAPI document in the frame of the portal."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from ninja import NinjaAPI
from ninja.openapi.docs import DocsBase

from api.models import Scope

Schema = dict[str, Any]
UNLIMITED = 1_000_000_000
"""A maximum above this only keeps a number within the database's integers, so it is not worth mentioning."""


@dataclass(frozen=True)
class Input:
    """A parameter or a field of an operation."""

    name: str
    place: str
    """Where it belongs: `query`, `header`, `form` or `JSON`. Parameters in the path are part of the address."""
    kind: str
    text: str
    is_required: bool


@dataclass(frozen=True)
class Operation:
    """A method and an address, with what is needed to call it."""

    title: str
    method: str
    path: str
    text: str
    scope: str
    scope_label: str
    inputs: list[Input]
    answer: str

    @property
    def anchor(self) -> str:
        return "-".join(self.title.lower().split())


class Reference(DocsBase):
    """Draw the page in place of the one that comes with ninja, which has neither a frame nor a dark scheme."""

    def render_page(self, request: HttpRequest, api: NinjaAPI, **_: Any) -> HttpResponse:
        document = api.get_openapi_schema()
        context = {
            "groups": group_operations(document),
            "base": settings.PUBLIC_URL + reverse("api:api-root").rstrip("/"),
            "scopes": Scope.choices,
        }
        return render(request, "api/reference.html", context)


def group_operations(document: Schema) -> list[tuple[str, list[Operation]]]:
    """Return the operations of an OpenAPI document under the names of their groups."""
    groups: defaultdict[str, list[Operation]] = defaultdict(list)
    for path, methods in document["paths"].items():
        for method, described in methods.items():
            groups[described["tags"][0]].append(read_operation(document, path, method, described))
    return list(groups.items())


def read_operation(document: Schema, path: str, method: str, described: Schema) -> Operation:
    scope = described["x-required-scope"]
    return Operation(
        title=described["summary"],
        method=method.upper(),
        path=path.removeprefix("/api/v1").replace("{pk}", "ID"),
        text=described["description"],
        scope=scope,
        scope_label=Scope(scope).label,
        inputs=[*read_parameters(document, described), *read_body(document, described)],
        answer=read_answer(described),
    )


def read_parameters(document: Schema, described: Schema) -> Iterator[Input]:
    for parameter in described.get("parameters", []):
        if parameter["in"] != "path":
            schema = resolve(document, parameter["schema"])
            text = parameter.get("description") or schema.get("description", "")
            yield Input(
                parameter["name"], parameter["in"], describe_kind(document, schema), text, parameter["required"]
            )


def read_body(document: Schema, described: Schema) -> Iterator[Input]:
    """Yield the fields that are sent in the body, as a form or as JSON."""
    for content_type, content in described.get("requestBody", {}).get("content", {}).items():
        place = "JSON" if content_type == "application/json" else "form"
        body = resolve(document, content["schema"])
        for name, schema in body.get("properties", {}).items():
            resolved = resolve(document, schema)
            text = schema.get("description") or resolved.get("description", "")
            kind = "file" if resolved.get("format") == "binary" else describe_kind(document, resolved)
            yield Input(name, place, kind, text, name in body.get("required", []))


def read_answer(described: Schema) -> str:
    """Return the name of the schema of the answer, or "file"."""
    contents = [answer.get("content", {}) for status, answer in described["responses"].items() if int(status) < 300]
    names = [
        content["schema"]["$ref"].rpartition("/")[2]
        for answer in contents
        for content in answer.values()
        if "$ref" in content.get("schema", {})
    ]
    return names[0] if names else "file"


def resolve(document: Schema, schema: Schema) -> Schema:
    """Return the schema that a schema refers to. For an optional value, leave out null."""
    for key in ("anyOf", "allOf"):
        given = [choice for choice in schema.get(key, []) if choice != {"type": "null"}]
        if len(given) == 1:
            return resolve(document, given[0])
    if "$ref" in schema:
        return resolve(document, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    return schema


def describe_kind(document: Schema, schema: Schema) -> str:
    """Return the kind of a value in words, such as `1 to 500` or `urgent, normal, low`."""
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        return f"{describe_kind(document, resolve(document, schema['items']))}; may be repeated"
    if schema.get("type") == "boolean":
        return "true, false"
    if schema.get("type") == "integer":
        least, most = schema.get("minimum"), schema.get("maximum")
        return f"{least} to {most}" if most is not None and most < UNLIMITED else "number"
    return "text"
