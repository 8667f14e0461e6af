"""Pass requests that are not deliveries on to the pages, which run in separate processes.

So nothing that a page does can affect a delivery, not even a crash of the page's process. A small body is read in full
before its request occupies one of the pages' few threads, and a body that is too large is refused without being stored.
A large body is passed on as it arrives, within a time limit.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    UnixConnector,
)
from multidict import CIMultiDict
from yarl import URL

from skipportal.url_escapes import escape

MEBIBYTE = 1024 * 1024
MAX_BUFFERED = MEBIBYTE
"""Bytes. A body up to this size is read in full before it is passed on; a larger one is streamed."""
ANONYMOUS_LIMIT = MEBIBYTE
"""Maximum bytes of a body from a caller who sends neither a session cookie nor a token, as for the login form."""
FORM_OVERHEAD = MEBIBYTE
"""Bytes that a form may have in addition to its file."""
DRAIN_FACTOR = 2
"""A refused body is read up to this many times its limit, because otherwise browsers would not show the answer."""
BODY_TIMEOUT = 30
"""Seconds within which a small body must arrive in full, and each chunk of a large one."""
MIN_RATE = 32 * 1024
"""Bytes per second. In total, a large body may take BODY_TIMEOUT and the time that it needs at this rate."""
START_TIMEOUT = 5
"""Seconds that a request waits for pages that are starting."""
RETRY_PAUSE = 0.1
NO_ANSWER = (
    "The page could not be shown. If you were sending something, check whether it was saved before you send it again; "
    "otherwise, reload the page."
)
HOP_BY_HOP = {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
SERVER_HEADERS = {"date", "server"}
"""Headers of the pages' web server that are not passed back, because the public web server sets its own."""
SERVER = (b"server", b"web")
"""Without this header, the web server would send its own name."""

Headers = Mapping[bytes, bytes]
Body = bytes | AsyncIterator[bytes]


class Refused(Exception):
    """A request is not passed on. It is answered with this status and sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class PagesProxy:
    """An ASGI application that passes requests on to the pages' web server, which listens on a socket."""

    def __init__(self, path: Path, upload_limit: int, session_cookie: str) -> None:
        self.path, self.upload_limit = path, upload_limit
        self.session_cookie = session_cookie.encode() + b"="
        self.session: ClientSession | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope["headers"])
        has_started = False

        async def send_and_remember(message: Any) -> None:
            nonlocal has_started
            has_started = True
            await send(message)

        try:
            body = await self.read_or_stream(headers, receive)
            await self.pass_on(scope, body, receive, send_and_remember)
        except Refused as refusal:
            if has_started:
                raise
            await answer(send, refusal.status, str(refusal))

    async def read_or_stream(self, headers: Headers, receive: Any) -> Body:
        """Return the body of a request: bytes if it is small, otherwise an iterator of its chunks.

        Raise Refused if the body is too large or a small one does not arrive in time.
        """
        limit = self.find_limit(headers)
        length = read_length(headers)
        if length is None and b"transfer-encoding" not in headers:
            return b""
        if length is not None and length > limit:
            await drain(receive, limit)
            raise refuse_size(limit)
        if length is None or length > MAX_BUFFERED:
            return stream(receive, limit, BODY_TIMEOUT + (limit if length is None else length) / MIN_RATE)
        try:
            async with asyncio.timeout(BODY_TIMEOUT):
                return b"".join([chunk async for chunk in read_chunks(receive)])
        except TimeoutError:
            raise Refused(408, "The request did not arrive in time. Please send it again.") from None

    def find_limit(self, headers: Headers) -> int:
        """Return how many bytes the body may have. The pages decide later whether the cookie or token is valid."""
        is_known = self.session_cookie in headers.get(b"cookie", b"") or b"authorization" in headers
        return self.upload_limit + FORM_OVERHEAD if is_known else ANONYMOUS_LIMIT

    async def pass_on(self, scope: Any, body: Body, receive: Any, send: Any) -> None:
        """Pass a request on, and its response back. Stop if the caller goes away."""
        passing = asyncio.create_task(self.fetch(scope, body, send))
        if not isinstance(body, bytes):
            return await passing
        # A caller who has gone away must not keep a page busy. Cancelling closes our connection, which tells the page.
        leaving = asyncio.create_task(wait_for_disconnect(receive))
        try:
            await asyncio.wait({passing, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if passing.done():
                await passing
        finally:
            for task in (passing, leaving):
                task.cancel()

    async def fetch(self, scope: Any, body: Body, send: Any) -> None:
        async with await self.call(scope, body) as response:
            headers = [
                (name, value)
                for name, value in response.raw_headers
                if name.lower().decode() not in HOP_BY_HOP | SERVER_HEADERS
            ]
            headers.append(SERVER)
            await send({"type": "http.response.start", "status": response.status, "headers": headers})
            async for chunk in response.content.iter_any():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def call(self, scope: Any, body: Body) -> ClientResponse:
        """Call the pages. Raise Refused if they do not answer.

        As long as nothing listens on the socket, nothing has been sent, so the call can safely be repeated.
        """
        end = asyncio.get_running_loop().time() + START_TIMEOUT
        while True:
            try:
                return await self.request(scope, body)
            except ClientConnectorError:
                if asyncio.get_running_loop().time() > end or not isinstance(body, bytes):
                    raise Refused(503, "The pages are starting. Please try again in a few seconds.") from None
                await asyncio.sleep(RETRY_PAUSE)
            except ClientError as error:
                if isinstance(error.__cause__, Refused):
                    # The body could not be read to the end.
                    raise error.__cause__ from None
                raise Refused(502, NO_ANSWER) from None

    async def request(self, scope: Any, body: Body) -> ClientResponse:
        return await self.open_session().request(
            scope["method"],
            page_address(scope),
            headers=list_headers(scope),
            data=body or None,
            allow_redirects=False,
        )

    def open_session(self) -> ClientSession:
        """Return the session of this process, which the first call opens within the event loop."""
        if self.session is None:
            self.session = ClientSession(
                connector=UnixConnector(path=str(self.path), limit=0),
                timeout=ClientTimeout(total=None, sock_connect=START_TIMEOUT),
                cookie_jar=DummyCookieJar(),
                auto_decompress=False,
                skip_auto_headers=["accept", "accept-encoding", "content-type", "user-agent"],
            )
        return self.session


def page_address(scope: Any) -> URL:
    query = escape(scope.get("query_string", b""))
    path = escape(scope.get("raw_path") or scope["path"].encode())
    return URL(f"http://pages{path}{'?' if query else ''}{query}", encoded=True)


def list_headers(scope: Any) -> CIMultiDict[str]:
    """Return the headers to pass on, with the caller's address as the last one of X-Forwarded-For."""
    decoded = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
    headers = CIMultiDict((name, value) for name, value in decoded if name.lower() not in HOP_BY_HOP)
    if caller := scope.get("client"):
        headers["X-Forwarded-For"] = ", ".join([*headers.popall("X-Forwarded-For", []), caller[0]])
    return headers


def read_length(headers: Headers) -> int | None:
    value = headers.get(b"content-length", b"")
    return int(value) if value.isdigit() else None


async def read_chunks(receive: Any) -> AsyncIterator[bytes]:
    """Yield the chunks of a body. Raise ConnectionError if the caller goes away before the end."""
    has_more = True
    while has_more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionError("The caller went away.")
        yield message.get("body", b"")
        has_more = message.get("more_body", False)


async def stream(receive: Any, limit: int, seconds: float) -> AsyncIterator[bytes]:
    """Yield the chunks of a large body as they arrive.

    Raise Refused if the body exceeds the limit, stops arriving, or keeps us waiting for more than `seconds` in total,
    and ConnectionError if the caller goes away. The time that the pages take to accept a chunk does not count.
    """
    size, has_more, read_time = 0, True, asyncio.get_running_loop().time
    while has_more:
        started = read_time()
        try:
            async with asyncio.timeout(min(BODY_TIMEOUT, seconds)):
                message = await receive()
        except TimeoutError:
            raise Refused(408, "The file stopped arriving. Please send it again.") from None
        seconds -= read_time() - started
        if message["type"] == "http.disconnect":
            raise ConnectionError("The caller went away.")
        size += len(message.get("body", b""))
        if size > limit:
            raise refuse_size(limit)
        yield message.get("body", b"")
        has_more = message.get("more_body", False)


async def drain(receive: Any, limit: int) -> None:
    """Read and drop a refused body, up to a multiple of the limit and for at most BODY_TIMEOUT."""
    size = 0
    try:
        async with asyncio.timeout(BODY_TIMEOUT):
            async for chunk in read_chunks(receive):
                size += len(chunk)
                if size > DRAIN_FACTOR * limit:
                    return
    except (TimeoutError, ConnectionError):
        return


def refuse_size(limit: int) -> Refused:
    """Return the refusal of a body that exceeds the limit. It names the limit for the file, without FORM_OVERHEAD."""
    mebibytes = max((limit - FORM_OVERHEAD) // MEBIBYTE, 1)
    return Refused(413, f"This is larger than the maximum of {mebibytes} MB. Split the list and send it in parts.")


async def wait_for_disconnect(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def answer(send: Any, status: int, sentence: str) -> None:
    body = f"{sentence}\n".encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    headers += [SERVER, (b"x-content-type-options", b"nosniff")]
    headers += [(b"retry-after", b"5")] if status == 503 else []
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
