"""The type of a request in views that are shown only after a login."""

from django.contrib.auth.models import User
from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails


class UserRequest(HttpRequest):
    """A request whose user is known. `LoginRequiredMiddleware` and the API's tokens refuse all others."""

    user: User
    htmx: HtmxDetails
    """Set by `HtmxMiddleware`."""
