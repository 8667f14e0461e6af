"""Estimate when lists start and when they are done, without the database.

The vendor answers the batches of an account in the order in which they were sent. So a forecast repeats what
`tracing.dispatch` will do: it sends the batches that are left in the order of its rules, each over an account of its
list, and makes each wait for those before it.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil, sqrt
from typing import NamedTuple

from batches.nouns import noun_for
from batches.tracing.account_choice import AccountId
from batches.tracing.priority import queue_key
from batches.vendor.protocol import MAX_BATCH_SIZE

MAX_BATCHES = 400
"""Maximum number of batches that a forecast sends one by one. If there are more, several are sent as one."""
CLOSING_SECONDS = 2
"""Seconds from the last answer of a list until it is complete."""
DISPATCH_SECONDS = 1
"""Seconds until the clock notices that there is room for a batch and a worker has sent it."""
NO_LIMIT = 10**9

# The queue


@dataclass(frozen=True)
class RunningList:
    """What the forecast needs to know about a running list."""

    priority: int
    """A lower number is more urgent."""
    done: int
    """How many people are done."""
    pending: int
    in_flight: int = 0
    """How many of the pending people are with the vendor."""
    batch_size: int = MAX_BATCH_SIZE
    """How many people its next batches have."""
    waits: float = 0
    """Seconds until it may be sent."""
    front_at: datetime | None = None
    """When it was moved to the front, if it was."""
    accounts: Sequence[AccountId] = (None,)
    """The accounts that it is sent over."""

    @property
    def sent(self) -> int:
        return self.done + self.in_flight

    @property
    def unsent(self) -> int:
        return max(self.pending - self.in_flight, 0)


@dataclass(frozen=True)
class Forecast:
    """Seconds until the first answer of a list, and until it is done."""

    starts: float
    """0 if the list has answers or is with the vendor already."""
    ends: float


@dataclass
class QueuedBatch:
    """A batch with the vendor. Its people are answered between two moments, given in seconds from now."""

    begins: float
    ends: float
    people: float


@dataclass(frozen=True)
class AccountPace:
    """How quickly the vendor answers over an account."""

    per_second: float
    limit: int = NO_LIMIT
    """At most so many people are in flight at once."""
    latency: float = 0
    """Seconds from a call until the first answer, if the vendor has nothing else to do."""


class Queue:
    """The batches that were sent over an account. The vendor answers one after the other at an even pace."""

    def __init__(self, pace: AccountPace, scale: int) -> None:
        self.per_second, self.limit, self.latency = pace.per_second, pace.limit * scale, pace.latency
        self.queue: deque[QueuedBatch] = deque()
        self.in_flight = 0.0
        self.free_at = 0.0
        """When everything in the queue is answered."""
        self.now = 0.0
        """When the last batch was sent, or 0."""

    def send(self, people: float, now: float) -> QueuedBatch:
        """Send a batch now, and forget what is answered by now."""
        self.now = now
        while self.queue and self.queue[0].ends <= now:
            self.in_flight -= self.queue.popleft().people
        return self.accept(people, now + self.latency)

    def accept(self, people: float, at: float) -> QueuedBatch:
        """Put a batch that arrives at this moment at the end of the queue."""
        begins = max(self.free_at, at)
        self.free_at = begins + people / self.per_second
        batch = QueuedBatch(begins, self.free_at, people)
        self.queue.append(batch)
        self.in_flight += people
        return batch

    def find_room(self, people: float, now: float) -> float:
        """Return when a batch with this many people fits within the limit.

        A batch that is larger than the limit fits once nobody is in flight.
        """
        surplus = self.in_flight - max(self.limit - people, 0)
        for head in self.queue:
            if surplus <= 0:
                break
            if head.people > surplus and head.ends > now:
                return max(now, head.begins + surplus / self.per_second)
            now = max(now, head.ends)
            surplus -= head.people
        return now


class NextBatch(NamedTuple):
    """The batch that is sent next over an account. The least of several is sent first."""

    at: float
    used: float
    """How many people are in flight over the account, less its limit."""
    account_number: int
    position: int
    people: int


class Line:
    """The lists that wait to be sent."""

    def __init__(self, lists: Sequence[RunningList], queues: Sequence[Queue], users: Sequence[Sequence[int]]) -> None:
        """`users` has for each queue the positions of the lists that are sent over its account."""
        self.lists, self.queues, self.users = lists, queues, users
        self.sent, self.unsent = [each.sent for each in lists], [each.unsent for each in lists]

    def find_next(self, scale: int) -> NextBatch | None:
        """Return the batch that is sent next, or None if none is left.

        A batch that waits for room keeps later ones from its accounts, but not from others.
        """
        found = (self.find_next_of(number, scale) for number in range(len(self.queues)))
        return min(filter(None, found), default=None)

    def find_next_of(self, number: int, scale: int) -> NextBatch | None:
        lists, queue = self.lists, self.queues[number]
        left = [position for position in self.users[number] if self.unsent[position]]
        if not left:
            return None
        # While every list still waits, time passes until the first may be sent.
        now = max(queue.now, min(lists[position].waits for position in left))
        ready = [position for position in left if lists[position].waits <= now]
        chosen = min(ready, key=lambda at: queue_key(lists[at].priority, lists[at].front_at, self.sent[at], at))
        people = min(lists[chosen].batch_size * scale, self.unsent[chosen])
        return NextBatch(queue.find_room(people, now), queue.in_flight - queue.limit, number, chosen, people)

    def send(self, batch: NextBatch) -> QueuedBatch:
        self.sent[batch.position] += batch.people
        self.unsent[batch.position] -= batch.people
        return self.queues[batch.account_number].send(batch.people, batch.at)


def forecast_queue(
    lists: Sequence[RunningList],
    paces: Mapping[AccountId, AccountPace],
    in_flight: Iterable[tuple[int | None, int, AccountId]] = (),
) -> list[Forecast]:
    """Return the forecast of each list at the pace of each account.

    `in_flight` holds the batches with the vendor in the order of their calls, as the position of their list in `lists`
    (None for other lists), the number of people without an answer, and the account. Each list needs an account with a
    pace.
    """
    scale = max(1, ceil(sum(each.unsent / each.batch_size for each in lists) / MAX_BATCHES))
    queues = {account: Queue(pace, scale) for account, pace in paces.items()}
    starts: list[float | None] = [0 if each.sent else None for each in lists]
    ends = [0.0] * len(lists)
    for position, people, account in in_flight:
        batch = queues[account].accept(people, 0)
        if position is not None:
            ends[position] = max(ends[position], batch.ends)
    users = [[at for at, each in enumerate(lists) if account in each.accounts] for account in queues]
    line = Line(lists, list(queues.values()), users)
    while chosen := line.find_next(scale):
        batch = line.send(chosen)
        if starts[chosen.position] is None:
            starts[chosen.position] = batch.begins
        ends[chosen.position] = max(ends[chosen.position], batch.ends)
    return [Forecast(start or 0, end) for start, end in zip(starts, ends, strict=True)]


def forecast(lists: Sequence[RunningList], per_second: float) -> list[float | None]:
    """Return the seconds until each list is done at this pace, or None if no results arrive.

    All lists are sent over the default account.
    """
    if per_second <= 0:
        return [None] * len(lists)
    in_flight = [(position, each.in_flight, None) for position, each in enumerate(lists)]
    return [each.ends for each in forecast_queue(lists, {None: AccountPace(per_second)}, in_flight)]


# The pace

WINDOW_SECONDS = 60
"""How far back the pace is measured."""
SHORT_WINDOW_SECONDS = 15
"""How far back the pace is measured to notice that it changes."""
TRUSTED_SECONDS = 8
"""Seconds with results after which the measured pace is relied on."""
TRUSTED_RESULTS = 25
"""Number of results after which the measured pace is relied on."""
USUAL_RESULTS = 1_500
"""Number of earlier results, the newest ones, that the usual pace is measured with."""
SETTLED_SECONDS = 30
"""Seconds with results after which the usual pace no longer counts."""
TOLERANCE = 0.1
"""The share by which two paces may differ and still count as the same."""
MIN_SILENCE = 5
"""Seconds without a result that are never remarkable."""


@dataclass(frozen=True)
class Span:
    """Results that arrived one after the other, between two moments in seconds."""

    count: int
    first: float
    last: float


@dataclass(frozen=True)
class Measured:
    """A number of results, and the seconds in which they arrived, without the pauses between batches."""

    results: float = 0
    seconds: float = 0

    @property
    def per_second(self) -> float:
        return self.results / self.seconds if self.seconds > 0 else 0


@dataclass(frozen=True)
class PaceEstimate:
    """The pace that estimates are made with."""

    per_second: float
    doubt: str = ""
    """Why the estimates are unsure, as the end of a sentence; "" if they are sure."""


NO_RESULTS_YET = "until the first results are in"
FEW_RESULTS = "until more results are in"
IS_CHANGING = "because the pace is changing"
IS_SILENT = "because the vendor is silent"


def measure(spans: Iterable[Span]) -> Measured:
    """Return the number of results in these spans, and the seconds that the spans cover.

    A span with one result says nothing about the pace, and one with three results has two steps.
    """
    results, seconds = 0.0, 0.0
    group: Span | None = None
    for span in sorted(spans, key=lambda span: span.first):
        if group and span.first <= group.last:
            group = Span(group.count + span.count, group.first, max(group.last, span.last))
            continue
        if group:
            results, seconds = results + group.count - 1, seconds + group.last - group.first
        group = span
    if group:
        results, seconds = results + group.count - 1, seconds + group.last - group.first
    return Measured(results, seconds)


def measure_newest(spans: Iterable[Span]) -> Measured:
    """Return the number of results, and the seconds, of the newest of these spans, given newest first."""
    newest: list[Span] = []
    for span in spans:
        if sum(each.count for each in newest) >= USUAL_RESULTS:
            break
        newest.append(span)
    return measure(newest)


def estimate_pace(
    recent: Measured, latest: Measured, usual: Measured, *, silent_seconds: float | None = None
) -> PaceEstimate:
    """Return the pace to expect, and why it is unsure.

    `recent` was measured in the last WINDOW_SECONDS, `latest` in the last SHORT_WINDOW_SECONDS, and `usual` before.
    `silent_seconds` is the time without a result although people were awaiting an answer, or None.
    """
    per_second = recent.per_second or usual.per_second
    if recent.per_second and usual.per_second and not differs(recent, usual.per_second):
        # The usual pace steadies the measured one until that has settled.
        trust = min(recent.seconds / SETTLED_SECONDS, 1)
        per_second = trust * recent.per_second + (1 - trust) * usual.per_second
    if not per_second:
        return PaceEstimate(0, NO_RESULTS_YET)
    if silent_seconds is not None and silent_seconds > max(MIN_SILENCE, 10 / per_second):
        return PaceEstimate(per_second, IS_SILENT)
    if recent.seconds < TRUSTED_SECONDS or recent.results < TRUSTED_RESULTS:
        return PaceEstimate(per_second, FEW_RESULTS if recent.results else NO_RESULTS_YET)
    if differs(latest, per_second):
        return PaceEstimate(latest.per_second or per_second, IS_CHANGING)
    return PaceEstimate(per_second)


def differs(measured: Measured, per_second: float) -> bool:
    """Return whether a measured pace differs from another by more than chance and TOLERANCE explain."""
    expected = measured.seconds * per_second
    return abs(measured.results - expected) > TOLERANCE * expected + 2 * sqrt(expected)


# Words


def format_duration(seconds: float) -> str:
    """Format an estimated duration, rounded so that it does not change all the time."""
    if seconds < 60:
        return f"about {max(5, 5 * round(seconds / 5))} seconds"
    return f"about {format_minutes(seconds)}"


def format_time_left(seconds: float) -> str:
    """Format the time left for a row that is read at a glance."""
    return "less than a minute" if seconds < 60 else format_minutes(seconds)


def format_minutes(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} {noun_for(minutes, 'minute')}"
    hours, quarters = divmod(round(minutes / 15), 4)
    if hours < 48:
        return f"{hours} h{f' {15 * quarters} min' if quarters else ''}"
    return f"{round(hours / 24)} days"
