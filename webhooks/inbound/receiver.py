"""The receivers: verify, read, file, answer.

The vendor delivers everything only once, so what is not stored is lost. A call is answered with 200 once it is
committed: as a result, as a duplicate, or in full as an unmatched delivery. It is answered with 503 only if the
database could store nothing. Redis is not involved.

The receivers speak ASGI and stand in front of Django's pages for two reasons. A body that arrives slowly, or never,
occupies no thread. And Django's request handling with its middleware would take longer than everything done here:
docs/performance.md has the figures.
"""

import asyncio
import re
import time
from typing import Any

from batches.tracing.vendor_keys import is_accepted
from webhooks.inbound import metrics
from webhooks.inbound.filing import Delivery
from webhooks.inbound.group_commit import DeliveryBatcher
from webhooks.models import DeliveryKind

CALLBACK_PATH = re.compile("/webhooks/(item|complete)/([^/]+)/")
WEBHOOK_PREFIX = "/webhooks/"
"""Every call under it is answered here: even a mistyped URL contains a token, which must not reach Django's log."""
DELIVERY_KINDS = {"item": DeliveryKind.ITEM, "complete": DeliveryKind.COMPLETION}
MAX_BODY = 1024 * 1024
"""In bytes. The largest answers seen are about 20 KB."""
BODY_TIMEOUT = 30
"""Seconds for a body to arrive."""


class ReceiverApp:
    """An ASGI application that accepts the vendor's calls and passes all others on to the pages."""

    def __init__(self, pages: Any, batcher: DeliveryBatcher | None = None) -> None:
        self.pages, self.batcher = pages, batcher or DeliveryBatcher()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        path = scope["path"] if scope["type"] == "http" else ""
        if path == "/healthz":
            return await respond(send, 200, b"ok\n")
        if not path.startswith(WEBHOOK_PREFIX):
            return await self.pages(scope, receive, send)
        match = CALLBACK_PATH.fullmatch(path)
        if match is None:
            return await respond(send, 404)
        status = await self.accept(match[1], match[2], scope, receive)
        await respond(send, status)
        return metrics.count_response(status)

    async def accept(self, kind: str, token: str, scope: Any, receive: Any) -> int:
        """File a call and return the status to answer it with."""
        if scope["method"] != "POST":
            return 405
        headers = dict(scope["headers"])
        if not is_accepted(headers.get(b"x-api-key", b"")):
            return 401
        if int(headers.get(b"content-length", 0)) > MAX_BODY:
            return 413
        try:
            async with asyncio.timeout(BODY_TIMEOUT):
                body = await read_body(receive)
        except TimeoutError:
            return 408
        if body is None:
            return 413
        began = time.perf_counter()
        fate = await self.batcher.file(Delivery(DELIVERY_KINDS[kind], token.replace("\0", ""), body))
        metrics.count_delivery(fate, time.perf_counter() - began)
        return 200 if fate else 503


async def respond(send: Any, status: int, body: bytes = b"") -> None:
    headers = [(b"content-length", str(len(body)).encode())] + ([(b"allow", b"POST")] if status == 405 else [])
    headers += [(b"content-type", b"text/plain")] if body else []
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def read_body(receive: Any) -> bytes | None:
    """Return the body, or None if it is over the limit. If the connection breaks, return what has arrived."""
    chunks, size, has_more = [], 0, True
    while has_more:
        message = await receive()
        chunk = message.get("body", b"")
        chunks.append(chunk)
        size += len(chunk)
        if size > MAX_BODY:
            return None
        has_more = message.get("more_body", False)
    return b"".join(chunks)
