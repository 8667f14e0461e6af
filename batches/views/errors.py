"""Error pages."""

from django.http import HttpRequest, HttpResponse, HttpResponseServerError
from django.shortcuts import render
from django.template.loader import render_to_string


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "error.html", {"title": "Not allowed", "what": "Only staff can do this."}, status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    what = "This page does not exist, or has been deleted. Please check the address."
    return render(request, "error.html", {"title": "Not found", "what": what}, status=404)


def server_error(request: HttpRequest) -> HttpResponseServerError:
    what = "Something went wrong on our side. Nothing you saved is lost. Please try again in a moment."
    # Without the request, no context processor runs: they read the database, which may be what is failing.
    page = render_to_string("error.html", {"title": "Something went wrong", "what": what})
    return HttpResponseServerError(page)
