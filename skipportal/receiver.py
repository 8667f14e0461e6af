"""The application at the public address. It accepts deliveries, and passes all other requests on to the pages."""

import os

import django
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "skipportal.settings")
django.setup()

from skipportal.proxy import PagesProxy  # noqa: E402
from webhooks.inbound.application import make_application  # noqa: E402 - needs Django's applications to be loaded

application = make_application(
    PagesProxy(settings.PAGES_SOCKET, settings.MAX_UPLOAD_BYTES, settings.SESSION_COOKIE_NAME)
)
