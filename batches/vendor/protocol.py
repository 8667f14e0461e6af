"""The vendor's SkipTraceBatch protocol, without any input or output: bytes in, values or named errors out.

Every limit of the vendor's stands here, with the section of docs/vendor.md that it comes from. The vendor's
own words (skips, batchRequestId, webcomplete_url) go no further than this file.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from batches.vendor.answers import as_dict, as_text

BATCH_PATH = "/v1/SkipTraceBatch"
SINGLE_PATH = "/v1/SkipTrace"
KEY_HEADER = "x-api-key"

BATCH_MIN = 10
"""Fewest items in one batch (1)."""
BATCH_MAX = 1_000
"""Most items in one batch (1)."""
BODY_MAX = 256_000
"""Most bytes of one encoded request: "256 KB", read the stricter way (1)."""
BATCH_CALLS_PER_SECOND = 20
"""(1)"""
SINGLE_CALLS_PER_SECOND = 10
"""(1, 6)"""

FIELDS = [
    "first_name",
    "middle_name",
    "last_name",
    "address",
    "unit",
    "city",
    "state",
    "zip",
    "mail_address",
    "mail_unit",
    "mail_city",
    "mail_state",
    "mail_zip",
    "phone",
    "email",
]
"""What may be said of a person (1)."""
REQUIREMENTS = ["phones", "emails"]
"""What a match may be required to bring, of what the vendor offers (1)."""
ADDED = {"key", "webhook_url", "webcomplete_url", "skips", "match_requirements"}
"""What a request says beside people (1): a refusal that names one of these is no row's fault."""


class Malformed(Exception):
    """A body that is not what the vendor promises. Its text holds nothing of the body."""


@dataclass(frozen=True)
class Acknowledgement:
    batch_id: str
    received: int | None
    request_ids: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Refusal:
    message: str
    index: int | None = None
    """Position in the request of the item that is at fault, from 0; None where the vendor names none."""
    field: str = ""
    """The field that is at fault, where the vendor names one."""

    @property
    def is_ours(self):
        """Whether what is at fault is something that we added, so that every item would be refused alike."""
        return self.field.partition(".")[0] in ADDED


@dataclass(frozen=True)
class Answer:
    """One item's result. `outcome` is one of matched, no_match, error."""

    key: int | None
    outcome: str
    message: str = ""
    batch_id: str = ""
    request_id: str = ""
    credits: Decimal | None = None


@dataclass(frozen=True)
class Completion:
    batch_id: str
    processed: int | None
    matched: int | None
    errors: int | None


# What we send


def encode_person(fields, match=()):
    """One person as the single endpoint takes them: empty fields left out, match requirements only where set."""
    person = {name: fields[name] for name in FIELDS if fields.get(name)}
    if match:
        person["match_requirements"] = dict.fromkeys(match, True) | ({"operator": "or"} if len(match) > 1 else {})
    return person


def encode_item(key, fields, webhook_url, match=()):
    """One item of a batch, as bytes of JSON."""
    return to_json({"key": key, "webhook_url": webhook_url} | encode_person(fields, match))


def encode_batch(items: Iterable[bytes], complete_url):
    """Return the body of a batch from its encoded items; envelope_size() tells what it adds to them."""
    return b'{"webcomplete_url":' + to_json(complete_url) + b',"skips":[' + b",".join(items) + b"]}"


def envelope_size(complete_url):
    """Bytes of a batch's body beside its items and the commas between them."""
    return len(encode_batch([], complete_url))


def to_json(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


# What comes back


def decode_acknowledgement(body):
    """Read what the vendor took, from /v1 or /v2 (which wraps it in `data`). Raises Malformed."""
    reply = load(body)
    reply = as_dict(reply.get("data")) | {name: value for name, value in reply.items() if name != "data"}
    batch_id = as_text(reply.get("batchId"))
    if not batch_id or reply.get("acknowledged") is False:
        raise Malformed("The vendor's reply does not acknowledge a batch.")
    entries = reply.get("batchRequestIds")
    entries = [as_dict(entry) for entry in entries] if isinstance(entries, list) else []
    ids = {to_key(entry.get("key")): as_text(entry.get("batchRequestId")) for entry in entries}
    ids.pop(None, None)
    return Acknowledgement(batch_id, to_count(reply.get("receiveCount")), ids)


def decode_refusal(body):
    """Which item the vendor refuses and why; never raises."""
    try:
        reply = load(body)
    except Malformed:
        return Refusal("The vendor gave no reason.")
    message = pick_message(reply)
    if item := re.search(r'"(?:skips)?\[(\d{1,4})\](?:\.([\w.]+))?"', message):
        return Refusal(message, int(item.group(1)), item.group(2) or "")
    field = re.search(r'"([\w.]+)"', message)
    return Refusal(message, field=field.group(1) if field else "")


def read_text(body):
    """Return a body as the text that is stored, so that it reads the same later. Raises Malformed if not UTF-8."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Malformed("The body is not UTF-8.") from None


def decode_answer(body):
    """One item's result from the body of its webhook call, or of the single endpoint's reply. Raises Malformed."""
    answer = load_head(body)
    key = to_key(as_dict(answer.get("input")).get("key"))
    return Answer(
        key=to_key(answer.get("key")) if key is None else key,
        outcome=decide_outcome(answer),
        message=pick_message(answer),
        batch_id=as_text(answer.get("batchId"))[:64],
        request_id=as_text(answer.get("batchRequestId") or answer.get("requestId"))[:64],
        credits=to_credits(answer.get("credits")),
    )


def is_no_match(body):
    """Whether a 404 is the answer that nobody matches, and not a wrong address: one says whom it is about."""
    try:
        return bool({"match", "input", "requestId", "responseMessage"} & set(load(body)))
    except Malformed:
        return False


def decode_completion(body):
    """Read a batch's totals; those that are absent or no numbers come back as None. Raises Malformed."""
    call = load(body)
    return Completion(
        batch_id=as_text(call.get("batchId"))[:64],
        processed=first_count(call, "totalProcessed", "processedCount", "processed", "total"),
        matched=first_count(call, "totalMatched", "matchCount", "matches", "matched"),
        errors=first_count(call, "totalErrors", "errorCount", "errors"),
    )


def decide_outcome(answer):
    """Return matched, no_match or error (4). A code of 404 is an answer; without `match`, what was found decides."""
    code = to_count(answer.get("statusCode"))
    if code is not None and code >= 400 and code != 404:
        return "error"
    match = answer.get("match")
    if isinstance(match, bool):
        return "matched" if match else "no_match"
    if code == 404:
        return "no_match"
    known = [answer[shape] for shape in ("output", "data", "persons") if shape in answer]
    if not known:
        return "error"
    return "matched" if any(known) else "no_match"


def pick_message(reply):
    """Return the vendor's words, from the first field that has any (3, 4)."""
    for name in ("message", "error", "responseMessage", "statusMessage"):
        if text := as_text(reply.get(name)):
            return text[:1000]
    return ""


class Head(msgspec.Struct):
    """What filing an answer needs of it: all but what was found, which is some 95 per cent of a match."""

    key: Any = None
    input: Any = None
    batchId: Any = None
    batchRequestId: Any = None
    requestId: Any = None
    match: Any = None
    statusCode: Any = None
    credits: Any = None
    message: Any = None
    error: Any = None
    responseMessage: Any = None
    statusMessage: Any = None


HEAD = msgspec.json.Decoder(Head)


def load_head(body):
    """Load a body as load() does, less what was found, and ten times faster.

    It is loaded whole if what was found decides the outcome, or if the quick reader refuses it: that one is stricter,
    except for what nobody looks at here.
    """
    try:
        head = HEAD.decode(body)
    except (msgspec.MsgspecError, RecursionError):
        return load(body)
    return msgspec.structs.asdict(head) if isinstance(head.match, bool) else load(body)


def load(body):
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise Malformed("The body is not JSON.") from None
    if not isinstance(value, dict):
        raise Malformed("The body is not a JSON object.")
    return value


def to_key(value):
    """Our key from a number or its text; None for everything else (32 bits: the OpenAPI file says int32)."""
    number = to_count(value)
    return number if number is not None and 0 < number < 2**31 else None


def to_count(value):
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,10}", value.strip()):
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31 else None


def first_count(call, *names):
    return next((to_count(call[name]) for name in names if name in call), None)


def to_credits(value):
    try:
        credits = Decimal(str(value)).quantize(Decimal("0.01"))
    except InvalidOperation:
        return None
    return credits if credits.is_finite() and 0 <= credits < 1_000_000 else None
