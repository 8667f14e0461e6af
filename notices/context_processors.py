from functools import cache, partial

from notices.bell import find_unread


def unread(request):
    """Return what the bell says; it is read only if a page shows it."""
    user = getattr(request, "user", None)
    return {"unread": cache(partial(find_unread, user))} if user and user.is_authenticated else {}
