"""The results as a file: the same as on screen."""

from typing import Literal

from django.shortcuts import get_object_or_404
from ninja import Query, Router

from api.errors import BadInput
from batches.models import Upload
from batches.statuses import MatchCheck, Outcome
from batches.views.exports import answer_with_file

router = Router(tags=["Lists"])
FILE = {"schema": {"type": "string", "format": "binary"}}
MEDIA = {"text/csv": FILE, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": FILE}


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
    without_dnc: bool = False,
    mobiles_only: bool = False,
    once: bool = False,
    without_deceased: bool = False,
    without_other: bool = False,
    without_suppressed: bool = False,
):
    """Return a list's results: all rows of its file, or those that are chosen, in one of the layouts."""
    problem, response = answer_with_file(request, get_object_or_404(Upload, pk=pk))
    if problem:
        raise BadInput(*problem)
    return response
