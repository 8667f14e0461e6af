from collections.abc import Callable
from functools import cache, partial

from django.http import HttpRequest

from notices.bell import Unread, find_unread


def unread(request: HttpRequest) -> dict[str, Callable[[], Unread]]:
    """Return a function that loads the user's unread notices. Only pages that show them query the database."""
    user = getattr(request, "user", None)
    return {"unread": cache(partial(find_unread, user))} if user and user.is_authenticated else {}
