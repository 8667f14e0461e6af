"""What the web server runs: the receivers before the pages, which are Django under WSGI, in threads."""

import os

from a2wsgi import WSGIMiddleware
from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "skipportal.settings")
# Only here: every other process would leave a file behind as well.
settings.METRICS_DIR.mkdir(parents=True, exist_ok=True)
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(settings.METRICS_DIR)
pages = get_wsgi_application()

from webhooks.receiver import Receiver  # noqa: E402 - needs Django's applications to be loaded

PAGE_THREADS = 4
in_threads = WSGIMiddleware(pages, workers=PAGE_THREADS)


async def show_page(scope, receive, send):
    async def read():
        return await receive()

    # a2wsgi insists on a coroutine, and granian gives a future.
    await in_threads(scope, read, send)


application = Receiver(show_page)
