"""A user's choice of columns and rows, remembered in a cookie."""

from django.http import HttpResponse
from django.views.decorators.http import require_POST

from batches.tables.column_choice import cookie_name, format_cookie
from batches.user_request import UserRequest
from batches.views.shortcuts import redirect_back

COOKIE_AGE = 365 * 24 * 3600


@require_POST
def save_columns(request: UserRequest, name: str) -> HttpResponse:
    """Remember which columns of a table to show and how many rows per page, and return to the page."""
    response = redirect_back(request, "dashboard")
    value = format_cookie(request.POST.get("rows"), request.POST.getlist("column"))
    response.set_cookie(
        cookie_name(name), value, max_age=COOKIE_AGE, samesite="Lax", httponly=True, secure=request.is_secure()
    )
    return response
