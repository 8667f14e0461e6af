"""Show dates in the reader's time zone, and set the headers that Django's own middleware does not set."""

from collections.abc import Callable, Mapping
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

PERMISSIONS_POLICY = ", ".join(f"{feature}=()" for feature in ("camera", "geolocation", "microphone", "payment", "usb"))
"""The browser features that no page needs, turned off so that no script can ask for them."""
COOKIES = ["zone", "browser-zone"]
"""The cookies with the time zone chosen under Settings, and with the browser's, which static/js/theme.js sets."""


def protect_pages(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Return a middleware that keeps pages and exports, which name people, from being stored or used by other sites."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.setdefault("Cache-Control", "private, no-store")
        response.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response

    return middleware


def use_zone(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Return a middleware that activates the reader's time zone. Exports are streamed later, so they are in UTC."""

    def middleware(request: HttpRequest) -> HttpResponse:
        with timezone.override(find_zone(request.COOKIES)):
            return get_response(request)

    return middleware


def find_zone(cookies: Mapping[str, str]) -> ZoneInfo | None:
    """Return the first valid time zone in the cookies, or None for UTC."""
    names = (cookies.get(name, "") for name in COOKIES)
    return next((ZoneInfo(name) for name in names if name in known_zones()), None)


@cache
def known_zones() -> set[str]:
    return available_timezones()
