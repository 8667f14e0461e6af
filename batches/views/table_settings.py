from django.views.decorators.http import require_POST

from batches.tables.column_choice import as_cookie, name_cookie
from batches.views.shortcuts import go_back

A_YEAR = 365 * 24 * 3600


@require_POST
def remember_columns(request, name):
    """Keep in the browser which columns of a table are to be shown, and how many rows, and show the page again."""
    response = go_back(request, "dashboard")
    value = as_cookie(request.POST.get("rows"), request.POST.getlist("column"))
    options = {"samesite": "Lax", "httponly": True, "secure": request.is_secure()}
    response.set_cookie(name_cookie(name), value, max_age=A_YEAR, **options)
    return response
