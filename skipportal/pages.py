"""The pages: Django under WSGI, in threads."""

import asyncio
import os
import threading
from typing import Any, cast

from a2wsgi import WSGIMiddleware
from django.core.wsgi import get_wsgi_application

from skipportal.url_escapes import escape

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "skipportal.settings")

PAGE_THREADS = 4
CHUNK_TIMEOUT = 30
"""Seconds for the next chunk of a request's body to arrive."""
run_in_thread = WSGIMiddleware(cast(Any, get_wsgi_application()), workers=PAGE_THREADS)

EMPTY_BODY = {"type": "http.request", "body": b"", "more_body": False}


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Serve a page (ASGI). Views find in `scope["gone"]` whether the reader of a GET has gone away."""
    if scope["type"] == "http" and scope["method"] == "GET":
        # What is sent to a reader who has gone is dropped silently, so long exports check `gone` themselves.
        gone = threading.Event()
        watching = asyncio.create_task(wait_for_disconnect(receive, gone))
        try:
            await serve(scope | {"gone": gone}, receive_nothing, send)
        finally:
            watching.cancel()
    else:
        await serve(scope, receive, send)


async def wait_for_disconnect(receive: Any, gone: threading.Event) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    gone.set()


async def receive_nothing() -> dict[str, Any]:
    return EMPTY_BODY


async def serve(scope: Any, receive: Any, send: Any) -> None:
    async def receive_in_time() -> Any:
        # A body that stops arriving would occupy one of the threads without end.
        async with asyncio.timeout(CHUNK_TIMEOUT):
            return await receive()

    # a2wsgi fails on characters that are not escaped.
    query = escape(scope.get("query_string", b"")).encode()
    await run_in_thread(scope | {"query_string": query}, cast(Any, receive_in_time), send)
