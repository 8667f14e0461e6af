"""Make one HTTP call to an endpoint, if its address may be called.

An address is called only if its host is public, and the connection goes to exactly the IP address that was checked.
Otherwise, users who may add endpoints could make this server call other servers in its private network. One deadline
applies to the whole call, because an endpoint that sends a byte now and then could occupy a worker for hours.
"""

import contextlib
import ipaddress
import queue
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urlsplit

import urllib3
from django.conf import settings
from requests.certs import where

TIMEOUT = 15
"""Seconds for everything: finding the host, connecting, sending, and the answer's headers."""
PORTS = {443, 8443}
"""Other ports belong to services that do not expect our calls."""
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
LOCAL_NAT64 = ipaddress.IPv6Network("64:ff9b:1::/48")
IPV4_COMPATIBLE = ipaddress.IPv6Network("::/96")
BODY_TIMEOUT = 2
"""Seconds that reading the beginning of the body may take, within TIMEOUT."""
MAX_BEGINNING = 800
"""Maximum number of bytes of an answer's body that are read."""
GONE = 410
"""The status with which an endpoint asks not to be sent any more messages."""


class Forbidden(Exception):
    """An address that must not be called. The message says why."""


@dataclass(frozen=True)
class Reply:
    """The answer of an endpoint."""

    status: int
    beginning: bytes
    """At most MAX_BEGINNING bytes of the body. They may be missing or cut off if the endpoint is slow."""


@dataclass(frozen=True)
class Target:
    """The resolved address of an endpoint."""

    is_https: bool
    host: str
    port: int
    ip: str
    path: str
    netloc: str


def resolve(url: str) -> Target:
    """Return the target of an address that may be called. Otherwise raise Forbidden. This queries DNS."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise Forbidden("This is not a valid address.") from None
    host = check_parts(parts)
    if not settings.IS_LOCAL and port not in PORTS:
        raise Forbidden("Only the ports 443 and 8443 can be called.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme == "https", host, port, resolve_host(host, port), path, parts.netloc)


def check_parts(parts: SplitResult) -> str:
    """Return the host of an address. Raise Forbidden if the address has parts that are not allowed."""
    if not parts.hostname or not parts.netloc.isascii() or not (parts.path + parts.query).isascii():
        raise Forbidden("This is not a valid address, or it contains characters other than ASCII.")
    if parts.username is not None or parts.fragment:
        raise Forbidden("An address must not contain a login or a #.")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in settings.LOOPBACK):
        raise Forbidden("The address must begin with https://.")
    return parts.hostname


def resolve_host(host: str, port: int) -> str:
    """Return the IP address of a public host. Raise Forbidden if there is none or it is in a private network."""
    ips = look_up(host, port)
    if not ips:
        raise Forbidden(f"There is no host {host}, or the DNS server does not answer.")
    if not settings.IS_LOCAL and not all(map(is_public, ips)):
        raise Forbidden(f"{host} is in a private network. Only public hosts can be called.")
    return ips[0]


def look_up(host: str, port: int) -> list[str]:
    """Return the IP addresses of a host.

    Return an empty list if there is no such host, or if DNS takes longer than TIMEOUT.
    """
    found: queue.Queue[list[str]] = queue.Queue()

    def ask() -> None:
        try:
            answer = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, ValueError):
            answer = []
        found.put([str(entry[4][0]) for entry in answer])

    # `getaddrinfo` has no timeout. A thread that is left behind ends after the system's timeout, or with the process.
    threading.Thread(target=ask, name="dns", daemon=True).start()
    try:
        return found.get(timeout=TIMEOUT)
    except queue.Empty:
        return []


def is_public(text: str) -> bool:
    """Return whether an IP address is public. Ignore the zone after a %."""
    ip = ipaddress.ip_address(text.partition("%")[0])
    embedded = find_embedded(ip) if isinstance(ip, ipaddress.IPv6Address) else []
    return all(each.is_global and not each.is_multicast for each in embedded or [ip])


def find_embedded(ip: ipaddress.IPv6Address) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """Return the addresses that a gateway might call in place of an IPv6 address.

    Return an empty list if there are none. A Teredo address is returned too, together with the IPv4 addresses in it.
    For a network's own NAT64, return an address that is not public.
    """
    if mapped := ip.ipv4_mapped or ip.sixtofour:
        return [mapped]
    last_bits = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    if ip in NAT64 or ip in IPV4_COMPATIBLE:
        return [last_bits]
    if ip in LOCAL_NAT64:
        # Each network chooses where the IPv4 address is within this range, and the whole range is for local use.
        return [ipaddress.IPv4Address("0.0.0.0")]  # noqa: S104 - not an address to listen on
    return [ip, *ip.teredo] if ip.teredo else []


@dataclass
class Deadline:
    """The time at which a call is ended, whatever it is waiting for."""

    end: float
    sockets: list[socket.socket] = field(default_factory=list)
    has_passed: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    @contextlib.contextmanager
    def enforce(self) -> Iterator[None]:
        """End the connections of the block at the deadline. Raise TimeoutError if it passes within the block."""
        timer = threading.Timer(self.seconds_left(), self.expire)
        timer.daemon = True
        timer.start()
        try:
            yield
        except urllib3.exceptions.TimeoutError as problem:
            raise TimeoutError from problem
        except (urllib3.exceptions.HTTPError, OSError) as problem:
            if self.has_passed:
                raise TimeoutError from problem
            raise
        else:
            # The standard library takes headers that were cut off for complete ones.
            if self.has_passed:
                raise TimeoutError
        finally:
            timer.cancel()
            with self.lock:
                for connection in self.sockets:
                    connection.close()
                self.sockets.clear()

    @contextlib.contextmanager
    def shorten(self, seconds: float) -> Iterator[None]:
        """End the connections after so many seconds, if the block takes that long."""
        timer = threading.Timer(min(seconds, self.seconds_left()), self.expire)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def seconds_left(self) -> float:
        return max(self.end - time.monotonic(), 0.001)

    def watch(self, connection: socket.socket) -> None:
        """End this connection at the deadline."""
        with self.lock:
            # Keep a copy, because TLS takes over the original, and its handshake must end at the deadline too.
            self.sockets.append(connection.dup())
        if self.has_passed:
            self.expire()

    def expire(self) -> None:
        self.has_passed = True
        with self.lock:
            for connection in self.sockets:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


def post(url: str, body: bytes, headers: dict[str, str]) -> Reply:
    """Post a body, and return the status and the beginning of the answer. Do not follow redirects.

    Raise Forbidden if the address may not be called, and OSError or urllib3's HTTPError if there is no answer. If
    the call takes longer than TIMEOUT seconds, the OSError is a TimeoutError. Once the status is known, errors
    while the body is read do not matter.
    """
    status, beginning = None, b""
    deadline = Deadline(time.monotonic() + TIMEOUT)
    target = resolve(url)
    headers = headers | {"host": target.netloc, "content-type": "application/json", "user-agent": "skipportal"}
    try:
        with deadline.enforce(), connect(target, deadline) as pool:
            reply = pool.urlopen(
                "POST",
                target.path,
                body=body,
                headers=headers | {"connection": "close"},
                redirect=False,
                retries=False,
                preload_content=False,
            )
            # Headers that the deadline cut off do not count.
            status = None if deadline.has_passed else reply.status
            with deadline.shorten(BODY_TIMEOUT):
                beginning = reply.read(MAX_BEGINNING, decode_content=False)
            reply.close()
    except (urllib3.exceptions.HTTPError, OSError):
        if status is None:
            raise
    if status is None:
        raise TimeoutError
    return Reply(status, beginning)


def connect(target: Target, deadline: Deadline) -> urllib3.HTTPConnectionPool:
    """Return a pool that connects to the target's IP address and, with https, verifies the certificate of its host."""
    timeout = urllib3.Timeout(total=deadline.seconds_left())
    pool: urllib3.HTTPConnectionPool
    if target.is_https:
        pool = urllib3.HTTPSConnectionPool(
            target.ip,
            target.port,
            timeout=timeout,
            ca_certs=where(),
            server_hostname=target.host,
            assert_hostname=target.host,
        )
    else:
        pool = urllib3.HTTPConnectionPool(target.ip, target.port, timeout=timeout)
    pool.ConnectionCls = watched(pool.ConnectionCls, deadline)
    return pool


def watched(connection_class: Any, deadline: Deadline) -> Any:
    """Return a subclass of one of urllib3's connection classes whose connections end at the deadline."""

    class WatchedConnection(connection_class):
        def _new_conn(self) -> socket.socket:
            connection = super()._new_conn()
            deadline.watch(connection)
            return connection

    return WatchedConnection
