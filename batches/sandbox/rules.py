"""The vendor's checks of a request. Pure, and written from docs/vendor.md rather than from our own checks."""

import re
from typing import Any
from urllib.parse import urlsplit

from batches.vendor.protocol import MAX_BATCH_SIZE, MAX_BODY_BYTES, MIN_BATCH_SIZE

ADDRESS_PARTS = ["address", "unit", "city", "state", "zip"]
TEXT_FIELDS = ["first_name", "middle_name", "last_name", *ADDRESS_PARTS, *(f"mail_{part}" for part in ADDRESS_PARTS)]
TEXT_FIELDS += ["phone", "email", "webhook_url"]
PLACE_FIELDS = ["address", "mail_address", "city", "mail_city", "email", "phone"]
LOOPBACK = {"127.0.0.1", "localhost", "::1"}

Fault = tuple[str, str]
"""A field, and what is wrong with it."""


def find_batch_fault(size: int, payload: Any) -> str | None:
    """Return the message with which the vendor refuses a batch (400), or None if the batch is valid."""
    if size > MAX_BODY_BYTES:
        return f"Payload of {size} bytes is larger than 256 KB"
    skips = payload.get("skips") if isinstance(payload, dict) else None
    if not isinstance(skips, list) or not MIN_BATCH_SIZE <= len(skips) <= MAX_BATCH_SIZE:
        return f'"skips" must contain between {MIN_BATCH_SIZE} and {MAX_BATCH_SIZE} items'
    if not is_callback(payload.get("webcomplete_url")):
        return '"webcomplete_url" must be a valid uri'
    keys: set[str] = set()
    for index, item in enumerate(skips):
        if not isinstance(item, dict):
            return f'"[{index}]" must be of type object'
        fault = find_item_fault(item) or find_key_fault(item, keys)
        if fault:
            return f'"[{index}].{fault[0]}" {fault[1]}'
    return None


def find_key_fault(item: dict[str, Any], keys: set[str]) -> Fault | None:
    key = item.get("key")
    if not isinstance(key, int | str) or isinstance(key, bool) or key == "":
        return "key", "is required"
    if str(key) in keys:
        return "key", "contains a duplicate value"
    keys.add(str(key))
    return None if is_callback(item.get("webhook_url")) else ("webhook_url", "must be a valid uri")


def find_item_fault(item: dict[str, Any]) -> Fault | None:
    """Return what is wrong with a person, or None."""
    for name in TEXT_FIELDS:
        if name in item and (not isinstance(item[name], str) or not item[name].strip()):
            return name, "is not allowed to be empty"
    return find_format_fault(item) or find_missing_field(item) or find_requirement_fault(item.get("match_requirements"))


def find_format_fault(item: dict[str, Any]) -> Fault | None:
    formats = {
        "state": (r"[A-Za-z]{2}", "must be two letters"),
        "mail_state": (r"[A-Za-z]{2}", "must be two letters"),
        "zip": (r"\d{5,}", "must be five digits or more"),
        "mail_zip": (r"\d{5,}", "must be five digits or more"),
        "phone": (r"\d{10}", "must be exactly ten digits"),
        "email": (r"[^@\s]+@[^@\s]+\.[^@\s.]+", "must be a valid email"),
    }
    for name, (pattern, fault) in formats.items():
        if name in item and not re.fullmatch(pattern, item[name], re.ASCII):
            return name, fault
    return None


def find_missing_field(item: dict[str, Any]) -> Fault | None:
    if not any(name in item for name in PLACE_FIELDS):
        return "address", "is required: one of " + ", ".join(PLACE_FIELDS)
    for prefix in ("", "mail_"):
        address, unit, city = (prefix + part for part in ("address", "unit", "city"))
        needs = []
        if address in item:
            needs = [city, prefix + "state"]
        elif city in item:
            needs = ["first_name", "last_name", prefix + "state", prefix + "zip"]
        if unit in item:
            needs.append(address)
        for need in needs:
            if need not in item:
                return need, "is required"
    return None


def find_requirement_fault(requirements: Any) -> Fault | None:
    if requirements is None:
        return None
    if not isinstance(requirements, dict):
        return "match_requirements", "must be of type object"
    wanted = [name for name in ("phones", "emails", "social") if requirements.get(name)]
    if len(wanted) > 1 and requirements.get("operator") not in {"and", "or"}:
        return "match_requirements.operator", "is required"
    return None


def is_callback(url: Any) -> bool:
    """Return whether a URL uses https or points to this computer, for which there are no certificates."""
    parts = urlsplit(url) if isinstance(url, str) else None
    return bool(parts and parts.hostname and (parts.scheme == "https" or parts.hostname in LOOPBACK))
