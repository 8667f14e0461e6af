"""How the vendor breaks its promises, on demand (docs/vendor.md, 7)."""

from dataclasses import dataclass, fields

REFUSED_NAME = "Refused"
DAILY = "You have reached your daily credit limit for this endpoint, please try again later."
FAILURES = [
    ("http_401", 401, {"statusMessage": "Unauthorized", "error": "Invalid API key"}),
    ("daily", 429, {"error": "Too Many Requests", "message": DAILY}),
    ("http_429", 429, {"error": "Too Many Requests", "message": "Fault 429"}),
    ("http_500", 500, {"error": "Fault", "message": "Fault 500"}),
    ("http_503", 503, {"error": "Fault", "message": "Fault 503"}),
]
"""Fault, status, body."""


@dataclass
class Faults:
    """Each is set by NAME=VALUE; as they stand here, nothing goes wrong."""

    lost_ack: int = 0
    """Batches that are taken but whose acknowledgement never arrives: the first N."""
    before_take: float = 0
    """Seconds for which a call waits until it is taken; not at all if the caller has gone meanwhile."""
    before_ack: float = 0
    """Seconds by which an acknowledgement comes after the first webhooks."""
    duplicate: float = 0
    """Share of items that are delivered twice."""
    drop: float = 0
    """Share of items that are never delivered."""
    shuffle: int = 0
    """1: the items of a batch come in any order."""
    completion: str = "once"
    """once, early (before the items), twice or never."""
    http_429: int = 0
    """Calls that are answered 429: the first N. Likewise the next two."""
    http_500: int = 0
    http_503: int = 0
    http_401: int = 0
    """Calls that are answered as if the key were wrong: the first N."""
    daily: int = 0
    """Calls that are answered as if the daily credit limit were reached: the first N."""
    refuse: str = "none"
    """named, unnamed: whoever is called Refused makes the vendor refuse the batch, saying who it is or not."""
    short: int = 0
    """Items at the end of each batch that are not taken, all but one at the most: receiveCount is lower by as many."""

    @classmethod
    def parse(cls, settings):
        """From a list of NAME=VALUE. Raises ValueError with a sentence."""
        faults, known = cls(), {field.name: field.type for field in fields(cls)}
        for setting in settings:
            name, _, value = setting.partition("=")
            if name not in known:
                raise ValueError(f"There is no fault {name!r}; there are {', '.join(known)}.")
            setattr(faults, name, known[name](value))
        if faults.completion not in {"once", "early", "twice", "never"}:
            raise ValueError("completion is once, early, twice or never.")
        if faults.refuse not in {"none", "named", "unnamed"}:
            raise ValueError("refuse is none, named or unnamed.")
        return faults

    def take_failure(self):
        """(status, body) that the next call fails with, or None."""
        for name, status, body in FAILURES:
            if left := getattr(self, name):
                setattr(self, name, left - 1)
                return status, {"statusCode": status} | body
        return None

    def find_refused(self, skips):
        """Why the vendor refuses a batch for one of its people, or None."""
        for index, person in enumerate(skips if self.refuse != "none" else []):
            if person.get("last_name") == REFUSED_NAME:
                return f'"[{index}].last_name" is not accepted' if self.refuse == "named" else "Invalid request payload"
        return None
