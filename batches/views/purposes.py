"""The purposes that lists can be started for. Their words are changed by administrators."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from accounts.rights import Right, require
from batches.forms.purposes import PurposeForm
from batches.models import Purpose
from batches.tracing import purposes
from batches.user_request import UserRequest


def purpose_list(request: UserRequest) -> HttpResponse:
    """Show the purposes, and add one."""
    require(request.user, Right.ADMINISTER)
    form = PurposeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        purpose = purposes.add(**form.cleaned_data, user=request.user)
        messages.success(request, f"Added “{purpose}”. Lists can be started for it now.")
        return redirect("purposes")
    context = {
        "form": form,
        "offered": Purpose.objects.offered(),
        "earlier": Purpose.objects.filter(is_offered=False),
    }
    return render(request, "settings/purposes.html", context, status=422 if form.errors else 200)


def edit_purpose(request: UserRequest, pk: int) -> HttpResponse:
    """Change the words of a purpose. Lists that were started for it keep the words that were stated."""
    require(request.user, Right.ADMINISTER)
    purpose = get_object_or_404(Purpose.objects.offered(), pk=pk)
    words = {"label": purpose.label, "statement": purpose.statement}
    form = PurposeForm(request.POST if request.method == "POST" else None, initial=words)
    if request.method == "POST" and form.is_valid():
        changed = purposes.change_words(purpose, **form.cleaned_data, user=request.user)
        messages.success(request, f"Saved. Lists are started for version {changed.version} from now on.")
        return redirect("purposes")
    context = {"form": form, "purpose": purpose}
    return render(request, "settings/purpose.html", context, status=422 if form.errors else 200)


@require_POST
def withdraw_purpose(request: UserRequest, pk: int) -> HttpResponse:
    require(request.user, Right.ADMINISTER)
    purpose = get_object_or_404(Purpose.objects.offered(), pk=pk)
    purposes.withdraw(purpose, request.user)
    messages.success(request, f"Lists can no longer be started for “{purpose}”. Lists that were keep it.")
    return redirect("purposes")
