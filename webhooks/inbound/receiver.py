"""The receivers: verify, read, file, answer.

The vendor redelivers nothing, so what it sends is lost unless it is stored. Hence: 200 once an answer is committed, as
a result, as a duplicate or, whole, as a stray; 503 only where the database could store nothing. Redis is not on this
path.

They speak ASGI and stand before Django's pages, for two reasons. A body that comes slowly, or never, occupies no
thread. And Django's request handling with its middleware takes longer than all that is done here: docs/performance.md
has the figures.
"""

import asyncio
import hmac
import re
import time

from django.conf import settings

from webhooks.inbound import metrics
from webhooks.inbound.filing import Delivery
from webhooks.inbound.group_commit import Desk
from webhooks.models import Stray

ADDRESS = re.compile("/webhooks/(item|complete)/([^/]+)/")
KIND = {"item": Stray.Kind.ITEM, "complete": Stray.Kind.COMPLETION}
BODY_LIMIT = 1024 * 1024
"""Bytes. The largest answers seen have some 20 KB."""
BODY_WAIT = 30
"""Seconds that a body may take to come."""


class Receiver:
    """Takes the vendor's calls; everything else goes on to the pages."""

    def __init__(self, pages, desk=None):
        self.pages, self.desk = pages, desk or Desk()

    async def __call__(self, scope, receive, send):
        address = ADDRESS.fullmatch(scope["path"]) if scope["type"] == "http" else None
        if address is None:
            return await self.pages(scope, receive, send)
        status = await self.answer(*address.groups(), scope, receive)
        headers = [(b"content-length", b"0")] + ([(b"allow", b"POST")] if status == 405 else [])
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
        return metrics.note_status(status)

    async def answer(self, receiver, token, scope, receive):
        """Return the status to answer a call with."""
        if scope["method"] != "POST":
            return 405
        headers = dict(scope["headers"])
        if not hmac.compare_digest(headers.get(b"x-api-key", b""), settings.REALESTATEAPI_KEY.encode()):
            return 401
        if int(headers.get(b"content-length", 0)) > BODY_LIMIT:
            return 413
        try:
            async with asyncio.timeout(BODY_WAIT):
                body = await read_body(receive)
        except TimeoutError:
            return 408
        if body is None:
            return 413
        began = time.perf_counter()
        fate = await self.desk.take(Delivery(KIND[receiver], token.replace("\0", ""), body))
        metrics.note_fate(fate, time.perf_counter() - began)
        return 200 if fate else 503


async def read_body(receive):
    """Return the body, or None if it is over the limit. One that was cut short is kept as far as it came."""
    chunks, size, has_more = [], 0, True
    while has_more:
        message = await receive()
        chunk = message.get("body", b"")
        chunks.append(chunk)
        size += len(chunk)
        if size > BODY_LIMIT:
            return None
        has_more = message.get("more_body", False)
    return b"".join(chunks)
