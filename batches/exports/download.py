"""Respond to a request with a file of results, for pages and for the API."""

from collections.abc import Callable, Iterable
from typing import Any

from django.http import HttpRequest, StreamingHttpResponse
from django.utils.text import slugify

from batches.exports import files
from batches.exports.layouts import Layout
from batches.exports.rows import ExportChoices
from batches.files.writers import MEDIA_TYPES
from batches.models import ItemQuerySet, Upload
from batches.user_request import UserRequest

FREE_TEXT_FILTERS = ["q", "problem"]
"""Filters by words that a user typed, such as a name. The log says only that they were used."""


def choose_items(
    items: ItemQuerySet, filters: dict[str, Any], ticked: list[int]
) -> tuple[ItemQuerySet, dict[str, Any]]:
    """Return the filtered items, or the selected ones among them, and how they were chosen, for the log."""
    chosen = filters | {name: "(text)" for name in FREE_TEXT_FILTERS if name in filters}
    if ticked:
        return items.filter(pk__in=ticked), chosen | {"ticked": len(ticked)}
    return items, chosen


def export_response(
    request: UserRequest,
    upload: Upload,
    items: ItemQuerySet,
    layout: Layout,
    choices: ExportChoices,
    file_format: str,
    chosen: dict[str, Any],
) -> StreamingHttpResponse:
    """Log an export, and return the response that contains its file."""
    is_disconnected = watch_connection(request)
    pieces = files.stream_export(upload, items, layout, choices, file_format, request.user, chosen, is_disconnected)
    suffix = "traced" if layout.name == "wide" else slugify(layout.name) or "layout"
    filename = f"{slugify(upload.name) or 'list'}-{upload.pk}-{suffix}.{file_format}"
    return file_response(pieces, filename, MEDIA_TYPES[file_format])


def watch_connection(request: HttpRequest) -> Callable[[], bool]:
    """Return a function that tells whether the client has closed the connection."""
    gone = request.META.get("asgi.scope", {}).get("gone")
    return gone.is_set if gone else lambda: False


def file_response(
    pieces: Iterable[str | bytes], filename: str, media_type: str = "text/csv; charset=utf-8"
) -> StreamingHttpResponse:
    response = StreamingHttpResponse(pieces, content_type=media_type)
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response
