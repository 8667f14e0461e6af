"""Parts of pages that move: rendered once for everybody who asks at the same time, and not sent again unchanged."""

import hashlib
import time
from functools import wraps

from django.core.cache import cache
from django.http import HttpResponse
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_vary_headers

from batches.views.columns import name_cookie

FRESH = 0.5
"""Seconds for which a part is given to others as well. With a look every 1.5 s, what is seen is at most 2 s old."""
KEPT = 5
"""Seconds for which the last one is given while one of them renders the next."""


def shared(view):
    """A view whose live part, which htmx asks for, is the same for everybody of the same rights in the same time zone.

    It holds neither a form's token nor anything else of one user's: its buttons belong to the page's form `act`.
    """

    @wraps(view)
    def answer(request, *args, **kwargs):
        response = answer_part(request, view, args, kwargs) if request.htmx else view(request, *args, **kwargs)
        patch_vary_headers(response, ["HX-Request"])
        return response

    return answer


def answer_part(request, view, args, kwargs):
    key = f"part:{name_reader(request)}"
    kept = cache.get(key)
    if kept is None or (time.monotonic() - kept[2] > FRESH and cache.add(f"{key}:busy", True, KEPT)):
        response = view(request, *args, **kwargs)
        if response.status_code != 200:
            return response
        etag = f'"{hashlib.blake2b(response.content, digest_size=12).hexdigest()}"'
        kept = etag, response.content, time.monotonic()
        cache.set(key, kept, KEPT)
        cache.delete(f"{key}:busy")
    etag, content, _ = kept
    response = HttpResponse(content, headers={"ETag": etag, "Cache-Control": "private, no-store"})
    return get_conditional_response(request, etag, response=response)


def name_reader(request):
    """The same for all who are shown the same: by address, rights, time zone and the columns that they have chosen."""
    chosen = [f"{name}={value}" for name, value in sorted(request.COOKIES.items()) if name.startswith(name_cookie(""))]
    shown = [request.get_full_path(), str(request.user.is_staff), timezone.get_current_timezone_name(), *chosen]
    return hashlib.blake2b("\n".join(shown).encode(errors="surrogateescape"), digest_size=16).hexdigest()
