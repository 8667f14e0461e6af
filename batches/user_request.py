"""The type of the requests that views get. Their user is always known."""

from django.contrib.auth.models import User
from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails


class UserRequest(HttpRequest):
    """A request of a known user. `LoginRequiredMiddleware` and the API's tokens refuse all others."""

    user: User
    htmx: HtmxDetails
    """Set by `HtmxMiddleware`."""
