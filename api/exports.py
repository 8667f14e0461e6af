"""The results as a file: the same as on screen."""

from typing import Literal

from django.shortcuts import get_object_or_404
from django.utils.text import slugify
from ninja import Query, Router

from batches.exports import stream_csv
from batches.lifecycle import record
from batches.models import Upload
from batches.statuses import Outcome
from batches.views.exports import send_csv

router = Router(tags=["Lists"])
CSV = {"responses": {200: {"description": "The file.", "content": {"text/csv": {"schema": {"type": "string"}}}}}}


@router.get("/uploads/{id:pk}/export", openapi_extra=CSV)
def export_upload(
    request,
    pk: int,
    layout: Literal["wide", "long"] = "wide",
    outcome: Query[list[Outcome]] = (),
    without_dnc: bool = False,
):
    """A list's results as CSV: every row of its file, or those of certain outcomes."""
    upload = get_object_or_404(Upload, pk=pk)
    choices = [layout, *outcome, *(["without do-not-call"] if without_dnc else [])]
    record(pk, "exported", user=request.user, detail=", ".join(choices))
    filename = f"{slugify(upload.name) or 'list'}-{pk}-traced.csv"
    return send_csv(stream_csv(upload, layout, outcome, without_dnc), filename)
