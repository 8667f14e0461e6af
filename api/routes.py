"""The API under /api/v1/: its endpoints, its OpenAPI document, and JSON for addresses that do not exist."""

from typing import Any, cast

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI

from api import errors, exports, items, uploads
from api.auth import bearer, require_login_or_token

DESCRIPTION = "Send lists, follow their progress, fetch the results. Create a token at /tokens/."
api = NinjaAPI(title="skipportal", version="1", description=DESCRIPTION, urls_namespace="api", auth=bearer)
api.docs_decorator = cast(Any, require_login_or_token)
errors.install(api)
for module in (uploads, exports, items):
    api.add_router("", module.router)


@csrf_exempt
def not_found(request: HttpRequest, rest: str = "") -> HttpResponse:
    return errors.error_response(errors.NOT_FOUND, 404)


patterns, _, app_name = api.urls
# The last pattern is ninja's own root, which would not answer in JSON.
urlpatterns = [*patterns[:-1], path("", not_found, name="api-root"), path("<path:rest>", not_found)]
for pattern in urlpatterns:
    # The endpoints ask for a token themselves.
    pattern.callback = login_not_required(errors.answer_method_in_json(pattern.callback))
