"""What the API answers under /api/v1/: its endpoints, its document, and JSON for whatever is not there."""

from django.contrib.auth.decorators import login_not_required
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI

from api import errors, exports, items, uploads
from api.auth import bearer, for_known

DESCRIPTION = "Send lists, follow them, take results. Tokens are made at /tokens/."
api = NinjaAPI(title="skipportal", version="1", description=DESCRIPTION, urls_namespace="api", auth=bearer)
api.docs_decorator = for_known
errors.install(api)
for room in (uploads, exports, items):
    api.add_router("", room.router)


@csrf_exempt
def missing(request, rest=""):
    return errors.say(errors.NOT_FOUND, 404)


patterns, _, app_name = api.urls
# What is at no address is said in JSON as well; ninja's own root, the last one, would not.
urlpatterns = [*patterns[:-1], path("", missing, name="api-root"), path("<path:rest>", missing)]
for pattern in urlpatterns:
    # They ask for a token themselves.
    pattern.callback = login_not_required(errors.in_json(pattern.callback))
