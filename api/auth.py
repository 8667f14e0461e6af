"""Who calls: a token in the header `Authorization: Bearer …`."""

from datetime import timedelta
from functools import wraps

from django.contrib.auth.views import redirect_to_login
from django.db.models import Q
from django.http import JsonResponse
from django.utils import timezone
from ninja.security import HttpBearer

from api.models import ApiToken, digest

USE_NOTED = timedelta(minutes=1)
"""A token's last use is written at most so often."""
UNKNOWN = "Send a token that is in force, as the header “Authorization: Bearer …”. Tokens are made at /tokens/."


class TokenAuth(HttpBearer):
    def authenticate(self, request, token):
        """Return the token if it is in force, and make its user the request's."""
        found = ApiToken.objects.in_force().select_related("user").filter(digest=digest(token.strip())).first()
        if found:
            note_use(found)
            request.user = found.user
        return found


bearer = TokenAuth()


def note_use(token):
    now = timezone.now()
    if not token.last_used_at or token.last_used_at < now - USE_NOTED:
        is_old = Q(last_used_at=None) | Q(last_used_at__lt=now - USE_NOTED)
        ApiToken.objects.filter(is_old, pk=token.pk).update(last_used_at=now)


def refuse():
    return JsonResponse({"detail": UNKNOWN}, status=401, headers={"WWW-Authenticate": "Bearer"})


def for_known(view):
    """Wrap a page so that it is shown only to users who are logged in or have a token."""

    @wraps(view, assigned=[])
    def guarded(request, **kwargs):
        if request.user.is_authenticated or bearer(request):
            return view(request, **kwargs)
        is_browser = "text/html" in request.headers.get("accept", "")
        return redirect_to_login(request.get_full_path()) if is_browser else refuse()

    return guarded
