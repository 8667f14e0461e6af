"""Receive the vendor's calls: verify, read and file each of them, then answer it.

The vendor delivers everything only once, so what is not stored is lost. A call is answered with 200 once what it
delivers is committed: as a result, as a duplicate, or in full as an unmatched delivery. It is answered with 503 only if
the database could store nothing. Redis is not involved.

The receivers are ASGI applications in front of Django's pages, for two reasons. First, a body that arrives slowly, or
never, does not occupy a thread. Second, Django's request handling with its middleware would take longer than everything
that is done here: docs/performance.md has the figures.
"""

import asyncio
import logging
import re
import time
from typing import Any

from django.conf import settings

from accounts.client_address import find_address, read_address
from batches import spans
from batches.tracing.vendor_keys import find_senders
from webhooks.inbound import metrics
from webhooks.inbound.filing import Delivery, Fate
from webhooks.inbound.group_commit import DeliveryBatcher
from webhooks.models import DeliveryKind

logger = logging.getLogger(__name__)

CALLBACK_PATH = re.compile("/webhooks/(item|complete)/([^/]+)/")
WEBHOOK_PREFIX = "/webhooks/"
"""Every call under this path is answered here: even a mistyped URL contains a token, which Django must not log."""
LIVE_PATHS = {"/livez", "/healthz"}
"""Answered here under any Host, without the database, Redis and the pages."""
DELIVERY_KINDS = {"item": DeliveryKind.ITEM, "complete": DeliveryKind.COMPLETION}
FATE_STATUSES = {Fate.REFUSED: 401}
"""Fate of a delivery → status, unless it is 200."""
MAX_BODY_BYTES = 1024 * 1024
"""Maximum size of a body. The largest answers seen so far have about 20 KB."""
BODY_TIMEOUT = 30
"""Seconds within which a body must arrive."""


class ReceiverApp:
    """An ASGI application that accepts the vendor's calls and passes all others on to the pages."""

    def __init__(self, pages: Any, batcher: DeliveryBatcher | None = None) -> None:
        self.pages, self.batcher = pages, batcher or DeliveryBatcher()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        path = scope["path"] if scope["type"] == "http" else ""
        if path in LIVE_PATHS:
            await respond(send, 200, b"ok\n")
        elif not path.startswith(WEBHOOK_PREFIX):
            await self.pages(scope, receive, send)
        elif match := CALLBACK_PATH.fullmatch(path):
            kind, token = match.groups()
            status = await self.accept(kind, token, scope, receive)
            await respond(send, status)
            metrics.count_response(status)
        else:
            await respond(send, 404)

    async def accept(self, kind: str, token: str, scope: Any, receive: Any) -> int:
        """File what a call delivers, and return the status to answer the call with."""
        if scope["method"] != "POST":
            return 405
        headers = dict(scope["headers"])
        key = headers.get(b"x-api-key", b"")
        senders = find_senders(key)
        if key and not senders:
            # The account may have been added, or its key replaced, since the keys were last loaded.
            if not await self.batcher.load_keys():
                return 503
            senders = find_senders(key)
        if not senders or not is_from_vendor(scope):
            return 401
        if int(headers.get(b"content-length", 0)) > MAX_BODY_BYTES:
            return 413
        try:
            async with asyncio.timeout(BODY_TIMEOUT):
                body = await read_body(receive)
        except TimeoutError:
            return 408
        if body is None:
            return 413
        started = time.perf_counter()
        fate = await self.batcher.file(Delivery(DELIVERY_KINDS[kind], token.replace("\0", ""), body, senders))
        seconds = time.perf_counter() - started
        metrics.count_delivery(fate, seconds)
        spans.record_delivery(token, kind, fate or "not stored", seconds)
        return FATE_STATUSES.get(fate, 200) if fate else 503


def is_from_vendor(scope: Any) -> bool:
    """Return whether a call with the right key comes from one of VENDOR_NETWORKS. If there are none, any call does."""
    if not settings.VENDOR_NETWORKS:
        return True
    forwarded = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
    caller = (scope.get("client") or [""])[0]
    address = read_address(find_address({"HTTP_X_FORWARDED_FOR": ",".join(forwarded), "REMOTE_ADDR": caller}) or "")
    if address is not None and any(address in network for network in settings.VENDOR_NETWORKS):
        return True
    # A result that is refused is lost, so the operator must know. Nobody without the key gets here.
    logger.warning("Refused a delivery with the right key from %s, which is not in VENDOR_NETWORKS.", address)
    return False


async def respond(send: Any, status: int, body: bytes = b"") -> None:
    """Send a response with this status and body."""
    # Without a name of our own, the web server would send its own.
    headers = [(b"content-length", str(len(body)).encode()), (b"server", b"web")]
    if status == 405:
        headers.append((b"allow", b"POST"))
    if body:
        headers.append((b"content-type", b"text/plain"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def read_body(receive: Any) -> bytes | None:
    """Return the body, or None if it is too large. If the connection breaks, return what has arrived."""
    chunks, size, has_more = [], 0, True
    while has_more:
        message = await receive()
        chunk = message.get("body", b"")
        chunks.append(chunk)
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            return None
        has_more = message.get("more_body", False)
    return b"".join(chunks)
