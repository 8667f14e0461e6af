"""Slow requests do not keep others waiting. Real web servers run for these tests, as in docs/operations.md."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import requests

from skipportal import pages, proxy, supervisor
from tests.support.services import MAX_WAIT, free_port, wait_until

ROOT = Path(__file__).parents[2]
SLOW_REQUESTS = 16
PROMPT_TIMEOUT = 20
"""Seconds within which other requests must be answered. If a slow request held them up, they would take 30."""
FORM = b"POST /login/ HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/x-www-form-urlencoded\r\n"
# Only a page finds out whether the session exists.
FORM += b"cookie: sessionid=abc; csrftoken=abcdefghijklmnopqrstuvwxyzabcdef\r\n"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Run a receiver and the pages, without a database. Return their address."""
    directory, port = tmp_path_factory.mktemp("v"), free_port()
    environment = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    environment |= {"VAR_DIR": str(directory), "PORT": str(port), "DATABASE_URL": f"sqlite:///{directory}/db.sqlite3"}

    def start(*arguments):
        return subprocess.Popen(
            [sys.executable, *arguments],
            env=environment,
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    assert start("manage.py", "collectstatic", "--no-input").wait(MAX_WAIT) == 0
    # A single worker each, which slow requests could keep busy.
    processes = [
        start(*supervisor.web_command("127.0.0.1", port)[1:], "--workers", "1"),
        start(*supervisor.pages_command(directory / "pages.sock")[1:], "--workers", "1"),
    ]

    def is_ready():
        with suppress(requests.RequestException):
            return requests.get(f"http://127.0.0.1:{port}/login/", timeout=5).status_code == 200

    try:
        wait_until(is_ready, "the web server")
        yield f"http://127.0.0.1:{port}"
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(MAX_WAIT)


@contextmanager
def slow_requests(address, beginning):
    """Open connections that send the beginning of a request, and nothing more."""
    port = int(address.rpartition(":")[2])
    connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(SLOW_REQUESTS)]
    try:
        for connection in connections:
            connection.sendall(beginning)
        # Wait until all of them have arrived.
        time.sleep(1)
        yield
    finally:
        for connection in connections:
            connection.close()


@pytest.mark.parametrize(
    "rest",
    [
        b"x-slow: ",
        b"content-length: 100\r\n\r\na",
        b"content-length: 2000000\r\n\r\na",
        b"transfer-encoding: chunked\r\n\r\n",
    ],
    ids=["headers", "a form", "a file", "a body of unknown length"],
)
def test_slow_requests_stop_neither_the_pages_nor_healthz(address, rest):
    with slow_requests(address, FORM + rest):
        for path in ("/healthz", "/login/", "/login/"):
            assert requests.get(address + path, timeout=PROMPT_TIMEOUT).status_code == 200
        form = {"username": "alice", "password": "wrong"}
        assert requests.post(f"{address}/login/", form, timeout=PROMPT_TIMEOUT).status_code == 403


@pytest.mark.parametrize("path", ["/healthz", "/login/", "/no-such-page/", "/webhooks/item/token/", "/static/icon.svg"])
def test_no_response_names_the_web_server_or_a_version(address, path):
    headers = requests.get(address + path, timeout=PROMPT_TIMEOUT).headers
    assert headers["Server"] == "web"
    assert "granian" not in str(headers).lower()


# Large bodies


def test_a_body_that_is_not_buffered_counts_as_large():
    assert pages.LARGE_BODY == proxy.MAX_BUFFERED
    assert pages.LARGE_BODIES < pages.PAGE_THREADS


def make_scope(size=2 * pages.LARGE_BODY):
    headers = [(b"content-length", str(size).encode())]
    return {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers}


@pytest.fixture
def slots(monkeypatch):
    """Allow only one large body at a time, and return the semaphore."""
    slots = asyncio.Semaphore(1)
    monkeypatch.setattr(pages, "large_bodies", slots)
    return slots


async def read_body(scope, receive, send):
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200})


async def call(receive):
    sent = []

    async def send(message):
        sent.append(message)

    await pages.application(make_scope(), receive, send)
    return sent[0]["status"]


def test_a_large_body_waits_for_another_and_is_refused_after_a_while(slots, monkeypatch):
    monkeypatch.setattr(pages, "run_in_thread", read_body)
    monkeypatch.setattr(pages, "LARGE_BODY_WAIT", 0.1)
    has_arrived = asyncio.Event()

    async def receive_slowly():
        await has_arrived.wait()
        return {"type": "http.request", "body": b"x"}

    async def receive_at_once():
        return {"type": "http.request", "body": b"x"}

    async def exchange():
        slow = asyncio.create_task(call(receive_slowly))
        await asyncio.sleep(0.01)
        refused = await call(receive_at_once)
        monkeypatch.setattr(pages, "LARGE_BODY_WAIT", MAX_WAIT)
        waiting = asyncio.create_task(call(receive_at_once))
        await asyncio.sleep(0.01)
        has_arrived.set()
        return refused, await waiting, await slow

    assert asyncio.run(exchange()) == (503, 200, 200)


def test_a_body_that_has_arrived_makes_room_for_the_next_one_while_its_page_works(slots, monkeypatch):
    has_worked = asyncio.Event()

    async def read_and_work(scope, receive, send):
        await receive()
        await has_worked.wait()
        await send({"type": "http.response.start", "status": 200})

    monkeypatch.setattr(pages, "run_in_thread", read_and_work)

    async def receive():
        return {"type": "http.request", "body": b"x"}

    async def exchange():
        first, second = asyncio.create_task(call(receive)), asyncio.create_task(call(receive))
        await asyncio.sleep(0.05)
        has_room = not slots.locked()
        has_worked.set()
        return has_room, await first, await second

    assert asyncio.run(exchange()) == (True, 200, 200)


def test_a_page_that_fails_makes_room_too(slots, monkeypatch):
    async def fail(scope, receive, send):
        raise ZeroDivisionError

    monkeypatch.setattr(pages, "run_in_thread", fail)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            asyncio.run(call(None))
    assert not slots.locked()


def test_a_large_body_that_arrives_too_slowly_is_refused(monkeypatch):
    async def receive():
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def read():
        return [chunk async for chunk in proxy.stream(receive, 1000, 0.2)]

    with pytest.raises(proxy.Refused, match="stopped arriving"):
        asyncio.run(read())
