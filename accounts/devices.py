"""Recognise the browsers that a user has logged in with, and describe them in words."""

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

COOKIE_AGE = 400 * 24 * 3600
"""Seconds. Browsers keep cookies no longer than this."""
MAX_USERS = 10
"""A browser's cookie remembers at most this many users."""
SALT = "accounts.devices"
BROWSERS = {"Edg": "Edge", "OPR": "Opera", "Firefox": "Firefox", "Chrome": "Chrome", "Safari": "Safari"}
SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Mac OS": "macOS",
    "Linux": "Linux",
}


def cookie_name() -> str:
    return "__Host-devices" if settings.IS_HTTPS else "devices"


def read_users(request: HttpRequest) -> list[int]:
    """Return the ids of the users who have logged in with this browser."""
    try:
        return signing.loads(request.COOKIES.get(cookie_name(), ""), salt=SALT, max_age=COOKIE_AGE)
    except signing.BadSignature:
        return []


def remember(request: HttpRequest, response: HttpResponse, user_id: int) -> None:
    others = [known for known in read_users(request) if known != user_id]
    value = signing.dumps([user_id, *others][:MAX_USERS], salt=SALT)
    secure = settings.SESSION_COOKIE_SECURE
    response.set_cookie(cookie_name(), value, max_age=COOKIE_AGE, secure=secure, httponly=True, samesite="Lax")


def format_device(user_agent: str) -> str:
    """Return the browser and the system in words, such as "Firefox on Windows"."""
    browser = next((name for marker, name in BROWSERS.items() if f"{marker}/" in user_agent), "")
    system = next((name for marker, name in SYSTEMS.items() if marker in user_agent), "")
    return " on ".join(filter(None, [browser or "A browser", system]))
