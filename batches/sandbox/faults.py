"""Faults that the sandbox vendor shows on demand (docs/vendor.md, 7)."""

from dataclasses import dataclass
from typing import Any, Self, get_type_hints

REFUSED_NAME = "Refused"
DAILY_LIMIT_MESSAGE = "You have reached your daily credit limit for this endpoint, please try again later."
FAILURES = [
    ("http_401", 401, {"statusMessage": "Unauthorized", "error": "Invalid API key"}),
    ("daily", 429, {"error": "Too Many Requests", "message": DAILY_LIMIT_MESSAGE}),
    ("http_429", 429, {"error": "Too Many Requests", "message": "Fault 429"}),
    ("http_500", 500, {"error": "Fault", "message": "Fault 500"}),
    ("http_503", 503, {"error": "Fault", "message": "Fault 503"}),
]
"""(fault, status, body) of the calls that fail because of a fault."""


@dataclass
class Faults:
    """Faults of the vendor, each set by NAME=VALUE. By default, nothing goes wrong."""

    lost_ack: int = 0
    """The first N batches are accepted, but not acknowledged."""
    before_take: float = 0
    """Seconds until a batch is accepted. If the caller has hung up by then, it is not accepted."""
    before_ack: float = 0
    """Seconds between accepting a batch and acknowledging it. Webhooks already arrive in between."""
    duplicate: float = 0
    """Share of answers delivered twice."""
    drop: float = 0
    """Share of answers never delivered."""
    shuffle: int = 0
    """1: the answers of a batch arrive in random order."""
    completion: str = "once"
    """The completion call: once, early (before the answers), twice or never."""
    http_429: int = 0
    """The first N calls get status 429, as if there were too many."""
    http_500: int = 0
    """The first N calls get status 500."""
    http_503: int = 0
    """The first N calls get status 503."""
    http_401: int = 0
    """The first N calls get status 401, as if the key were wrong."""
    daily: int = 0
    """The first N calls get status 429, as if the daily credit limit were reached."""
    refuse: str = "none"
    """named or unnamed: a batch with a person called Refused is refused, with or without naming the person."""
    short: int = 0
    """Number of items at the end of each batch that are neither accepted nor counted in receiveCount.

    At least one item of a batch is accepted.
    """
    slow: int = 0
    """Number of the account that answers at a quarter of the pace. The first one beside the default account is 1."""

    @classmethod
    def parse(cls, settings: list[str]) -> Self:
        """Return the faults in a list of NAME=VALUE. Raise ValueError, with a sentence for users, if one is invalid."""
        faults, known = cls(), get_type_hints(cls)
        for setting in settings:
            name, _, value = setting.partition("=")
            if name not in known:
                raise ValueError(f"There is no fault {name!r}. Available: {', '.join(known)}.")
            setattr(faults, name, known[name](value))
        if faults.completion not in {"once", "early", "twice", "never"}:
            raise ValueError("completion must be once, early, twice or never.")
        if faults.refuse not in {"none", "named", "unnamed"}:
            raise ValueError("refuse must be none, named or unnamed.")
        return faults

    def next_failure(self) -> tuple[int, dict[str, Any]] | None:
        """Return the (status, body) of the failure that the next call gets, or None. Count the failure off."""
        for name, status, body in FAILURES:
            if remaining := getattr(self, name):
                setattr(self, name, remaining - 1)
                return status, {"statusCode": status} | body
        return None

    def find_refused(self, skips: list[dict[str, Any]]) -> str | None:
        """Return the message with which the vendor refuses a batch because of a person, or None."""
        for index, person in enumerate(skips if self.refuse != "none" else []):
            if person.get("last_name") == REFUSED_NAME:
                return f'"[{index}].last_name" is not accepted' if self.refuse == "named" else "Invalid request payload"
        return None
