"""Authenticate callers by a token in the header `Authorization: Bearer …`."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from ninja.security import HttpBearer

from api.models import ApiToken, digest

USE_INTERVAL = timedelta(minutes=1)
"""The last use of a token is stored at most this often."""
UNAUTHORISED = "Send a valid token in the header “Authorization: Bearer …”. You can create tokens at /tokens/."


class TokenAuth(HttpBearer):
    def authenticate(self, request: HttpRequest, token: str) -> ApiToken | None:
        """Return the token if it is valid, and make its user the user of the request."""
        found = ApiToken.objects.valid().select_related("user").filter(digest=digest(token.strip())).first()
        if found:
            record_use(found)
            request.user = found.user
        return found


bearer = TokenAuth()


def record_use(token: ApiToken) -> None:
    now = timezone.now()
    if not token.last_used_at or token.last_used_at < now - USE_INTERVAL:
        is_old = Q(last_used_at=None) | Q(last_used_at__lt=now - USE_INTERVAL)
        ApiToken.objects.filter(is_old, pk=token.pk).update(last_used_at=now)


def unauthorised() -> HttpResponse:
    return JsonResponse({"detail": UNAUTHORISED}, status=401, headers={"WWW-Authenticate": "Bearer"})


def require_login_or_token(view: Callable[..., Any]) -> Callable[..., Any]:
    """Show a page only to users who are logged in or send a token. Browsers are sent to the login."""

    @wraps(view, assigned=[])
    def guarded(request: HttpRequest, **kwargs: object) -> HttpResponse:
        if request.user.is_authenticated or bearer(request):
            return view(request, **kwargs)
        is_browser = "text/html" in request.headers.get("accept", "")
        return redirect_to_login(request.get_full_path()) if is_browser else unauthorised()

    return guarded
