"""The socket half of what we tell others: where may be called, and one call.

Whoever may add endpoints could otherwise have this server call what stands beside it: so an address is called only
where its host is a public one, and the connection goes to the very IP address that was looked at.
"""

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

import urllib3
from django.conf import settings
from requests.certs import where

TIMEOUT = 15
"""Seconds for a connection and the answer's first line."""
NO_MORE = 410
"""What an endpoint answers that wants to be told nothing any more."""


class Forbidden(Exception):
    """An address that is not called; the text says why."""


@dataclass(frozen=True)
class Place:
    """Where an address leads to."""

    is_https: bool
    host: str
    port: int
    ip: str
    path: str
    netloc: str


def find_place(url):
    """Return the Place of an address that may be called. Asks the name servers; raises Forbidden."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise Forbidden("This is no address.") from None
    refuse_odd(parts)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Place(parts.scheme == "https", parts.hostname, port, find_ip(parts.hostname, port), path, parts.netloc)


def refuse_odd(parts):
    if not parts.hostname or not parts.netloc.isascii() or not (parts.path + parts.query).isascii():
        raise Forbidden("This is no address, or it has characters beyond ASCII.")
    if parts.username is not None or parts.fragment:
        raise Forbidden("An address holds neither a login nor a #.")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in settings.LOOPBACK):
        raise Forbidden("Only addresses that begin with https:// are called.")


def find_ip(host, port):
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, ValueError):
        raise Forbidden(f"There is no host {host}, or the name servers do not answer.") from None
    ips = [entry[4][0] for entry in found]
    if not settings.IS_LOCAL and not all(map(is_public, ips)):
        raise Forbidden(f"{host} is in a private network: only public hosts are called.")
    return ips[0]


def is_public(ip):
    ip = ipaddress.ip_address(ip.partition("%")[0])
    if ip.version == 6:
        ip = ip.ipv4_mapped or ip.sixtofour or ip
    return ip.is_global and not ip.is_multicast


def post(url, body, headers):
    """Return the status of the answer. Raises Forbidden, or OSError or urllib3's HTTPError without an answer.

    Redirects are not followed, and the answer's body is not read.
    """
    place = find_place(url)
    headers = headers | {"host": place.netloc, "content-type": "application/json", "user-agent": "skipportal"}
    with connect(place) as pool:
        reply = pool.urlopen(
            "POST",
            place.path,
            body=body,
            headers=headers | {"connection": "close"},
            redirect=False,
            retries=False,
            preload_content=False,
        )
        reply.close()
        return reply.status


def connect(place):
    timeout = urllib3.Timeout(total=TIMEOUT)
    if not place.is_https:
        return urllib3.HTTPConnectionPool(place.ip, place.port, timeout=timeout)
    names = {"server_hostname": place.host, "assert_hostname": place.host}
    return urllib3.HTTPSConnectionPool(place.ip, place.port, timeout=timeout, ca_certs=where(), **names)
