"""In which time zone a user reads dates: the one that was chosen, else the browser's, else UTC."""

from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.utils import timezone

COOKIES = ["zone", "browser-zone"]
"""What somebody chose under Settings, and what static/js/theme.js says of the browser."""


def use_zone(get_response):
    """Middleware: pages show dates in their reader's time zone. Files are made afterwards, in UTC."""

    def answer(request):
        with timezone.override(find_zone(request.COOKIES)):
            return get_response(request)

    return answer


def find_zone(cookies):
    """Return the first valid zone; None for UTC."""
    names = (cookies.get(name) for name in COOKIES)
    return next((ZoneInfo(name) for name in names if name in known_zones()), None)


@cache
def known_zones():
    return available_timezones()
