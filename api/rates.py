"""Count calls per minute. Each process counts for itself, and begins at 0 when it is restarted (decision 61)."""

import time
from collections import Counter
from threading import Lock

MINUTE = 60


class MinuteRate:
    """The number of calls by key in the current minute."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.minute = 0
        self.counts: Counter[str] = Counter()

    def count(self, key: str, limit: int) -> int:
        """Count a call. Return 0 if it is within the limit, and otherwise the number of seconds to wait.

        A limit of 0 means that there is no limit.
        """
        now = int(time.time())
        with self.lock:
            # Nothing is kept from earlier minutes, so the counts stay small.
            if now // MINUTE != self.minute:
                self.minute = now // MINUTE
                self.counts.clear()
            self.counts[key] += 1
            is_within = not limit or self.counts[key] <= limit
        return 0 if is_within else MINUTE - now % MINUTE

    def clear(self) -> None:
        with self.lock:
            self.counts.clear()
