"""The page of a user's own tokens."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts import audit
from accounts.events import notify
from accounts.models import AuditKind
from accounts.sign_in import recently_authenticated
from api.forms import TokenForm
from api.models import ApiToken
from batches.user_request import UserRequest


@never_cache
@recently_authenticated
def tokens(request: UserRequest) -> HttpResponse:
    """Show a user's tokens. On POST, create one and show its secret, which will not be shown again."""
    form, secret, status = TokenForm(request.POST or None), None, 200
    if request.method == "POST" and form.is_valid():
        token, secret = ApiToken.objects.create_with_secret(request.user, **form.cleaned_data)
        audit.record(AuditKind.TOKEN_CREATED, request.user, detail=token.description)
        notify(request.user, f"A new API token was created: “{token.name}”.", "new API token")
        form, status = TokenForm(), 201
    own = ApiToken.objects.filter(user=request.user).select_related("user")
    context = {"form": form, "secret": secret, "tokens": own, "has_unlimited": own.unlimited().exists()}
    return render(request, "tokens/list.html", context, status=422 if form.errors else status)


@require_POST
def revoke(request: UserRequest, pk: int) -> HttpResponse:
    token = get_object_or_404(ApiToken, pk=pk, user=request.user)
    if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now()):
        audit.record(AuditKind.TOKEN_REVOKED, request.user, detail=token.description)
    messages.success(request, f"Token “{token.name}” revoked.")
    return redirect("tokens")
