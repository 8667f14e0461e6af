"""A file of results as the answer to a request: of a page, or of the API."""

from collections.abc import Callable, Iterable

from django.http import HttpRequest, StreamingHttpResponse
from django.utils.text import slugify

from batches.exports import files
from batches.exports.layouts import Layout
from batches.exports.rows import Choices
from batches.files.writers import FORMATS
from batches.models import ItemQuerySet, Upload

TYPED = ["q", "problem"]
"""Filters that hold what somebody has typed, which may be a name: the log says only that they did."""


def choose_items(items: ItemQuerySet, filters: dict, ticked: list[int]) -> tuple[ItemQuerySet, dict]:
    """Return filtered items, or those that were ticked among them, and for the log how they were chosen."""
    chosen = filters | {name: "what was typed" for name in TYPED if name in filters}
    return (items.filter(pk__in=ticked), chosen | {"ticked": len(ticked)}) if ticked else (items, chosen)


def answer(
    request: HttpRequest,
    upload: Upload,
    items: ItemQuerySet,
    layout: Layout,
    choices: Choices,
    file_format: str,
    chosen: dict,
) -> StreamingHttpResponse:
    """Return the response with the file, which is written into the log of exports."""
    user, is_gone = request.user, watch_connection(request)
    pieces = files.export(upload, items, layout, choices, file_format, user, chosen, is_gone)
    suffix = "traced" if layout.name == "wide" else slugify(layout.name) or "layout"
    filename = f"{slugify(upload.name) or 'list'}-{upload.pk}-{suffix}.{file_format}"
    return send_file(pieces, filename, FORMATS[file_format][1])


def watch_connection(request: HttpRequest) -> Callable[[], bool]:
    """Return a function that says whether whoever asked has broken the connection off."""
    gone = request.META.get("asgi.scope", {}).get("gone")
    return gone.is_set if gone else lambda: False


def send_file(
    pieces: Iterable[str | bytes], filename: str, media_type: str = "text/csv; charset=utf-8"
) -> StreamingHttpResponse:
    response = StreamingHttpResponse(pieces, content_type=media_type)
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response
