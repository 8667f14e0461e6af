"""What the web server runs: the receivers before the pages, which are Django under WSGI, in threads."""

import asyncio
import os
import string
import threading
from urllib.parse import quote

from a2wsgi import WSGIMiddleware
from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "skipportal.settings")
# Only here: every other process would leave a file behind as well.
settings.METRICS_DIR.mkdir(parents=True, exist_ok=True)
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(settings.METRICS_DIR)
pages = get_wsgi_application()

from webhooks.inbound.receiver import Receiver  # noqa: E402 - needs Django's applications to be loaded

PAGE_THREADS = 4
PIECE_WAIT = 30
"""Seconds in which the next piece of a page's request must come."""
PRINTABLE = string.ascii_letters + string.digits + string.punctuation
in_threads = WSGIMiddleware(pages, workers=PAGE_THREADS)


NO_BODY = {"type": "http.request", "body": b"", "more_body": False}


async def show_page(scope, receive, send):
    if scope["type"] == "http" and scope["method"] == "GET":
        # What is sent to somebody who has gone is swallowed without a word: long files look at `gone` themselves.
        gone = threading.Event()
        waiting = asyncio.create_task(wait_for_end(receive, gone))
        try:
            await pass_on(scope | {"gone": gone}, read_nothing, send)
        finally:
            waiting.cancel()
    else:
        await pass_on(scope, receive, send)


async def wait_for_end(receive, gone):
    while (await receive())["type"] != "http.disconnect":
        pass
    gone.set()


async def read_nothing():
    return NO_BODY


async def pass_on(scope, receive, send):
    async def read():
        # A body that stops coming would occupy one of the threads for ever.
        async with asyncio.timeout(PIECE_WAIT):
            return await receive()

    # Whoever writes é in an address as it is meant the same as %C3%A9; a2wsgi would fail.
    query = quote(scope.get("query_string", b""), safe=PRINTABLE).encode()
    await in_threads(scope | {"query_string": query}, read, send)


application = Receiver(show_page)
