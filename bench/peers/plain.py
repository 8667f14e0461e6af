"""The receiver as an ordinary Django view behind all middleware, to measure what a separate receiver saves."""

import os

from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "skipportal.settings")
get_wsgi_application()

from django.conf import settings  # noqa: E402 - needs Django to be set up, like what follows
from django.contrib.auth.decorators import login_not_required  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.urls import path  # noqa: E402
from django.utils.crypto import constant_time_compare  # noqa: E402
from django.views.decorators.csrf import csrf_exempt  # noqa: E402

from webhooks.inbound.filing import Delivery, file_delivery  # noqa: E402
from webhooks.models import DeliveryKind  # noqa: E402


@csrf_exempt
@login_not_required
def file_item(request, token):
    if not constant_time_compare(request.headers.get("x-api-key", ""), settings.REALESTATEAPI_KEY):
        return HttpResponse(status=401)
    return HttpResponse(status=200 if file_delivery(Delivery(DeliveryKind.ITEM, token, request.body)) else 503)


urlpatterns = [path("webhooks/item/<token>/", file_item)]
settings.ROOT_URLCONF = __name__
application = WSGIHandler()
