"""The API under /api/v1/: its endpoints, its OpenAPI document, and JSON for addresses that do not exist."""

from typing import Any, cast

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import path, re_path
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI

from api import do_not_contact, errors, exports, items, outcomes, uploads
from api.auth import bearer, require_login_or_token
from api.reference import Reference

DESCRIPTION = "Send lists, follow their progress and fetch the results. Create a token at /tokens/."
api = NinjaAPI(
    title="skipportal", version="1", description=DESCRIPTION, urls_namespace="api", auth=bearer, docs=Reference()
)
api.docs_decorator = cast(Any, require_login_or_token)
errors.install(api)
for module in (uploads, exports, items, outcomes, do_not_contact):
    api.add_router("", module.router)


@csrf_exempt
def not_found(request: HttpRequest) -> HttpResponse:
    return errors.error_response(errors.NOT_FOUND, 404)


patterns, _, app_name = api.urls
# The last pattern is ninja's own root, which would not answer in JSON. An unknown address may contain a line break.
urlpatterns = [*patterns[:-1], path("", not_found, name="api-root"), re_path(r"^[\s\S]+", not_found)]
for pattern in urlpatterns:
    # The endpoints check the token themselves and do not redirect to the login.
    pattern.callback = login_not_required(errors.answer_method_in_json(pattern.callback))
