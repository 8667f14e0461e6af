"""Answer errors with JSON: a sentence in `detail` and, if an input is wrong, its name in `field`."""

import logging
from collections.abc import Callable, Sequence
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.http.request import UnreadablePostError
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from accounts.rights import RightMissing
from api.auth import TokenEnded, TooManyCalls, too_many_calls_response, unauthorised_response

logger = logging.getLogger(__name__)

NOT_FOUND = "Not found."
SERVER_ERROR = "Something went wrong on our side. Everything that was saved is safe. Please try again in a moment."
UNREADABLE = "The request could not be read."


class BadInput(Exception):
    """An input that cannot be used. The message says why, and may be shown to the caller."""

    status = 422

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


class NoSuchRecord(BadInput):
    """An input that names a record of ours, such as a layout, that does not exist."""

    status = 404


class Conflict(HttpError):
    """A request that is not possible in the current state."""

    def __init__(self, text: str) -> None:
        super().__init__(409, text)


def error_response(detail: str, status: int, field: str = "") -> HttpResponse:
    return JsonResponse({"detail": detail, "field": field} if field else {"detail": detail}, status=status)


def answer_unauthorised(request: HttpRequest, problem: Any) -> HttpResponse:
    return unauthorised_response()


def answer_token_ended(request: HttpRequest, problem: Any) -> HttpResponse:
    return unauthorised_response(str(problem))


def answer_too_many_calls(request: HttpRequest, problem: Any) -> HttpResponse:
    return too_many_calls_response(problem.wait)


def answer_right_missing(request: HttpRequest, problem: Any) -> HttpResponse:
    return error_response(str(problem), 403)


def answer_bad_input(request: HttpRequest, problem: Any) -> HttpResponse:
    return error_response(str(problem), problem.status, problem.field)


def answer_validation_error(request: HttpRequest, problem: Any) -> HttpResponse:
    """Name the inputs that do not fit the schema, without repeating their values."""
    errors = [(input_name(error["loc"]), error["msg"]) for error in problem.errors]
    return error_response(" ".join(f"{field}: {text}." for field, text in errors), 422, field=errors[0][0])


def input_name(location: Sequence[object]) -> str:
    """Return the innermost name in the location of an error, leaving out positions in lists."""
    return next((str(part) for part in reversed(location) if isinstance(part, str)), "")


def answer_server_error(request: HttpRequest, problem: Any) -> HttpResponse:
    # The message of the exception can contain a row, so the log leaves it out (skipportal/log_filters.py).
    logger.error("%s %s failed.", request.method, request.path, exc_info=problem)
    return error_response(SERVER_ERROR, 500)


def answer_method_in_json(view: Any) -> Callable[..., HttpResponse]:
    """Make a view answer in JSON if it does not allow the method of the request."""

    @wraps(view)
    def view_with_json(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        response = view(request, *args, **kwargs)
        if response.status_code != HTTPStatus.METHOD_NOT_ALLOWED:
            return response
        json_response = error_response(f"This address does not allow {request.method}.", response.status_code)
        json_response["Allow"] = response["Allow"]
        return json_response

    return view_with_json


def install(api: NinjaAPI) -> None:
    """Register the error handlers with an API."""
    api.add_exception_handler(Exception, answer_server_error)
    api.add_exception_handler(AuthenticationError, answer_unauthorised)
    api.add_exception_handler(TokenEnded, answer_token_ended)
    api.add_exception_handler(TooManyCalls, answer_too_many_calls)
    api.add_exception_handler(RightMissing, answer_right_missing)
    api.add_exception_handler(ValidationError, answer_validation_error)
    api.add_exception_handler(BadInput, answer_bad_input)
    api.add_exception_handler(Http404, lambda request, problem: error_response(NOT_FOUND, 404))
    for unreadable in (BadRequest, SuspiciousOperation, MultiPartParserError, UnreadablePostError):
        api.add_exception_handler(unreadable, lambda request, problem: error_response(UNREADABLE, 400))
