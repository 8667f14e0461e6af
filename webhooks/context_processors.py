from functools import cache

from webhooks.models import Stray


def strays(request):
    """How many strays are to be looked at; asked for only where a page says it."""
    return {"stray_count": cache(Stray.objects.waiting().count)}
