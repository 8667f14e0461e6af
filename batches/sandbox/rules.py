"""Check requests as the vendor does. Pure, and written from docs/vendor.md rather than from our own checks."""

import re
from typing import Any
from urllib.parse import urlsplit

from batches.vendor.protocol import MAX_BATCH_SIZE, MAX_BODY_BYTES, MIN_BATCH_SIZE

ADDRESS_PARTS = ["address", "unit", "city", "state", "zip"]
TEXT_FIELDS = ["first_name", "middle_name", "last_name", *ADDRESS_PARTS, *(f"mail_{part}" for part in ADDRESS_PARTS)]
TEXT_FIELDS += ["phone", "email", "webhook_url"]
PLACE_FIELDS = ["address", "mail_address", "city", "mail_city", "email", "phone"]
LOOPBACK = {"127.0.0.1", "localhost", "::1"}

FieldError = tuple[str, str]
"""A field, and what is wrong with its value."""


def find_batch_error(size: int, payload: Any) -> str | None:
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
        error = find_item_error(item) or find_key_error(item, keys)
        if error:
            field, problem = error
            return f'"[{index}].{field}" {problem}'
    return None


def find_key_error(item: dict[str, Any], keys: set[str]) -> FieldError | None:
    """Return what is wrong with a person's key or webhook address, or None. Add the key to those of the batch."""
    key = item.get("key")
    if not isinstance(key, int | str) or isinstance(key, bool) or key == "":
        return "key", "is required"
    if str(key) in keys:
        return "key", "contains a duplicate value"
    keys.add(str(key))
    return None if is_callback(item.get("webhook_url")) else ("webhook_url", "must be a valid uri")


def find_item_error(item: dict[str, Any]) -> FieldError | None:
    """Return what is wrong with a person, or None."""
    for name in TEXT_FIELDS:
        if name in item and (not isinstance(item[name], str) or not item[name].strip()):
            return name, "is not allowed to be empty"
    return find_format_error(item) or find_missing_error(item) or find_requirement_error(item.get("match_requirements"))


def find_format_error(item: dict[str, Any]) -> FieldError | None:
    formats = {
        "state": (r"[A-Za-z]{2}", "must be two letters"),
        "mail_state": (r"[A-Za-z]{2}", "must be two letters"),
        "zip": (r"\d{5,}", "must be five digits or more"),
        "mail_zip": (r"\d{5,}", "must be five digits or more"),
        "phone": (r"\d{10}", "must be exactly ten digits"),
        "email": (r"[^@\s]+@[^@\s]+\.[^@\s.]+", "must be a valid email"),
    }
    for name, (pattern, error) in formats.items():
        if name in item and not re.fullmatch(pattern, item[name], re.ASCII):
            return name, error
    return None


def find_missing_error(item: dict[str, Any]) -> FieldError | None:
    if not any(name in item for name in PLACE_FIELDS):
        return "address", "is required: one of " + ", ".join(PLACE_FIELDS)
    for prefix in ("", "mail_"):
        address, unit, city = (prefix + part for part in ("address", "unit", "city"))
        required = []
        if address in item:
            required = [city, prefix + "state"]
        elif city in item:
            required = ["first_name", "last_name", prefix + "state", prefix + "zip"]
        if unit in item:
            required.append(address)
        for name in required:
            if name not in item:
                return name, "is required"
    return None


def find_requirement_error(requirements: Any) -> FieldError | None:
    if requirements is None:
        return None
    if not isinstance(requirements, dict):
        return "match_requirements", "must be of type object"
    wanted = [name for name in ("phones", "emails", "social") if requirements.get(name)]
    if len(wanted) > 1 and requirements.get("operator") not in {"and", "or"}:
        return "match_requirements.operator", "is required"
    return None


def is_callback(url: Any) -> bool:
    """Return whether a URL uses https. For this computer, http is allowed, because it has no certificate."""
    parts = urlsplit(url) if isinstance(url, str) else None
    return bool(parts and parts.hostname and (parts.scheme == "https" or parts.hostname in LOOPBACK))
