"""The application that listens at the public address: the receivers, which pass other requests on to the pages."""

import os

import django
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "skipportal.settings")
django.setup()

from skipportal.proxy import PagesProxy  # noqa: E402
from webhooks.inbound.application import serve_before  # noqa: E402 - needs Django's applications to be loaded

application = serve_before(PagesProxy(settings.PAGES_SOCKET, settings.MAX_UPLOAD_BYTES, settings.SESSION_COOKIE_NAME))
