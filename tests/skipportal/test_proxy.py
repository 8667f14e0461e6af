"""Requests are passed on to the pages or refused. A server on a socket stands in for the pages."""

import asyncio
from contextlib import asynccontextmanager, suppress

import pytest

from skipportal import proxy
from skipportal.proxy import PagesProxy

GET = {"type": "http", "method": "GET", "path": "/lists/", "query_string": b"", "headers": []}
LOGGED_IN = (b"cookie", b"sessionid=abc")
LIMIT = 3 * proxy.MEBIBYTE


@pytest.fixture
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("s") / "pages.sock"


class Pages:
    """A server that answers every call with `reply`, keeps `calls`, and sets `ended` if the caller disconnects."""

    def __init__(self, path, reply=b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", wait=False):
        self.path, self.reply, self.wait, self.calls, self.ended = path, reply, wait, [], asyncio.Event()
        self.writers = []

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
        elif b"content-length" in call.lower():
            call += await reader.readexactly(int(call.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
        self.calls.append(call)
        writer.write(self.reply)
        if self.wait:
            await reader.read()
            self.ended.set()
        writer.close()


async def call_proxy(path, scope, *pieces, leave_after=None):
    """Return the messages that the caller gets. The caller disconnects after `leave_after` seconds, if given."""
    sent = []
    messages = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces[:-1]]
    messages += [{"type": "http.request", "body": pieces[-1] if pieces else b""}]

    async def receive():
        if messages:
            return messages.pop(0)
        await asyncio.sleep(60 if leave_after is None else leave_after)
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    pages = PagesProxy(path, upload_limit=LIMIT - proxy.FORM_OVERHEAD, session_cookie="sessionid")
    try:
        await pages(scope, receive, send)
    finally:
        if pages.session:
            await pages.session.close()
    return sent


def read(sent):
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


def post(*headers, size=None):
    length = [(b"content-length", str(size).encode())] if size is not None else [(b"transfer-encoding", b"chunked")]
    return GET | {"method": "POST", "headers": [*headers, *length]}


def test_a_page_is_passed_on_with_its_address_and_headers(path):
    async def exchange():
        reply = [b"HTTP/1.1 404 Not Found", b"server: other", b"set-cookie: a=1", b"set-cookie: b=2"]
        reply += [b"content-length: 2", b"", b"no"]
        async with Pages(path, b"\r\n".join(reply)).run() as pages:
            headers = [(b"host", b"portal.example.com"), (b"accept-encoding", b"br"), (b"connection", b"close")]
            scope = GET | {"query_string": "q=Orchard é&a=%20".encode(), "headers": headers}
            return await call_proxy(path, scope), pages.calls

    sent, [call] = asyncio.run(exchange())
    assert read(sent) == (404, b"no")
    assert [header for header in sent[0]["headers"] if header[0] == b"set-cookie"] == [
        (b"set-cookie", b"a=1"),
        (b"set-cookie", b"b=2"),
    ]
    assert b"server" not in dict(sent[0]["headers"])
    assert call.startswith(b"GET /lists/?q=Orchard%20%C3%A9&a=%20 HTTP/1.1\r\n")
    assert b"host: portal.example.com\r\n" in call
    assert b"accept-encoding: br\r\n" in call
    assert b"user-agent" not in call.lower()


@pytest.mark.parametrize(
    "pieces", [[b"a" * 10, b"b" * 5], [b"a" * proxy.MAX_BUFFERED, b"b" * 5]], ids=["small", "large"]
)
def test_a_body_is_passed_on_completely(path, pieces):
    async def exchange():
        async with Pages(path).run() as pages:
            scope = post(LOGGED_IN, size=sum(map(len, pieces)))
            return await call_proxy(path, scope, *pieces), pages.calls

    sent, [call] = asyncio.run(exchange())
    assert read(sent) == (200, b"ok")
    assert call.endswith(b"".join(pieces))


@pytest.mark.parametrize(
    ("scope", "pieces"),
    [
        (post(size=proxy.ANONYMOUS_LIMIT + 1), [b"x"]),
        (post(), [b"x" * proxy.ANONYMOUS_LIMIT, b"x"]),
        (post(LOGGED_IN, size=LIMIT + 1), [b"x"]),
        (post(LOGGED_IN), [b"x" * LIMIT, b"x"]),
    ],
    ids=["logged out", "logged out, without a length", "logged in", "logged in, without a length"],
)
def test_a_body_over_the_limit_is_refused_with_a_message(path, scope, pieces):
    async def exchange():
        async with Pages(path).run():
            return await call_proxy(path, scope, *pieces)

    status, body = read(asyncio.run(exchange()))
    assert status == 413
    assert body.endswith(b" MB. Split the list and send it in parts.\n")


def test_a_small_body_that_does_not_arrive_reaches_no_page(path, monkeypatch):
    monkeypatch.setattr(proxy, "BODY_TIMEOUT", 0.05)

    async def exchange():
        async with Pages(path).run() as pages:
            never = {"type": "http.request", "body": b"x", "more_body": True}
            waiting = [never]

            async def receive():
                return waiting.pop() if waiting else await asyncio.sleep(60)

            sent = []

            async def send(message):
                sent.append(message)

            await PagesProxy(path, LIMIT, "sessionid")(post(size=100), receive, send)
            return sent, pages.calls

    sent, calls = asyncio.run(exchange())
    assert sent[0]["status"] == 408
    assert calls == []


def test_pages_that_are_just_starting_are_waited_for(path):
    async def exchange():
        asking = asyncio.create_task(call_proxy(path, GET))
        await asyncio.sleep(0.2)
        async with Pages(path).run():
            return await asking

    assert read(asyncio.run(exchange())) == (200, b"ok")


def test_pages_that_do_not_listen_are_reported_as_starting(path, monkeypatch):
    monkeypatch.setattr(proxy, "START_TIMEOUT", 0.1)
    status, body = read(asyncio.run(call_proxy(path, GET)))
    assert (status, body) == (503, b"The pages are starting. Please try again in a few seconds.\n")


def test_a_page_is_told_that_its_reader_has_disconnected(path):
    async def exchange():
        begun = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nsome"
        async with Pages(path, begun, wait=True).run() as pages:
            await call_proxy(path, GET, leave_after=0.1)
            async with asyncio.timeout(5):
                await pages.ended.wait()

    asyncio.run(exchange())


def test_a_page_that_ends_without_an_answer_is_reported(path):
    async def exchange():
        async with Pages(path, b"").run():
            return await call_proxy(path, GET)

    status, body = read(asyncio.run(exchange()))
    assert status == 502
    assert body.startswith(b"The page could not be shown.")


def test_a_truncated_response_does_not_look_complete(path):
    async def exchange():
        async with Pages(path, b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nsome").run():
            return await call_proxy(path, GET)

    with pytest.raises(Exception, match="payload"):
        asyncio.run(exchange())
