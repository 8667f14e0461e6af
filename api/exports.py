"""Download the results of a list: the same file as on screen."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, Literal

from django.db.models import TextChoices
from django.forms import ChoiceField
from django.http import QueryDict, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from ninja import Query, Router, Schema
from pydantic import Field, create_model

from api.errors import BadInput
from batches.exports import download, files
from batches.exports.layouts import Layout
from batches.exports.rows import ExportChoices
from batches.forms.exports import first_error
from batches.keys import read_keys
from batches.models import Upload
from batches.statuses import MatchCheck, Outcome
from batches.tables.filters import ItemFilter
from batches.user_request import UserRequest

router = Router(tags=["Lists"])
FILE = {"schema": {"type": "string", "format": "binary"}}
MEDIA = {"text/csv": FILE, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": FILE}
EXPORT_CHOICES: dict[str, Any] = {choice.name: (bool, choice.default) for choice in fields(ExportChoices)}
ExportOptions = create_model("ExportOptions", __base__=Schema, **EXPORT_CHOICES)
TEXT_FILTERS: dict[str, Any] = {
    name: (str, Field(default="", description=str(item_filter.label or "")))
    for name, item_filter in ItemFilter.base_filters.items()
    if name not in ("upload", "outcome", "match")
}
"""The filters of the page that take one value. The form checks it."""
ExportFilters = create_model("ExportFilters", __base__=Schema, **TEXT_FILTERS)


@router.get(
    "/uploads/{id:pk}/export", openapi_extra={"responses": {200: {"description": "The file.", "content": MEDIA}}}
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
    """Download the results of a list, all rows or selected ones, in one of the layouts.

    `item` selects people by their ids, several of them separated by commas.
    """
    upload = get_object_or_404(Upload, pk=pk)
    found = find_layout(layout or "wide")
    filterset = ItemFilter(make_query(filters.dict(), outcome=outcome, match=match), upload.items.all(), upload)
    if problem := first_error(filterset.form):
        raise BadInput(*problem)
    items, chosen = download.choose_items(filterset.qs, filterset.chosen, read_keys(item))
    choices = ExportChoices(**options.dict())
    return download.export_response(request, upload, items, found, choices, format, chosen)


def find_layout(name: str) -> Layout:
    """Return the layout with this name, built in or saved by the team. Raises BadInput."""
    layout = files.find_layout(name) if name in files.list_layouts() else None
    if layout is None:
        raise BadInput("layout", ChoiceField.default_error_messages["invalid_choice"] % {"value": name})
    return layout


def make_query(values: Mapping[str, str], **choices: Sequence[TextChoices]) -> QueryDict:
    """Return a query as the page sends it, from one value or several choices for each filter."""
    query = QueryDict(mutable=True)
    query.update({name: value for name, value in values.items() if value})
    for name, chosen in choices.items():
        query.setlist(name, [choice.value for choice in chosen])
    return query
