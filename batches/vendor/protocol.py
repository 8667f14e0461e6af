"""The vendor's SkipTraceBatch protocol, without input or output: bytes in, values or named errors out.

All of the vendor's limits are defined here. A number in brackets is the section of docs/vendor.md that says so. The
vendor's own terms (skips, batchRequestId, webcomplete_url) are used in this package and nowhere else.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec

from batches.vendor.answers import as_dict, as_list, as_text

BATCH_PATH = "/v1/SkipTraceBatch"
SINGLE_PATH = "/v1/SkipTrace"
KEY_INFO_PATH = "/v2/key/info"
KEY_HEADER = "x-api-key"

MIN_BATCH_SIZE = 10
"""Minimum number of items in one batch (1)."""
MAX_BATCH_SIZE = 1_000
"""Maximum number of items in one batch (1)."""
MAX_KEY = 2**31 - 1
"""The greatest key: the vendor's OpenAPI file limits keys to 32 bits (1)."""
MAX_BODY_BYTES = 256_000
"""Maximum size of one encoded request, in bytes: "256 KB", read the stricter way (1)."""
BATCH_CALLS_PER_SECOND = 20
"""Maximum number of calls per second that send a batch (1)."""
SINGLE_CALLS_PER_SECOND = 10
"""Maximum number of calls per second that send a single person (1, 6)."""
KEY_INFO_SECONDS = 5
"""Our time limit for connecting, and for the reply, when we ask about the key."""
MAX_CONNECT_SECONDS = 10
"""Our time limit for connecting. The time limit for the reply is the setting VENDOR_TIMEOUT."""

PERSON_FIELDS = [
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
"""The fields that may be sent about a person (1)."""
MATCH_REQUIREMENTS = ["phones", "emails"]
"""What a match can be required to include: those of the vendor's options that we support (1)."""
MAX_CREDITS = 1_000_000
"""This many credits or more count as a mistake, and would not fit into the database column."""
# Why an answer's credits cannot be counted.
CREDITS_MISSING = "missing"
CREDITS_NEGATIVE = "negative"
CREDITS_TOO_MANY = "too_many"
CREDITS_NOT_A_NUMBER = "not_number"
FIELDS_WE_ADD = {"key", "webhook_url", "webcomplete_url", "skips", "match_requirements"}
"""Fields of a request that are not about a person (1). A refusal that names one of them is not the fault of any row."""


class Malformed(Exception):
    """A body that does not follow the vendor's documentation. The message quotes nothing from the body."""


@dataclass(frozen=True)
class Acknowledgement:
    """The vendor's reply to a batch that it accepted."""

    batch_id: str
    received: int | None
    """How many items the vendor says it received."""
    request_ids: dict[int, str] = field(default_factory=dict)
    """Our key → the vendor's id, for each accepted item."""


@dataclass(frozen=True)
class Refusal:
    """Why the vendor did not accept a batch."""

    message: str
    index: int | None = None
    """Position in the request of the item at fault, from 0. None if the vendor names no item."""
    field: str = ""
    """The field at fault, or "" if the vendor names none."""

    @property
    def is_ours(self) -> bool:
        """Whether the field at fault is one that we add, so that the vendor would refuse every item."""
        return self.field.partition(".")[0] in FIELDS_WE_ADD


@dataclass(frozen=True)
class Answer:
    """The result for one item. `outcome` is matched, no_match or error."""

    key: int | None
    outcome: str
    message: str = ""
    batch_id: str = ""
    request_id: str = ""
    credits: Decimal | None = None


@dataclass(frozen=True)
class Completion:
    """The totals that the vendor reports when a batch is done. A total is None if it is missing or not a number."""

    batch_id: str
    processed: int | None
    matched: int | None
    errors: int | None


@dataclass(frozen=True)
class KeyInfo:
    """What the vendor says about an API key (8)."""

    kind: str
    """test or live, in lower case, or "" if the vendor does not say."""
    scopes: list[str]
    remaining: str
    """How many credits are left, or "" if the vendor does not say."""


# Requests


def encode_person(fields: Mapping[str, Any], match: Sequence[str] = ()) -> dict[str, Any]:
    """Return a person as the vendor expects it, without empty fields. `match` lists the match requirements."""
    person: dict[str, Any] = {name: fields[name] for name in PERSON_FIELDS if fields.get(name)}
    if match:
        requirements: dict[str, Any] = dict.fromkeys(match, True)
        if len(match) > 1:
            requirements["operator"] = "or"
        person["match_requirements"] = requirements
    return person


def encode_item(key: int, fields: Mapping[str, Any], webhook_url: str, match: Sequence[str] = ()) -> bytes:
    """Return one item of a batch as JSON."""
    return to_json({"key": key, "webhook_url": webhook_url} | encode_person(fields, match))


def encode_batch(items: Iterable[bytes], complete_url: str) -> bytes:
    """Return the body of a batch from its encoded items."""
    return b'{"webcomplete_url":' + to_json(complete_url) + b',"skips":[' + b",".join(items) + b"]}"


def measure_envelope(complete_url: str) -> int:
    """Return the size in bytes of a batch's body without its items and the commas between them."""
    return len(encode_batch([], complete_url))


def to_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


# Replies and deliveries


def decode_acknowledgement(body: bytes | str) -> Acknowledgement:
    """Read what the vendor accepted, from /v1 or from /v2, which wraps it in `data`. Raise Malformed if nothing was."""
    reply = load_object(body)
    reply = as_dict(reply.get("data")) | {name: value for name, value in reply.items() if name != "data"}
    batch_id = as_text(reply.get("batchId"))
    if not batch_id or reply.get("acknowledged") is False:
        raise Malformed("The vendor's reply does not acknowledge a batch.")
    entries = [as_dict(entry) for entry in as_list(reply.get("batchRequestIds"))]
    keys = [to_key(entry.get("key")) for entry in entries]
    ids = {
        key: as_text(entry.get("batchRequestId")) for key, entry in zip(keys, entries, strict=True) if key is not None
    }
    return Acknowledgement(batch_id, to_count(reply.get("receiveCount")), ids)


def decode_refusal(body: bytes | str) -> Refusal:
    """Read which item the vendor refuses, and why. Never raise."""
    try:
        reply = load_object(body)
    except Malformed:
        return Refusal("The vendor gave no reason.")
    message = find_message(reply)
    if item := re.search(r'"(?:skips)?\[(\d{1,4})\](?:\.([\w.]+))?"', message):
        return Refusal(message, int(item.group(1)), item.group(2) or "")
    field = re.search(r'"([\w.]+)"', message)
    return Refusal(message, field=field.group(1) if field else "")


def read_text(body: bytes) -> str:
    """Return a body as text, to be stored. Raise Malformed if it is not UTF-8."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Malformed("The body is not UTF-8.") from None


def decode_answer(body: bytes | str) -> Answer:
    """Read one item's result from a delivery, or from the single endpoint's reply. Raise Malformed if there is none."""
    answer = load_head(body)
    key = to_key(as_dict(answer.get("input")).get("key"))
    return Answer(
        key=to_key(answer.get("key")) if key is None else key,
        outcome=decide_outcome(answer),
        message=find_message(answer),
        batch_id=as_text(answer.get("batchId"))[:64],
        request_id=as_text(answer.get("batchRequestId") or answer.get("requestId"))[:64],
        credits=to_credits(answer.get("credits")),
    )


def is_no_match(body: bytes | str) -> bool:
    """Return whether a 404 is the answer "no match", which names a person, and not a wrong address."""
    try:
        return bool({"match", "input", "requestId", "responseMessage"} & set(load_object(body)))
    except Malformed:
        return False


def decode_completion(body: bytes | str) -> Completion:
    """Read a batch's totals from a completion call. Raise Malformed if its body is not a JSON object."""
    call = load_object(body)
    return Completion(
        batch_id=as_text(call.get("batchId"))[:64],
        processed=first_count(call, "totalProcessed", "processedCount", "processed", "total"),
        matched=first_count(call, "totalMatched", "matchCount", "matches", "matched"),
        errors=first_count(call, "totalErrors", "errorCount", "errors"),
    )


def decode_key_info(body: bytes | str) -> KeyInfo:
    """Read what an API key may be used for, with or without an envelope `data` (8). Raise Malformed if unknown."""
    reply = load_object(body)
    reply = as_dict(reply.get("data")) or reply
    kind = as_text(reply.get("keyType")).lower()[:20]
    scopes = [text[:100] for scope in as_list(reply.get("scopes"))[:50] if (text := as_text(scope))]
    if not kind and not scopes:
        raise Malformed("The vendor's reply says nothing about the key.")
    left = [reply[name] for name in ("creditsRemaining", "remainingCredits", "remaining") if name in reply]
    return KeyInfo(kind, scopes, as_text(left[0])[:40] if left else "")


def decide_outcome(answer: dict[str, Any]) -> str:
    """Return matched, no_match or error (4).

    A status code of 404 is an answer and not an error. If `match` is missing, the contact details decide.
    """
    code = to_count(answer.get("statusCode"))
    if code is not None and code >= 400 and code != 404:
        return "error"
    match = answer.get("match")
    if isinstance(match, bool):
        return "matched" if match else "no_match"
    if code == 404:
        return "no_match"
    details = [answer[shape] for shape in ("output", "data", "persons", "results") if shape in answer]
    if not details:
        return "error"
    return "matched" if any(details) else "no_match"


def find_message(reply: dict[str, Any]) -> str:
    """Return the vendor's message, from the first field that has one (3, 4)."""
    for name in ("message", "error", "responseMessage", "statusMessage"):
        if text := as_text(reply.get(name)):
            return text[:1000]
    return ""


class AnswerHead(msgspec.Struct):
    """The fields of an answer that filing needs: all but the contact details, which are about 95 % of a match."""

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


HEAD_DECODER = msgspec.json.Decoder(AnswerHead)


def load_head(body: bytes | str) -> dict[str, Any]:
    """Load a body like load_object(), without the contact details and ten times as fast.

    Load all of it if the contact details decide the outcome, or if the faster parser, which is stricter, refuses it.
    """
    try:
        head = HEAD_DECODER.decode(body)
    except (msgspec.MsgspecError, RecursionError):
        return load_object(body)
    return msgspec.structs.asdict(head) if isinstance(head.match, bool) else load_object(body)


def load_object(body: bytes | str) -> dict[str, Any]:
    """Load a JSON object. Raise Malformed if the body is anything else."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise Malformed("The body is not JSON.") from None
    if not isinstance(value, dict):
        raise Malformed("The body is not a JSON object.")
    return value


def to_key(value: Any) -> int | None:
    """Return our key, given as a number or as text, or None."""
    number = to_count(value)
    return number if number is not None and 0 < number <= MAX_KEY else None


def to_count(value: Any) -> int | None:
    """Return a whole number from 0 to 2³¹ - 1, given as a number or as text, or None."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,10}", value.strip()):
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31 else None


def first_count(call: dict[str, Any], *names: str) -> int | None:
    """Return the count under the first of these names that is present (5)."""
    return next((to_count(call[name]) for name in names if name in call), None)


def to_credits(value: Any) -> Decimal | None:
    """Return the cost that an answer states, or None if it cannot be counted."""
    credits, _ = read_credits(value)
    return credits


def read_credits(value: Any) -> tuple[Decimal | None, str]:
    """Return the credits that an answer states and "", or None and the reason why they cannot be counted."""
    if value is None:
        return None, CREDITS_MISSING
    number = to_number(value)
    if number is None:
        return None, CREDITS_NOT_A_NUMBER
    if number < 0:
        return None, CREDITS_NEGATIVE
    # Checked before rounding, which fails for numbers with too many digits.
    credits = abs(number).quantize(Decimal("0.01")) if number < MAX_CREDITS else number
    return (credits, "") if credits < MAX_CREDITS else (None, CREDITS_TOO_MANY)


def to_number(value: Any) -> Decimal | None:
    """Return a number, or the number in a string, as a Decimal. Return None otherwise, including NaN and infinity."""
    if isinstance(value, str):
        return Decimal(value.strip()) if re.fullmatch(r"-?[0-9]{1,30}(\.[0-9]{1,30})?", value.strip()) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    number = Decimal(str(value))
    return number if number.is_finite() else None


def find_odd_credits(body: str, *, are_required: bool) -> str:
    """Return why the credits in a stored answer cannot be counted, or "" if they can.

    Missing credits are a reason only if `are_required`.
    """
    _, reason = read_credits(load_credits(body))
    return "" if reason == CREDITS_MISSING and not are_required else reason


def quote_credits(body: str) -> str:
    """Return the credits in an answer exactly as the vendor wrote them, shortened if they are long."""
    quoted = json.dumps(load_credits(body))
    return quoted if len(quoted) <= 40 else f"{quoted[:39]}…"


def load_credits(body: str) -> Any:
    """Return the credits in a stored answer as they are in its JSON, or None if it cannot be read."""
    try:
        return load_head(body).get("credits")
    except Malformed:
        return None
