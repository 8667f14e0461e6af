"""How the vendor breaks its promises, on demand (docs/vendor.md, 7)."""

from dataclasses import dataclass, fields


@dataclass
class Faults:
    """Each is set by NAME=VALUE; as they stand here, nothing goes wrong."""

    lost_ack: int = 0
    """Batches that are taken but whose acknowledgement never arrives: the first N."""
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
    short: int = 0
    """Items at the end of each batch that are not taken: receiveCount is lower by as many."""

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
        return faults

    def take_status(self):
        """The status that the next call fails with, or None."""
        for status in (429, 500, 503):
            left = getattr(self, f"http_{status}")
            if left:
                setattr(self, f"http_{status}", left - 1)
                return status
        return None
