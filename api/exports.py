"""Download the results of a list, as the same file that the list's page offers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from django.db.models import TextChoices
from django.forms import ChoiceField
from django.http import QueryDict, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django_filters import ChoiceFilter
from ninja import Query, Router, Schema
from pydantic import Field, create_model

from accounts.names import name_of
from accounts.rights import Right
from api.auth import needs
from api.errors import BadInput, NoSuchRecord
from api.models import Scope
from api.schemas import DEFAULT_PAGE_SIZE, NOT_FOUND_RESPONSES, Cursor, PageSize, StatedPurpose
from api.uploads import split_page
from batches.assignments import list_filter_choices
from batches.exports import certificates, download, files
from batches.exports.layouts import Layout
from batches.exports.rows import CHOICE_LABELS, ExportChoices
from batches.forms.exports import first_error
from batches.keys import MAX_KEY, read_keys
from batches.models import Export, Upload
from batches.statuses import MatchCheck, Outcome
from batches.tables.filters import ConditionFilter, IdFilter, ItemFilter
from batches.user_request import UserRequest

router = Router(tags=["Lists"])
BINARY = {"schema": {"type": "string", "format": "binary"}}
FILE_FORMATS = {"text/csv": BINARY, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": BINARY}
MONTHS = Field(default=0, ge=0, le=120, description="Leave out numbers not seen within this many months. 0: none.")
EXPORT_CHOICES: dict[str, Any] = dict.fromkeys(CHOICE_LABELS, (bool, False)) | {"seen_within": (int, MONTHS)}
ExportOptions = create_model("ExportOptions", __base__=Schema, **EXPORT_CHOICES)


def describe_filter(item_filter: Any) -> tuple[type, Any]:
    """Return the type and the schema of a filter that takes one value. The value itself is checked by the form."""
    described: dict[str, Any] = {}
    if isinstance(item_filter, IdFilter):
        described = {"pattern": "^([1-9][0-9]{0,8})?$"}
    elif isinstance(item_filter, ConditionFilter):
        described = {"enum": ["", *item_filter.conditions]}
    elif isinstance(item_filter, ChoiceFilter):
        # Leads can also name a colleague by id. Whom they can name differs, so the document leaves these out.
        described = {"enum": ["", *(value for value, _ in list_filter_choices(None))]}
    elif max_length := item_filter.extra.get("max_length"):
        described = {"maxLength": max_length}
    return str, Field(default="", description=str(item_filter.label or ""), json_schema_extra=described)


SINGLE_VALUE_FILTERS: dict[str, Any] = {
    name: describe_filter(item_filter)
    for name, item_filter in ItemFilter.base_filters.items()
    if name not in ("upload", "outcome", "match")
}
"""The filters of the list's page that take one value, as query parameters of the API."""
ExportFilters = create_model("ExportFilters", __base__=Schema, **SINGLE_VALUE_FILTERS)


class ExportOut(Schema):
    """A file of results that was made of a list."""

    id: int
    at: datetime
    by: str = Field(description="The name of the user, or “command line”.")
    layout: str
    format: str
    choices: list[str] = Field(description="What was left out.")
    purpose: StatedPurpose | None = Field(description="What the list was used for at that time.")
    rows: int
    numbers: int = Field(description="Phone numbers in the file.")
    size: int = Field(description="Bytes.")
    sha256: str
    is_complete: bool = Field(description="False if the download was interrupted.")
    certificate: dict[str, Any] | None = Field(
        description="Sources and their ages, rules in force, and how much was left out for which reason."
    )


class ExportPage(Schema):
    exports: list[ExportOut]
    next: int | None


@router.get(
    "/uploads/{id:pk}/exports",
    summary="See the exports of a list",
    response={200: ExportPage} | NOT_FOUND_RESPONSES,
    **needs(Scope.READ, Right.SEE_LISTS),
)
def list_exports(
    request: UserRequest, pk: int, before: Cursor = MAX_KEY, limit: PageSize = DEFAULT_PAGE_SIZE
) -> dict[str, Any]:
    """Return the exports of a list with their certificates, newest first."""
    upload = get_object_or_404(Upload.objects.visible_to(request.user), pk=pk)
    exports = upload.exports.filter(pk__lt=before).select_related("user", "certificate").defer("item_ids")
    page, next_cursor = split_page(exports.order_by("-pk"), limit, "pk")
    return {"exports": list(map(serialize_export, page)), "next": next_cursor}


def serialize_export(export: Export) -> dict[str, Any]:
    certificate = getattr(export, "certificate", None)
    return {
        **{name: getattr(export, name) for name in ("id", "at", "layout", "format", "rows", "numbers", "size")},
        "by": name_of(export.user, if_unknown=certificates.SHELL),
        "choices": export.choices.get("choices", []),
        "purpose": export.choices.get("purpose"),
        "sha256": export.sha256,
        "is_complete": export.is_complete,
        "certificate": certificate.content if certificate else None,
    }


@router.get(
    "/uploads/{id:pk}/export",
    summary="Export the results of a list",
    response=NOT_FOUND_RESPONSES,
    **needs(Scope.EXPORT, Right.EXPORT, responses={200: {"description": "The file.", "content": FILE_FORMATS}}),
)
def export_upload(
    request: UserRequest,
    pk: int,
    options: Query[ExportOptions],
    filters: Query[ExportFilters],
    layout: str = "wide",
    format: Literal["csv", "xlsx"] = "csv",
    outcome: Query[tuple[Outcome, ...]] = (),
    match: Query[tuple[MatchCheck, ...]] = (),
    item: Query[tuple[str, ...]] = (),
) -> StreamingHttpResponse:
    """Download the results of a list in one of the layouts: all rows, or only selected ones.

    `item` selects people by id. Separate several ids with commas.
    """
    upload = get_object_or_404(Upload.objects.visible_to(request.user), pk=pk)
    chosen_layout = find_layout(layout or "wide")
    filterset = ItemFilter(
        make_query(filters.dict(), outcome=outcome, match=match), upload.items.all(), request.user, upload
    )
    if problem := first_error(filterset.form):
        raise BadInput(*problem)
    items, chosen = download.choose_items(filterset.qs, filterset.chosen, read_keys(item))
    choices = ExportChoices(**options.dict())
    return download.export_response(request, upload, items, chosen_layout, choices, format, chosen)


def find_layout(name: str) -> Layout:
    """Return the layout with this name, built-in or saved. Raise NoSuchRecord if there is none."""
    layout = files.find_layout(name) if name in files.list_layouts() else None
    if layout is None:
        raise NoSuchRecord("layout", ChoiceField.default_error_messages["invalid_choice"] % {"value": name})
    return layout


def make_query(values: Mapping[str, str], **choices: Sequence[TextChoices]) -> QueryDict:
    """Return the query parameters that the list's page would send, from filters with one value and with several."""
    query = QueryDict(mutable=True)
    query.update({name: value for name, value in values.items() if value})
    for name, chosen in choices.items():
        query.setlist(name, [choice.value for choice in chosen])
    return query
