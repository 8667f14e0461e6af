"""Parts of pages that move: rendered once for everybody who asks at the same time, and not sent again unchanged."""

import hashlib
import time
from functools import partial, wraps

from django.core.cache import cache
from django.http import HttpResponse
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_vary_headers

from batches.tables.column_choice import name_cookie, name_table

FRESH = 0.5
"""Seconds for which a part is given to others as well. With a look every 1.5 s, what is seen is at most 2 s old."""
LONGEST = 60
"""Seconds that a rendering may take: for so long the last part is given to others, and no second one begins."""


def shared(view=None, *, table=None):
    """Wrap a view whose live part is the same for all readers with the same rights and time zone.

    It holds neither a form's token nor anything else of one user's: its buttons belong to the page's form `act`. Where
    columns of a table can be chosen, `table` is its class, and those are given the same who have chosen the same.
    """
    if view is None:
        return partial(shared, table=table)

    @wraps(view)
    def answer(request, *args, **kwargs):
        render = partial(view, request, *args, **kwargs)
        response = answer_part(request, render, table) if request.htmx else render()
        patch_vary_headers(response, ["HX-Request"])
        return response

    return answer


def answer_part(request, render, table):
    key = f"part:{name_reader(request, table)}"
    kept = cache.get(key)
    if kept is None or time.monotonic() - kept[2] > FRESH:
        is_first = cache.add(f"{key}:busy", True, LONGEST)
        # Where nothing is kept yet, nobody can be given the last one.
        if is_first or kept is None:
            response, kept = render_part(render, key, is_first)
            if kept is None:
                return response
    etag, content, _ = kept
    response = HttpResponse(content, headers={"ETag": etag, "Cache-Control": "private, no-store"})
    return get_conditional_response(request, etag, response=response)


def render_part(render, key, is_first):
    """Return the response, and what to keep of it under `key`: None if there is nothing to show to others."""
    try:
        response, kept = render(), None
        if response.status_code == 200:
            etag = f'"{hashlib.blake2b(response.content, digest_size=12).hexdigest()}"'
            kept = etag, response.content, time.monotonic()
            cache.set(key, kept, LONGEST)
        return response, kept
    finally:
        if is_first:
            cache.delete(f"{key}:busy")


def name_reader(request, table):
    """Return a key that is the same for all readers who see the same: address, rights, time zone, chosen columns."""
    chosen = request.COOKIES.get(name_cookie(name_table(table)), "") if table else ""
    shown = [request.get_full_path(), str(request.user.is_staff), timezone.get_current_timezone_name(), chosen]
    return hashlib.blake2b("\n".join(shown).encode(errors="surrogateescape"), digest_size=16).hexdigest()
