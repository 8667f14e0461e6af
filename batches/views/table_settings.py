"""Remember how a user wants to see a table: its columns, its rows per page, and saved views."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from batches.models import SavedView
from batches.tables.column_choice import save_choice
from batches.tables.saved_views import rename_view, save_view
from batches.user_request import UserRequest
from batches.views.shortcuts import redirect_back


@require_POST
def save_columns(request: UserRequest, name: str) -> HttpResponse:
    """Remember which columns of a table to show and how many rows per page, and redirect to the page."""
    save_choice(request.user, name[:40], request.POST.get("rows"), request.POST.getlist("column"))
    return redirect_back(request, "dashboard")


@require_POST
def save_table_view(request: UserRequest, name: str) -> HttpResponse:
    """Save the filters, order and columns of a table as a view of the user's own."""
    try:
        given = [request.POST.get(field, "") for field in ("name", "query", "shared_with")]
        view = save_view(request.user, name[:40], *given)
        messages.success(request, f"Saved as “{view.name}”.")
    except ValidationError as problem:
        messages.error(request, problem.messages[0])
    return redirect_back(request, "dashboard")


@require_POST
def rename_table_view(request: UserRequest, pk: int) -> HttpResponse:
    view = get_object_or_404(SavedView, pk=pk, user=request.user)
    try:
        rename_view(view, request.POST.get("name", ""))
    except ValidationError as problem:
        messages.error(request, problem.messages[0])
    return redirect_back(request, "dashboard")


@require_POST
def delete_table_view(request: UserRequest, pk: int) -> HttpResponse:
    view = get_object_or_404(SavedView, pk=pk, user=request.user)
    view.delete()
    messages.success(request, f"Deleted the view “{view.name}”.")
    return redirect_back(request, "dashboard")
