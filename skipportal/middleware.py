"""Show dates in the reader's time zone, number requests, and set headers that Django's own middleware does not set."""

import re
import uuid
from collections.abc import Callable, Mapping
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from batches.log_context import log_context

PERMISSIONS_POLICY = ", ".join(f"{feature}=()" for feature in ("camera", "geolocation", "microphone", "payment", "usb"))
"""The browser features that no page needs, turned off so that no script can ask for them."""
COOKIES = ["zone", "browser-zone"]
"""The cookies with the time zone chosen under Settings, and with the browser's, which static/js/theme.js sets."""
REQUEST_ID = re.compile("[0-9A-Za-z_-]{16,64}")
"""A request id that a proxy may give. A telephone number is shorter."""
PROBES = {"/healthz", "/livez", "/readyz", "/metrics"}
"""Addresses that load balancers and monitoring call by a host's IP address. They set no cookies."""


def identify_requests(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Return a middleware that gives each request an id, or keeps its proxy's, for the log and for the response."""

    def middleware(request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request_id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        # It stays set, because Django logs what failed, and streams exports, after this function has returned. Each
        # request has a context of its own (skipportal/pages.py).
        log_context.set({"request_id": request_id})
        response = get_response(request)
        response["X-Request-ID"] = request_id
        return response

    return middleware


def accept_any_host(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Return a middleware that answers probes under any Host, and other requests as ALLOWED_HOSTS says."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path_info in PROBES:
            request.META["HTTP_HOST"] = settings.PUBLIC_HOST
        return get_response(request)

    return middleware


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
