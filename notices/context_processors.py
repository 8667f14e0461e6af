from collections.abc import Callable
from functools import cache, partial

from django.http import HttpRequest

from notices.bell import Unread, find_unread


def unread(request: HttpRequest) -> dict[str, Callable[[], Unread]]:
    """Add the user's unread notices. Pages that do not show them make no query."""
    user = getattr(request, "user", None)
    return {"unread": cache(partial(find_unread, user))} if user and user.is_authenticated else {}
