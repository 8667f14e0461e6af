from django.http import HttpResponseServerError
from django.shortcuts import render
from django.template.loader import render_to_string


def forbidden(request, exception):
    return render(request, "error.html", {"title": "Not yours to do", "what": "Staff can do this."}, status=403)


def not_found(request, exception):
    return render(
        request, "error.html", {"title": "Not found", "what": "There is nothing at this address."}, status=404
    )


def server_error(request):
    what = "Something went wrong on our side. Nothing that was stored is lost; try again in a moment."
    # Without the request: what every page shows comes from the database, which may be what is wrong.
    page = render_to_string("error.html", {"title": "Something went wrong", "what": what})
    return HttpResponseServerError(page)
