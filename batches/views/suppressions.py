"""The do-not-contact list."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from batches.forms.suppressions import SuppressionForm
from batches.intake import suppression
from batches.models import Item, Suppression
from batches.tables.filters import SuppressionFilter
from batches.tables.tables import SuppressionTable
from batches.user_request import UserRequest
from batches.views.shortcuts import render_list


def suppression_list(request: UserRequest) -> HttpResponse:
    filterset = SuppressionFilter(request.GET, Suppression.objects.select_related("created_by"))
    return render_list(request, "suppressions/list.html", filterset, SuppressionTable, form=SuppressionForm())


def add_suppressions(request: UserRequest) -> HttpResponse:
    form = SuppressionForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            added = suppression.suppress_texts(form.texts(), request.user, form.cleaned_data["reason"])
        except suppression.UnusableLines as problem:
            form.add_error(None, str(problem))
        else:
            messages.success(request, suppression.format_added(added))
            return redirect("suppressions")
    return render(request, "suppressions/add.html", {"form": form}, status=422 if form.errors else 200)


@require_POST
def suppress_item(request: UserRequest, pk: int) -> HttpResponse:
    """Add an item's person to the list, or a phone or email that was found for them."""
    item = get_object_or_404(Item.objects.defer("answer"), pk=pk)
    reason = f"From row {item.row_number} of list {item.upload_id}."
    try:
        if found := request.POST.get("found"):
            added = suppression.suppress_texts([found], request.user, reason)
        else:
            added = suppression.suppress_items(Item.objects.filter(pk=pk), request.user, reason)
    except suppression.UnusableLines as problem:
        messages.error(request, str(problem))
        return redirect(item)
    messages.success(request, suppression.format_added(added))
    return redirect(item)


@require_POST
def remove_suppression(request: UserRequest, pk: int) -> HttpResponse:
    entry = get_object_or_404(Suppression, pk=pk)
    entry.delete()
    messages.success(request, "Removed from the do-not-contact list.")
    return redirect("suppressions")
