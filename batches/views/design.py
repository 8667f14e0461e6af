"""A page with every component in both colour schemes, for those who build pages."""

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render

from accounts.rights import Right, require
from batches.user_request import UserRequest


def show_components(request: UserRequest) -> HttpResponse:
    """Show every component, to administrators, or with DEBUG to everybody."""
    if not settings.DEBUG:
        require(request.user, Right.ADMINISTER)
    return render(request, "design/page.html", {"schemes": [("light", "Light"), ("dark", "Dark")]})
