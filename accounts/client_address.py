"""Find out which IP address a request comes from."""

import ipaddress
import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
WITH_PORT = re.compile(r"([\d.]+):\d+|\[([\da-fA-F:.]+)\](?::\d+)?")


def find_address(meta: Mapping[str, Any]) -> str | None:
    """Return the caller's IP address: the last one in the chain that is not one of our own proxies.

    Each proxy appends the address that called it to X-Forwarded-For. Anybody can write what comes before. Our receiver
    is always the last proxy (skipportal/proxy.py).
    """
    chain = [text for text in meta.get("HTTP_X_FORWARDED_FOR", "").split(",") if text.strip()]
    # The pages listen on a Unix socket, whose callers have no address.
    if read_address(meta.get("REMOTE_ADDR", "")):
        chain.append(meta["REMOTE_ADDR"])
    caller = None
    for text in reversed(chain):
        address = read_address(text)
        if address is None:
            # This is not an address, so whatever comes before it may be invented.
            break
        caller = address
        if not is_trusted(address):
            break
    return str(caller) if caller else None


def read_address(text: str) -> IpAddress | None:
    """Return the IP address in a string, without the port that some proxies add. Return None if there is none."""
    text = text.strip()
    if match := WITH_PORT.fullmatch(text):
        text = match[1] or match[2]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address


def is_trusted(address: IpAddress) -> bool:
    return any(address in network for network in settings.TRUSTED_PROXIES)
