"""Who may call the receivers, and with how much."""

from functools import wraps

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse, HttpResponseNotAllowed
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt

BODY_LIMIT = 1024 * 1024
"""Bytes. The largest answers seen have some 20 KB."""


def vendor_only(view):
    """Lets a POST with our API key in x-api-key through, and hands its body to the view as `body`.

    Answers 405 to other methods, 401 without the key, 413 over 1 MiB: in this order, and before the body is read.
    """

    @csrf_exempt
    @login_not_required
    @wraps(view)
    def guarded(request, *args, **kwargs):
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not constant_time_compare(request.headers.get("x-api-key", ""), settings.REALESTATEAPI_KEY):
            return HttpResponse(status=401)
        body = read_body(request)
        if body is None:
            return HttpResponse(status=413)
        return view(request, *args, body=body, **kwargs)

    return guarded


def read_body(request):
    """The body, or None if it is over the limit. A chunked body says no length: it is read up to the limit."""
    if "HTTP_TRANSFER_ENCODING" in request.META:
        body = request.META["wsgi.input"].read(BODY_LIMIT + 1)
        return None if len(body) > BODY_LIMIT else body
    length = int(request.META.get("CONTENT_LENGTH") or 0)
    return None if length > BODY_LIMIT else request.read(length)
