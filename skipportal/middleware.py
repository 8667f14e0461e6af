"""Show dates in the time zone of the reader: the one chosen, or that of the browser, or UTC."""

from collections.abc import Callable, Mapping
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

COOKIES = ["zone", "browser-zone"]
"""The time zone chosen under Settings, and the browser's, which static/js/theme.js sets."""


def use_zone(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Return a middleware that activates the reader's time zone. Exports are streamed after it, and so are in UTC."""

    def middleware(request: HttpRequest) -> HttpResponse:
        with timezone.override(find_zone(request.COOKIES)):
            return get_response(request)

    return middleware


def find_zone(cookies: Mapping[str, str]) -> ZoneInfo | None:
    """Return the first valid time zone, or None for UTC."""
    names = (cookies.get(name, "") for name in COOKIES)
    return next((ZoneInfo(name) for name in names if name in known_zones()), None)


@cache
def known_zones() -> set[str]:
    return available_timezones()
