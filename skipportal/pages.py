"""Serve the pages: Django under WSGI, in threads."""

import asyncio
import os
import threading
from typing import Any, cast

from a2wsgi import WSGIMiddleware
from django.conf import settings
from django.core.wsgi import get_wsgi_application

from batches.counters import start_publishing
from batches.database import refuse_broken_pool
from skipportal.url_escapes import escape

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "skipportal.settings")

PAGE_THREADS = 4
CHUNK_TIMEOUT = 30
"""Seconds within which the next chunk of a request's body must arrive."""
LARGE_BODY = 1024 * 1024
"""Bytes. Bodies up to this size have arrived in full before the request gets here (skipportal/proxy.py)."""
LARGE_BODIES = 2
"""How many large bodies may arrive at once. Each occupies a thread; other threads serve other pages."""
LARGE_BODY_WAIT = 60
"""Seconds that a large body waits while others are arriving."""
TOO_MANY = b"Too many files are being sent at the moment. Please send yours again in a minute.\n"
run_in_thread = WSGIMiddleware(cast(Any, get_wsgi_application()), workers=PAGE_THREADS)
refuse_broken_pool()
start_publishing(settings.METRICS_DIR)

large_bodies = asyncio.Semaphore(LARGE_BODIES)

EMPTY_BODY = {"type": "http.request", "body": b"", "more_body": False}


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Serve a page over ASGI. For a GET, views can ask `scope["gone"]` whether the reader has gone away."""
    if scope["type"] == "http" and scope["method"] == "GET":
        # The server silently drops what is sent to a reader who has gone away, so long exports check `gone` themselves.
        gone = threading.Event()
        watching = asyncio.create_task(wait_for_disconnect(receive, gone))
        try:
            await serve(scope | {"gone": gone}, receive_nothing, send)
        finally:
            watching.cancel()
    elif scope["type"] == "http" and read_length(scope) > LARGE_BODY:
        await serve_large(scope, receive, send)
    else:
        await serve(scope, receive, send)


def read_length(scope: Any) -> int:
    value = dict(scope["headers"]).get(b"content-length", b"")
    return int(value) if value.isdigit() else 0


async def serve_large(scope: Any, receive: Any, send: Any) -> None:
    """Serve a request with a large body once few others are arriving, so that slow ones never occupy all threads."""
    try:
        async with asyncio.timeout(LARGE_BODY_WAIT):
            await large_bodies.acquire()
    except TimeoutError:
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"retry-after", b"60")]
        await send({"type": "http.response.start", "status": 503, "headers": headers})
        await send({"type": "http.response.body", "body": TOO_MANY})
        return
    is_held = True

    def release() -> None:
        nonlocal is_held
        if is_held:
            is_held = False
            large_bodies.release()

    async def receive_and_release() -> Any:
        message = await receive()
        # Once the body has arrived, the page works like any other.
        if not message.get("more_body", False):
            release()
        return message

    try:
        await serve(scope, receive_and_release, send)
    finally:
        release()


async def wait_for_disconnect(receive: Any, gone: threading.Event) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    gone.set()


async def receive_nothing() -> dict[str, Any]:
    return EMPTY_BODY


async def serve(scope: Any, receive: Any, send: Any) -> None:
    """Run Django in one of the threads."""

    async def receive_in_time() -> Any:
        # A body that stops arriving would occupy a thread forever.
        async with asyncio.timeout(CHUNK_TIMEOUT):
            return await receive()

    # a2wsgi fails on characters outside ASCII that are not escaped.
    query = escape(scope.get("query_string", b"")).encode()
    await run_in_thread(scope | {"query_string": query}, cast(Any, receive_in_time), send)
