"""The page of a user's own tokens."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from api.forms import TokenForm
from api.models import ApiToken
from batches.user_request import UserRequest


@never_cache
def tokens(request: UserRequest) -> HttpResponse:
    """Show a user's tokens. A POST creates one and shows its secret once."""
    form, secret, status = TokenForm(request.POST or None), None, 200
    if request.method == "POST" and form.is_valid():
        _, secret = ApiToken.objects.create_with_secret(request.user, form.cleaned_data["name"])
        form, status = TokenForm(), 201
    own = ApiToken.objects.filter(user=request.user)
    context = {"form": form, "secret": secret, "tokens": own}
    return render(request, "tokens/list.html", context, status=422 if form.errors else status)


@require_POST
def revoke(request: UserRequest, pk: int) -> HttpResponse:
    token = get_object_or_404(ApiToken, pk=pk, user=request.user)
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())
    messages.success(request, f"Token “{token.name}” revoked.")
    return redirect("tokens")
