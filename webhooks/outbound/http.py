"""Make one HTTP call to an endpoint, if its address may be called.

People who may add endpoints could otherwise make this server call its neighbours in a private network. So an address is
called only if its host is public, and the connection goes to the very IP address that was checked.
"""

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

import urllib3
from django.conf import settings
from requests.certs import where

TIMEOUT = 15
"""Seconds for the connection and the first line of the answer."""
GONE = 410
"""The status with which an endpoint asks for no more messages."""


class Forbidden(Exception):
    """An address that must not be called. The text says why."""


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
    """Return the target of an address that may be called. Queries DNS; raises Forbidden."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise Forbidden("This is not a valid address.") from None
    host = check_parts(parts)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme == "https", host, port, resolve_host(host, port), path, parts.netloc)


def check_parts(parts: SplitResult) -> str:
    """Return the host of an address. Raises Forbidden if the address has parts that are not allowed."""
    if not parts.hostname or not parts.netloc.isascii() or not (parts.path + parts.query).isascii():
        raise Forbidden("This is not a valid address, or it contains characters other than ASCII.")
    if parts.username is not None or parts.fragment:
        raise Forbidden("An address must not contain a login or a #.")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in settings.LOOPBACK):
        raise Forbidden("The address must begin with https://.")
    return parts.hostname


def resolve_host(host: str, port: int) -> str:
    """Return the IP address of a public host. Raises Forbidden if it has none or is in a private network."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, ValueError):
        raise Forbidden(f"There is no host {host}, or the DNS server does not answer.") from None
    ips = [str(entry[4][0]) for entry in found]
    if not settings.IS_LOCAL and not all(map(is_public, ips)):
        raise Forbidden(f"{host} is in a private network. Only public hosts can be called.")
    return ips[0]


def is_public(text: str) -> bool:
    ip = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        ip = ip.ipv4_mapped or ip.sixtofour or ip
    return ip.is_global and not ip.is_multicast


def post(url: str, body: bytes, headers: dict[str, str]) -> int:
    """Return the status of the answer. Raises Forbidden; without an answer, OSError or urllib3's HTTPError.

    Redirects are not followed, and the body of the answer is not read.
    """
    target = resolve(url)
    headers = headers | {"host": target.netloc, "content-type": "application/json", "user-agent": "skipportal"}
    with connect(target) as pool:
        reply = pool.urlopen(
            "POST",
            target.path,
            body=body,
            headers=headers | {"connection": "close"},
            redirect=False,
            retries=False,
            preload_content=False,
        )
        reply.close()
        return reply.status


def connect(target: Target) -> urllib3.HTTPConnectionPool:
    timeout = urllib3.Timeout(total=TIMEOUT)
    if not target.is_https:
        return urllib3.HTTPConnectionPool(target.ip, target.port, timeout=timeout)
    return urllib3.HTTPSConnectionPool(
        target.ip,
        target.port,
        timeout=timeout,
        ca_certs=where(),
        server_hostname=target.host,
        assert_hostname=target.host,
    )
