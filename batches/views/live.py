"""Render the live parts of pages once for simultaneous readers, and do not send them again while unchanged."""

import hashlib
import time
from collections.abc import Callable
from functools import partial, wraps
from typing import Any, NamedTuple, TypeVar

from django.contrib.auth.models import User
from django.core.cache import cache
from django.http import HttpResponse
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_vary_headers
from django_tables2 import Table

from accounts.access import sees_all_lists, team_ids
from accounts.rights import Right, can
from batches.models import Upload
from batches.tables.column_choice import load_choice
from batches.user_request import UserRequest

View = Callable[..., HttpResponse]
T = TypeVar("T")
FRESH_SECONDS = 0.5
"""Seconds for which a rendering is shared. Pages poll every 1.5 s, so what they show is at most 2 s old."""
MAX_RENDER_SECONDS = 60
"""Seconds that a rendering may take. Until then, other readers get the previous rendering and do not start another."""


class CachedPart(NamedTuple):
    etag: str
    content: bytes
    rendered_at: float


def shared_live_part(view: View | None = None, *, table: type[Table] | None = None, is_personal: bool = False) -> Any:
    """Decorate a view whose live part is the same for all readers with the same rights and time zone.

    The part must not contain a form's token, so its buttons belong to the page's form `act`. Unless it `is_personal`,
    it must not contain anything else that belongs to one reader either. `table` is the class of a table with a choice
    of columns: only readers with the same choice share a part.
    """
    if view is None:
        return partial(shared_live_part, table=table, is_personal=is_personal)

    @wraps(view)
    def view_with_shared_part(request: UserRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        render = partial(view, request, *args, **kwargs)
        if request.htmx:
            key = f"part:{reader_key(request, table)}{f':{request.user.pk}' if is_personal else ''}"
            response = respond_with_part(request, render, key)
        else:
            response = render()
        patch_vary_headers(response, ["HX-Request"])
        return response

    return view_with_shared_part


def respond_with_part(request: UserRequest, render: Callable[[], HttpResponse], key: str) -> HttpResponse:
    """Return the cached live part, rendering it again if it is too old. Return 304 if the reader already has it."""
    part = cache.get(key)
    if part is None or time.monotonic() - part.rendered_at > FRESH_SECONDS:
        is_first = cache.add(f"{key}:busy", True, MAX_RENDER_SECONDS)
        # If nothing is cached yet, there is no previous rendering to return.
        if is_first or part is None:
            response, part = render_part(render, key, is_first)
            if part is None:
                return response
    response = HttpResponse(part.content, headers={"ETag": part.etag, "Cache-Control": "private, no-store"})
    return get_conditional_response(request, part.etag, response=response) or response


def render_part(render: Callable[[], HttpResponse], key: str, is_first: bool) -> tuple[HttpResponse, CachedPart | None]:
    """Render the part and cache it under `key`. Return the response and the cached part (None if it cannot be shared).

    `is_first` is whether this reader holds the mark that keeps others from rendering the part at the same time.
    """
    try:
        response, part = render(), None
        if response.status_code == 200:
            etag = f'"{hashlib.blake2b(response.content, digest_size=12).hexdigest()}"'
            part = CachedPart(etag, response.content, time.monotonic())
            cache.set(key, part, MAX_RENDER_SECONDS)
        return response, part
    finally:
        if is_first:
            cache.delete(f"{key}:busy")


def share_value(request: UserRequest, name: str, load: Callable[[], T]) -> T:
    """Return a value that is the same for readers with the same lists, rights and time zone.

    It is for what a personal live part has in common with those of other readers. Whole pages load it anew.
    """
    key = f"value:{name}:{hash_texts(timezone.get_current_timezone_name(), reader_scope(request.user))}"
    cached: tuple[float, T] | None = cache.get(key) if request.htmx else None
    if cached is None or time.monotonic() - cached[0] > FRESH_SECONDS:
        cached = time.monotonic(), load()
        cache.set(key, cached, MAX_RENDER_SECONDS)
    return cached[1]


def reader_key(request: UserRequest, table: type[Table] | None) -> str:
    """Return a key that is the same for readers with the same address, lists, rights, time zone and columns."""
    chosen = str(load_choice(request.user, table)) if table else ""
    shown = [
        request.get_full_path(),
        str(request.user.is_staff),
        reader_scope(request.user),
        timezone.get_current_timezone_name(),
        chosen,
    ]
    return hash_texts(*shown)


def hash_texts(*texts: str) -> str:
    return hashlib.blake2b("\n".join(texts).encode(errors="surrogateescape"), digest_size=16).hexdigest()


def reader_scope(user: User) -> str:
    """Return a string that is the same for users who see the same lists and have the same rights."""
    rights = "".join("1" if can(user, right) else "0" for right in Right)
    if sees_all_lists(user):
        return rights
    has_more = Upload.objects.filter(created_by=user).exclude(team__in=team_ids(user)).exists()
    return f"{rights} {team_ids(user)} {user.pk if has_more else ''}"
