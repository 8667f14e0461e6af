"""What is wrong, as JSON: a sentence in `detail`, and in `field` which input it is about, where it is about one."""

import logging
from functools import wraps
from http import HTTPStatus

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import Http404, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.http.request import UnreadablePostError
from ninja.errors import AuthenticationError, HttpError, ValidationError

from api.auth import refuse

logger = logging.getLogger(__name__)
NOT_FOUND = "There is nothing at this address."
FAILED = "Something went wrong on our side. Nothing that was stored is lost; try again in a moment."


class BadInput(Exception):
    """An input that cannot be used. Its text, which may be shown, names it."""

    def __init__(self, field, text):
        super().__init__(text)
        self.field = field


class Conflict(HttpError):
    """What is asked for is not possible as things stand."""

    def __init__(self, text):
        super().__init__(409, text)


def say(detail, status, field=""):
    return JsonResponse({"detail": detail, "field": field} if field else {"detail": detail}, status=status)


def say_unauthorised(request, problem):
    return refuse()


def say_invalid(request, problem):
    """Name the inputs that are not as the document says, without repeating what they held."""
    errors = [(name_input(error["loc"]), error["msg"]) for error in problem.errors]
    return say(" ".join(f"{field}: {text}." for field, text in errors), 422, field=errors[0][0])


def name_input(place):
    return next((str(part) for part in reversed(place) if isinstance(part, str)), "")


def say_failed(request, problem):
    # Its text can hold a row; the log leaves that out (skipportal/log_filters.py).
    logger.error("%s %s failed.", request.method, request.path, exc_info=problem)
    return say(FAILED, 500)


def in_json(view):
    """Make a view answer in JSON as well if it does not take the request's method."""

    @wraps(view)
    def answer(request, *args, **kwargs):
        response = view(request, *args, **kwargs)
        if response.status_code != HTTPStatus.METHOD_NOT_ALLOWED:
            return response
        refusal = say(f"This address does not take {request.method}.", response.status_code)
        refusal["Allow"] = response["Allow"]
        return refusal

    return answer


def install(api):
    api.add_exception_handler(Exception, say_failed)
    api.add_exception_handler(AuthenticationError, say_unauthorised)
    api.add_exception_handler(ValidationError, say_invalid)
    api.add_exception_handler(BadInput, lambda request, problem: say(str(problem), 422, problem.field))
    api.add_exception_handler(Http404, lambda request, problem: say(NOT_FOUND, 404))
    for unreadable in (BadRequest, SuspiciousOperation, MultiPartParserError, UnreadablePostError):
        api.add_exception_handler(unreadable, lambda request, problem: say("The request cannot be read.", 400))
