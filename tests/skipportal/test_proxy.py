"""Requests are passed on to the pages or refused. A server on a socket stands in for the pages."""

import asyncio
import re
from contextlib import asynccontextmanager, suppress

import pytest

from skipportal import proxy
from skipportal.proxy import PagesProxy
from tests.support.services import MAX_WAIT

GET_SCOPE = {"type": "http", "method": "GET", "path": "/lists/", "query_string": b"", "headers": []}
SESSION_COOKIE = (b"cookie", b"sessionid=abc")
LIMIT = 3 * proxy.MEBIBYTE
"""The largest body that is passed on for users who are logged in."""


@pytest.fixture
def socket_path(tmp_path_factory):
    """Return a path that is short enough for a socket."""
    return tmp_path_factory.mktemp("s") / "pages.sock"


class Pages:
    """A server that answers every call with `reply`, and records the calls.

    If `keeps_open` is true, it leaves the connection open until the caller disconnects, and then sets `disconnected`.
    """

    def __init__(self, path, reply=b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", keeps_open=False):
        self.path, self.reply, self.keeps_open = path, reply, keeps_open
        self.calls, self.writers, self.disconnected = [], [], asyncio.Event()

    @asynccontextmanager
    async def run(self):
        server = await asyncio.start_unix_server(self.answer, self.path, limit=2 * LIMIT)
        async with server:
            yield self
            server.close()
            for writer in self.writers:
                writer.close()
                with suppress(ConnectionError):
                    await writer.wait_closed()

    async def answer(self, reader, writer):
        self.writers.append(writer)
        call = await reader.readuntil(b"\r\n\r\n")
        if b"chunked" in call:
            call += await reader.readuntil(b"0\r\n\r\n")
        elif length := re.search(rb"content-length: (\d+)", call, re.IGNORECASE):
            call += await reader.readexactly(int(length[1]))
        self.calls.append(call)
        writer.write(self.reply)
        if self.keeps_open:
            await reader.read()
            self.disconnected.set()
        writer.close()


async def call_proxy(socket_path, scope, *pieces, leaves_early=False):
    """Send a request whose body arrives in these pieces. Return the messages that the caller gets.

    If `leaves_early` is true, the caller disconnects once the response has begun.
    """
    sent, can_leave = [], asyncio.Event()
    messages = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces[:-1]]
    messages += [{"type": "http.request", "body": pieces[-1] if pieces else b""}]

    async def receive():
        if messages:
            return messages.pop(0)
        await can_leave.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)
        if leaves_early:
            can_leave.set()

    pages = PagesProxy(socket_path, upload_limit=LIMIT - proxy.FORM_OVERHEAD, session_cookie="sessionid")
    try:
        await pages(scope, receive, send)
    finally:
        if pages.session:
            await pages.session.close()
    return sent


def read_response(sent):
    """Return the status and the body."""
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


def make_post_scope(*headers, size=None):
    """Return the scope of a request with a body of this size, or of unknown size."""
    length = [(b"content-length", str(size).encode())] if size is not None else [(b"transfer-encoding", b"chunked")]
    return GET_SCOPE | {"method": "POST", "headers": [*headers, *length]}


def test_a_request_is_passed_on_with_its_address_and_headers(socket_path):
    async def exchange():
        reply = [b"HTTP/1.1 404 Not Found", b"server: other", b"set-cookie: a=1", b"set-cookie: b=2"]
        reply += [b"content-length: 2", b"", b"no"]
        async with Pages(socket_path, b"\r\n".join(reply)).run() as pages:
            headers = [(b"host", b"portal.example.com"), (b"accept-encoding", b"br"), (b"connection", b"close")]
            scope = GET_SCOPE | {"query_string": "q=Orchard é&a=%20".encode(), "headers": headers}
            return await call_proxy(socket_path, scope), pages.calls

    sent, [call] = asyncio.run(exchange())
    assert read_response(sent) == (404, b"no")
    assert [header for header in sent[0]["headers"] if header[0] == b"set-cookie"] == [
        (b"set-cookie", b"a=1"),
        (b"set-cookie", b"b=2"),
    ]
    assert [value for name, value in sent[0]["headers"] if name == b"server"] == [b"web"]
    assert call.startswith(b"GET /lists/?q=Orchard%20%C3%A9&a=%20 HTTP/1.1\r\n")
    assert b"host: portal.example.com\r\n" in call
    assert b"accept-encoding: br\r\n" in call
    assert b"user-agent" not in call.lower()


@pytest.mark.parametrize(
    "pieces", [[b"a" * 10, b"b" * 5], [b"a" * proxy.MAX_BUFFERED, b"b" * 5]], ids=["small", "large"]
)
def test_a_body_is_passed_on_completely(socket_path, pieces):
    async def exchange():
        async with Pages(socket_path).run() as pages:
            scope = make_post_scope(SESSION_COOKIE, size=sum(map(len, pieces)))
            return await call_proxy(socket_path, scope, *pieces), pages.calls

    sent, [call] = asyncio.run(exchange())
    assert read_response(sent) == (200, b"ok")
    assert call.endswith(b"".join(pieces))


@pytest.mark.parametrize(
    ("scope", "pieces"),
    [
        (make_post_scope(size=proxy.ANONYMOUS_LIMIT + 1), [b"x"]),
        (make_post_scope(), [b"x" * proxy.ANONYMOUS_LIMIT, b"x"]),
        (make_post_scope(SESSION_COOKIE, size=LIMIT + 1), [b"x"]),
        (make_post_scope(SESSION_COOKIE), [b"x" * LIMIT, b"x"]),
    ],
    ids=["logged out", "logged out, without a length", "logged in", "logged in, without a length"],
)
def test_a_body_over_the_limit_is_refused_with_a_message(socket_path, scope, pieces):
    async def exchange():
        async with Pages(socket_path).run():
            return await call_proxy(socket_path, scope, *pieces)

    status, body = read_response(asyncio.run(exchange()))
    assert status == 413
    assert body.endswith(b" MB. Split the list and send it in parts.\n")


def test_a_request_whose_small_body_does_not_arrive_reaches_no_page(socket_path, monkeypatch):
    monkeypatch.setattr(proxy, "BODY_TIMEOUT", 0.05)

    async def exchange():
        async with Pages(socket_path).run() as pages:
            messages = [{"type": "http.request", "body": b"x", "more_body": True}]

            async def receive():
                return messages.pop() if messages else await asyncio.sleep(60)

            sent = []

            async def send(message):
                sent.append(message)

            await PagesProxy(socket_path, LIMIT, "sessionid")(make_post_scope(size=100), receive, send)
            return sent, pages.calls

    sent, calls = asyncio.run(exchange())
    assert sent[0]["status"] == 408
    assert calls == []


def test_pages_that_are_just_starting_are_waited_for(socket_path):
    async def exchange():
        request = asyncio.create_task(call_proxy(socket_path, GET_SCOPE))
        await asyncio.sleep(0.2)
        async with Pages(socket_path).run():
            return await request

    assert read_response(asyncio.run(exchange())) == (200, b"ok")


def test_pages_that_do_not_listen_are_reported_as_starting(socket_path, monkeypatch):
    monkeypatch.setattr(proxy, "START_TIMEOUT", 0.1)
    status, body = read_response(asyncio.run(call_proxy(socket_path, GET_SCOPE)))
    assert (status, body) == (503, b"The pages are starting. Please try again in a few seconds.\n")


def test_a_page_is_told_that_its_reader_has_disconnected(socket_path):
    async def exchange():
        beginning = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nsome"
        async with Pages(socket_path, beginning, keeps_open=True).run() as pages:
            await call_proxy(socket_path, GET_SCOPE, leaves_early=True)
            async with asyncio.timeout(MAX_WAIT):
                await pages.disconnected.wait()

    asyncio.run(exchange())


def test_a_page_that_ends_without_a_response_is_reported(socket_path):
    async def exchange():
        async with Pages(socket_path, b"").run():
            return await call_proxy(socket_path, GET_SCOPE)

    status, body = read_response(asyncio.run(exchange()))
    assert status == 502
    assert body.startswith(b"The page could not be shown.")


def test_a_truncated_response_does_not_look_complete(socket_path):
    async def exchange():
        async with Pages(socket_path, b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nsome").run():
            return await call_proxy(socket_path, GET_SCOPE)

    with pytest.raises(Exception, match="payload"):
        asyncio.run(exchange())


@pytest.mark.parametrize("name", [b"x-forwarded-for", b"X-Forwarded-For"])
def test_the_callers_address_is_the_last_one_in_the_header(name):
    headers = [(name, b"203.0.113.9"), (name, b"192.0.2.1, 192.0.2.2"), (b"host", b"portal.example.com")]
    passed_on = proxy.list_headers(GET_SCOPE | {"headers": headers, "client": ("198.51.100.7", 4711)})
    assert passed_on.getall("X-Forwarded-For") == ["203.0.113.9, 192.0.2.1, 192.0.2.2, 198.51.100.7"]
