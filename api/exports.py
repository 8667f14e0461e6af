"""The results as a file: the same as on screen."""

from dataclasses import fields
from typing import Literal

from django.db.models import TextChoices
from django.forms import ChoiceField
from django.http import QueryDict
from django.shortcuts import get_object_or_404
from ninja import Query, Router, Schema
from pydantic import create_model

from api.errors import BadInput
from batches.exports import download, files
from batches.exports.layouts import Layout
from batches.exports.rows import Choices
from batches.forms.exports import find_problem
from batches.keys import read_keys
from batches.models import Upload
from batches.statuses import MatchCheck, Outcome
from batches.tables.filters import ItemFilter

router = Router(tags=["Lists"])
FILE = {"schema": {"type": "string", "format": "binary"}}
MEDIA = {"text/csv": FILE, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": FILE}

ChoicesIn = create_model(
    "ChoicesIn", __base__=Schema, **{choice.name: (bool, choice.default) for choice in fields(Choices)}
)


@router.get(
    "/uploads/{id:pk}/export", openapi_extra={"responses": {200: {"description": "The file.", "content": MEDIA}}}
)
def export_upload(
    request,
    pk: int,
    layout: str = "wide",
    format: Literal["csv", "xlsx"] = "csv",
    outcome: Query[list[Outcome]] = (),
    match: Query[list[MatchCheck]] = (),
    choices: Query[ChoicesIn] = None,
):
    """Download a list's results: all rows of its file, or those that are chosen, in one of the layouts."""
    upload = get_object_or_404(Upload, pk=pk)
    found = find_layout(layout or "wide")
    filterset = ItemFilter(with_rows(request.GET, outcome=outcome, match=match), upload.items.all(), upload)
    if problem := find_problem(filterset.form):
        raise BadInput(*problem)
    items, chosen = download.choose_items(filterset.qs, filterset.chosen, read_keys(request.GET.getlist("item")))
    return download.answer(request, upload, items, found, Choices(**choices.dict()), format, chosen)


def find_layout(name: str) -> Layout:
    """Return the layout of this name, ours or the team's. Raises BadInput."""
    if name not in files.layout_names():
        raise BadInput("layout", ChoiceField.default_error_messages["invalid_choice"] % {"value": name})
    return files.find_layout(name)


def with_rows(query: QueryDict, **values: list[TextChoices]) -> QueryDict:
    """Return a query with these values in their places.

    The page's other filters count as well: a file must never hold more people than were asked for.
    """
    query = query.copy()
    for name, chosen in values.items():
        query.setlist(name, [choice.value for choice in chosen])
    return query
