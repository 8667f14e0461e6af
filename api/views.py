"""A user's own tokens: made, looked at, revoked."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from api.forms import TokenForm
from api.models import ApiToken


@never_cache
def tokens(request):
    """Show a user's tokens; after a new one is made, its secret as well, this once."""
    form, secret, status = TokenForm(request.POST or None), None, 200
    if request.method == "POST" and form.is_valid():
        _, secret = ApiToken.objects.make(request.user, form.cleaned_data["name"])
        form, status = TokenForm(), 201
    own = ApiToken.objects.filter(user=request.user)
    context = {"form": form, "secret": secret, "tokens": own}
    return render(request, "tokens/list.html", context, status=422 if form.errors else status)


@require_POST
def revoke(request, pk):
    token = get_object_or_404(ApiToken, pk=pk, user=request.user)
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())
    messages.success(request, f"Revoked: “{token.name}” lets nobody in any more.")
    return redirect("tokens")
