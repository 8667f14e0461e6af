"""Authenticate callers by a token in the header `Authorization: Bearer …`, and check what the token may do."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from ninja.errors import AuthenticationError, HttpError, Throttled
from ninja.security import HttpBearer

from accounts.audit import current_address
from accounts.rights import Right, require
from api.models import ApiToken, Scope, digest
from api.rates import MinuteRate

RECORD_INTERVAL = timedelta(minutes=1)
"""How often, at most, the last use of a token is stored."""
WRONG_TOKENS_PER_MINUTE = 60
"""How many calls with wrong tokens one address may make per minute. Guessing a token is hopeless in any case."""
UNAUTHORISED = "Send a valid token in the header “Authorization: Bearer …”. You can create tokens at /tokens/."
calls, wrong_tokens = MinuteRate(), MinuteRate()


class TokenEnded(AuthenticationError):
    """A token that is no longer valid. The message says why."""

    def __init__(self, text: str) -> None:
        super().__init__(message=text)


class TooManyCalls(Throttled):
    """The caller must wait for `wait` seconds."""


class TokenAuth(HttpBearer):
    """Require a token, and optionally a scope that the token must have and a right that its user must have."""

    def __init__(self, scope: Scope | None = None, right: Right | None = None) -> None:
        super().__init__()
        self.scope, self.right = scope, right

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken | None:
        """Return the token if it is known, after making its user the user of the request. Otherwise return None.

        Raise TokenEnded, TooManyCalls or RightMissing, or HttpError if the token lacks the scope.
        """
        found = ApiToken.objects.unrevoked().select_related("user").filter(digest=digest(token.strip())).first()
        if found is None:
            limit_rate(wrong_tokens, find_address(request), WRONG_TOKENS_PER_MINUTE)
            return None
        if end := found.why_ended():
            raise TokenEnded(end)
        limit_rate(calls, found.digest, settings.API_RATE)
        record_use(found)
        if self.scope and self.scope not in found.scope_list:
            raise HttpError(403, f"This token lacks the scope “{self.scope}”. Create another token at /tokens/.")
        if self.right:
            require(found.user, self.right)
        request.user = found.user
        return found


def needs(scope: Scope, right: Right, **openapi: Any) -> dict[str, Any]:
    """Return the arguments of an operation that requires a token with this scope, whose user has this right.

    Other keywords are added to the operation in the OpenAPI document.
    """
    return {"auth": TokenAuth(scope, right), "openapi_extra": {"x-required-scope": scope.value, **openapi}}


bearer = TokenAuth()


def find_address(request: HttpRequest) -> str:
    """Return the IP address of the caller, or "" if it is not known."""
    return current_address.get() or request.META.get("REMOTE_ADDR") or ""


def limit_rate(rate: MinuteRate, key: str, limit: int) -> None:
    """Count a call. Raise TooManyCalls if it exceeds the limit."""
    if wait := rate.count(key, limit):
        raise TooManyCalls(wait)


def record_use(token: ApiToken) -> None:
    """Store the current time as the token's last use, unless a use was stored recently."""
    now = timezone.now()
    if not token.last_used_at or token.last_used_at < now - RECORD_INTERVAL:
        is_old = Q(last_used_at=None) | Q(last_used_at__lt=now - RECORD_INTERVAL)
        ApiToken.objects.filter(is_old, pk=token.pk).update(last_used_at=now)


def unauthorised_response(text: str = UNAUTHORISED) -> HttpResponse:
    return JsonResponse({"detail": text}, status=401, headers={"WWW-Authenticate": "Bearer"})


def too_many_calls_response(seconds: int) -> HttpResponse:
    text = f"Too many calls. Wait {seconds} s, and send fewer per minute."
    return JsonResponse({"detail": text}, status=429, headers={"Retry-After": str(seconds)})


def require_login_or_token(view: Callable[..., Any]) -> Callable[..., Any]:
    """Require a login or a token for a page. Redirect browsers with neither to the login; answer others with 401."""

    @wraps(view, assigned=[])
    def guarded_view(request: HttpRequest, **kwargs: object) -> HttpResponse:
        try:
            if request.user.is_authenticated or bearer(request):
                return view(request, **kwargs)
        except TokenEnded as end:
            return unauthorised_response(str(end))
        except TooManyCalls as problem:
            return too_many_calls_response(problem.wait or 1)
        is_browser = "text/html" in request.headers.get("accept", "")
        return redirect_to_login(request.get_full_path()) if is_browser else unauthorised_response()

    return guarded_view
