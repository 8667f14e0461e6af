"""Live parts of pages: rendered once for simultaneous readers, and not sent again while unchanged."""

import hashlib
import time
from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from django.core.cache import cache
from django.http import HttpResponse
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_vary_headers
from django_tables2 import Table

from batches.tables.column_choice import cookie_name, table_key
from batches.user_request import UserRequest

View = Callable[..., HttpResponse]
CachedPart = tuple[str, bytes, float]
"""ETag, content, and when it was rendered."""
FRESH_SECONDS = 0.5
"""Seconds for which a rendering is shared. Pages poll every 1.5 s, so what they show is at most 2 s old."""
MAX_RENDER_SECONDS = 60
"""Seconds that a rendering may take. Until then, other readers get the previous one and start none of their own."""


def shared_live_part(view: View | None = None, *, table: type[Table] | None = None) -> Any:
    """Decorate a view whose live part is the same for all readers with the same rights and time zone.

    The part must not contain anything personal, such as a form's token; its buttons belong to the page's form `act`.
    `table` is the class of a table with a choice of columns: only readers with the same choice share a part.
    """
    if view is None:
        return partial(shared_live_part, table=table)

    @wraps(view)
    def answer(request: UserRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        render = partial(view, request, *args, **kwargs)
        response = answer_part(request, render, table) if request.htmx else render()
        patch_vary_headers(response, ["HX-Request"])
        return response

    return answer


def answer_part(request: UserRequest, render: Callable[[], HttpResponse], table: type[Table] | None) -> HttpResponse:
    key = f"part:{reader_key(request, table)}"
    kept = cache.get(key)
    if kept is None or time.monotonic() - kept[2] > FRESH_SECONDS:
        is_first = cache.add(f"{key}:busy", True, MAX_RENDER_SECONDS)
        # If nothing is cached yet, there is no previous rendering to return.
        if is_first or kept is None:
            response, kept = render_part(render, key, is_first)
            if kept is None:
                return response
    etag, content, _ = kept
    response = HttpResponse(content, headers={"ETag": etag, "Cache-Control": "private, no-store"})
    return get_conditional_response(request, etag, response=response) or response


def render_part(render: Callable[[], HttpResponse], key: str, is_first: bool) -> tuple[HttpResponse, CachedPart | None]:
    """Return the response and what was cached of it under `key`; None if the response cannot be shared."""
    try:
        response, kept = render(), None
        if response.status_code == 200:
            etag = f'"{hashlib.blake2b(response.content, digest_size=12).hexdigest()}"'
            kept = etag, response.content, time.monotonic()
            cache.set(key, kept, MAX_RENDER_SECONDS)
        return response, kept
    finally:
        if is_first:
            cache.delete(f"{key}:busy")


def reader_key(request: UserRequest, table: type[Table] | None) -> str:
    """Return a key that is equal for readers who see the same: by address, rights, time zone and chosen columns."""
    chosen = request.COOKIES.get(cookie_name(table_key(table)), "") if table else ""
    shown = [request.get_full_path(), str(request.user.is_staff), timezone.get_current_timezone_name(), chosen]
    return hashlib.blake2b("\n".join(shown).encode(errors="surrogateescape"), digest_size=16).hexdigest()
