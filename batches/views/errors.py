"""Error pages."""

from collections.abc import Callable

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseServerError
from django.shortcuts import render
from django.template.loader import render_to_string

from accounts.rights import RightMissing
from accounts.sign_in import describe_missing_role, has_role

NO_ROLE = {"title": "No role yet", "icon": "user-x"}
NOT_ALLOWED = {"title": "Not allowed", "icon": "lock"}
NOT_FOUND = {"title": "Not found", "icon": "map-pin-off"}
NOTHING_TO_SHOW = {"title": "Nothing to show here", "icon": "map-pin-off"}
FAILED = {"title": "Something went wrong", "icon": "triangle-alert", "tone": "bad"}
"""What is shown around the sentence of each page."""


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(request.user, User) and not has_role(request.user):
        return render(request, "error.html", NO_ROLE | {"message": describe_missing_role()}, status=403)
    message = str(exception) if isinstance(exception, RightMissing) else "Ask an administrator if you need this page."
    return render(request, "error.html", NOT_ALLOWED | {"message": message}, status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    message = "This page does not exist, or has been deleted. Please check the address."
    return render(request, "error.html", NOT_FOUND | {"message": message}, status=404)


def explain_wrong_method(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Return a middleware that explains to a reader why the address of a button shows nothing."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.status_code != 405 or request.method != "GET" or response.content:
            return response
        message = "This address belongs to a button, and only the button can use it. Go back, and use it there."
        page = render(request, "error.html", NOTHING_TO_SHOW | {"message": message}, status=405)
        page["Allow"] = response["Allow"]
        return page

    return middleware


def server_error(request: HttpRequest) -> HttpResponseServerError:
    message = "Something went wrong on our side. Nothing you saved is lost. Please try again in a moment."
    # Render without the request, because context processors read the database, which may be what is failing.
    page = render_to_string("error.html", FAILED | {"message": message})
    return HttpResponseServerError(page)
