"""Simulated days of lists, to compare the estimates that users see with what happens. No database is needed.

The vendor answers batches in order, at a pace that wavers and changes from time to time, and fails now and then. Lists
of all lengths arrive, overlap, are paused and made urgent. Every second is simulated.
"""

import copy
import random
from collections import Counter, deque
from dataclasses import dataclass, field

from batches.reports import forecast
from batches.reports.forecast import Measured, RunningList, Span

LIMIT = 1_500
BATCH_SIZE = 1_000
DAY = 24 * 3_600
WORKDAY = 10 * 3_600
"""The part of each day, from its start, in which lists arrive."""
LATENCY = 3
DETECTABLE_AFTER = 20
"""Seconds after a change of the vendor's pace until an estimate can know of it."""


@dataclass
class SimulatedList:
    """A list, with the sizes of its batches that have not been sent."""

    number: int
    priority: int
    size: int
    unsent: deque[int]
    sent: int = 0
    done: int = 0
    is_paused: bool = False
    ended_at: float | None = None

    @property
    def in_flight(self) -> int:
        return self.sent - self.done


@dataclass
class SimulatedBatch:
    """A batch with the vendor."""

    owner: int
    size: int
    sent_at: float
    left: int
    seconds: list[tuple[float, int]] = field(default_factory=list)
    """How many answers arrived in each second."""


class World:
    """The vendor and the lists, second by second."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.now = 0.0
        self.lists: dict[int, SimulatedList] = {}
        self.queue: deque[SimulatedBatch] = deque()
        self.closed: deque[SimulatedBatch] = deque(maxlen=60)
        self.pace = 50.0
        self.wave = 0.0
        self.is_down = False
        self.owed = 0.0

    @property
    def running(self) -> list[SimulatedList]:
        return [each for each in self.lists.values() if each.ended_at is None and not each.is_paused]

    def tick(self) -> None:
        """Advance the world by one second."""
        self.now += 1
        self.wave = 0.98 * self.wave + self.random.gauss(0, 0.008)
        if self.is_down:
            return
        self.answer()
        self.dispatch()

    def answer(self) -> None:
        """Answer as many people as the pace allows, in the order of the batches."""
        if not self.queue or self.queue[0].sent_at + LATENCY > self.now:
            self.owed = 0
            return
        self.owed += max(self.pace * (1 + self.wave), 0.5)
        while self.queue and self.queue[0].sent_at + LATENCY <= self.now and self.owed >= 1:
            batch = self.queue[0]
            count = min(int(self.owed), batch.left)
            self.owed -= count
            batch.left -= count
            batch.seconds.append((self.now, count))
            self.lists[batch.owner].done += count
            if not batch.left:
                self.closed.append(self.queue.popleft())
                self.end_lists()

    def end_lists(self) -> None:
        for each in self.lists.values():
            if each.ended_at is None and each.done == each.size:
                each.ended_at = self.now + forecast.CLOSING_SECONDS

    def dispatch(self) -> None:
        """Send batches by the rules of `tracing.dispatch`."""
        ready = [each for each in self.running if each.unsent]
        in_flight = sum(batch.left for batch in self.queue)
        while ready:
            chosen = min(ready, key=lambda each: (each.priority, each.sent, each.number))
            if in_flight and in_flight + chosen.unsent[0] > LIMIT:
                return
            people = chosen.unsent.popleft()
            chosen.sent += people
            in_flight += people
            self.queue.append(SimulatedBatch(chosen.number, people, self.now, people))
            ready = [each for each in ready if each.unsent]

    def add_list(self, size: int, priority: int) -> None:
        number = len(self.lists) + 1
        batches = deque([BATCH_SIZE] * (size // BATCH_SIZE) + [size % BATCH_SIZE] * bool(size % BATCH_SIZE))
        self.lists[number] = SimulatedList(number, priority, size, batches)

    def find_ends(self) -> dict[int, float]:
        """Return when each running list will end if nothing else happens and the pace stays the same."""
        fork = copy.deepcopy(self)
        numbers = [each.number for each in fork.running]
        while any(fork.lists[number].ended_at is None for number in numbers):
            fork.tick()
        return {number: fork.lists[number].ended_at or 0 for number in numbers}

    # What a page sees

    def measure_since(self, seconds: float) -> Measured:
        """Return what arrived in the last `seconds` seconds."""
        since = self.now - seconds
        spans = []
        for batch in [*list(self.closed)[-10:], *self.queue]:
            times = [(at, count) for at, count in batch.seconds if at > since]
            if times:
                spans.append(Span(sum(count for _, count in times), times[0][0] - 1, times[-1][0]))
        return forecast.measure(spans)

    def measure_usual(self) -> Measured:
        """Return what arrived in the batches that closed last."""
        newest = [Span(batch.size, batch.seconds[0][0] - 1, batch.seconds[-1][0]) for batch in reversed(self.closed)]
        return forecast.measure_newest(newest)

    def seconds_since_result(self) -> float | None:
        """Return for how long the vendor has sent no result, or None if no batch is with it."""
        if not self.queue:
            return None
        times = [batch.seconds[-1][0] for batch in [*list(self.closed)[-1:], *self.queue] if batch.seconds]
        return self.now - max([self.queue[0].sent_at + LATENCY, *times])

    def estimate(self) -> tuple[dict[int, float], str]:
        """Return the estimated seconds until each running list is done, and the reason to doubt them, if any."""
        pace = forecast.estimate_pace(
            self.measure_since(forecast.WINDOW_SECONDS),
            self.measure_since(forecast.SHORT_WINDOW_SECONDS),
            self.measure_usual(),
            silent_seconds=self.seconds_since_result(),
        )
        running = self.running
        if not pace.per_second:
            return {}, pace.doubt
        positions = {each.number: position for position, each in enumerate(running)}
        in_flight = [(positions.get(batch.owner), batch.left, None) for batch in self.queue]
        lists = [RunningList(each.priority, each.done, each.size - each.done, each.in_flight) for each in running]
        account = forecast.AccountPace(pace.per_second, LIMIT, LATENCY + forecast.DISPATCH_SECONDS)
        found = forecast.forecast_queue(lists, {None: account}, in_flight)
        ends = {each.number: end.ends for each, end in zip(running, found, strict=True)}
        return {number: end + forecast.CLOSING_SECONDS for number, end in ends.items()}, pace.doubt


@dataclass
class Score:
    """How the estimates compare with what happened."""

    moments: int = 0
    """Estimates that were shown, one for each list and moment."""
    unsure: int = 0
    doubts: Counter[str] = field(default_factory=Counter)
    right: int = 0
    wrong: list[tuple[float, int, float, float]] = field(default_factory=list)
    """The moment, list number, estimate and truth of each."""
    unforeseen: int = 0
    """Wrong estimates in the first seconds after a change of the vendor's pace."""


def is_right(estimate: float, truth: float) -> bool:
    """Return whether an estimate is within 20%, or within the half minute that rounding to minutes may cost."""
    return abs(estimate - truth) <= max(0.2 * truth, 30)


def simulate(days: int, seed: int, every: int = 5) -> Score:
    """Simulate days of lists, and compare all estimates: every few seconds, and every second after a user's action."""
    world, score = World(seed), Score()
    events = deque(plan_events(days, world.random))
    ends: dict[int, float] = {}
    pace_changed_at = acted_at = -1_000.0
    while events or world.running:
        if not world.running and not any(each.is_paused and each.ended_at is None for each in world.lists.values()):
            if not events:
                break
            world.now = max(world.now, events[0][0] - 1)
        world.tick()
        was_event = False
        while events and events[0][0] <= world.now:
            _, what, value = events.popleft()
            if apply_event(world, what, value):
                was_event = True
                if what in {"pace", "down", "up"}:
                    pace_changed_at = world.now
                else:
                    acted_at = world.now
        if not world.running:
            continue
        if was_event:
            ends = {} if world.is_down else world.find_ends()
        if world.now - acted_at < 15 or int(world.now) % every == 0:
            compare(world, ends, score, world.now - pace_changed_at < DETECTABLE_AFTER)
    return score


def compare(world: World, ends: dict[int, float], score: Score, has_just_changed: bool) -> None:
    estimates, doubt = world.estimate()
    for each in world.running:
        score.moments += 1
        if doubt or each.number not in estimates:
            score.unsure += 1
            score.doubts[doubt] += 1
            continue
        truth = ends[each.number] - world.now if each.number in ends else float("inf")
        if is_right(estimates[each.number], truth):
            score.right += 1
        elif has_just_changed:
            score.unforeseen += 1
        else:
            score.wrong.append((world.now, each.number, estimates[each.number], truth))


def plan_events(days: int, rng: random.Random) -> list[tuple[float, str, tuple[int, ...]]]:
    """Return what happens in these days, each event as its moment, kind and values."""
    events: list[tuple[float, str, tuple[int, ...]]] = []
    for day in range(days):
        begin = day * DAY
        for _ in range(rng.randint(10, 30)):
            size = min(max(int(rng.lognormvariate(7.6, 1.3)), 20), 50_000)
            events.append((begin + rng.uniform(0, WORKDAY), "list", (size, rng.choice([0, 1, 1, 1, 1, 1, 1, 2]))))
        for _ in range(rng.randint(1, 4)):
            at = begin + rng.uniform(0, WORKDAY)
            events += [(at, "pause", ()), (at + rng.uniform(60, 1_200), "resume", ())]
        events += [(begin + rng.uniform(0, WORKDAY), "urgent", ()) for _ in range(rng.randint(0, 3))]
        paces = [rng.choice([50, 50, 40, 25, 12, 5]) for _ in range(rng.randint(0, 4))]
        events += [(begin + rng.uniform(0, WORKDAY), "pace", (pace,)) for pace in paces]
        if rng.random() < 0.6:
            at = begin + rng.uniform(0, WORKDAY)
            events += [(at, "down", ()), (at + rng.uniform(30, 600), "up", ())]
    return sorted(events)


def apply_event(world: World, what: str, value: tuple[int, ...]) -> bool:
    """Apply an event to the world. Return whether it changed anything."""
    match what:
        case "list":
            world.add_list(*value)
        case "pause" if world.running:
            world.random.choice(world.running).is_paused = True
        case "resume":
            for each in world.lists.values():
                each.is_paused = False
        case "urgent" if world.running:
            world.random.choice(world.running).priority = 0
        case "pace":
            world.pace = value[0]
        case "down" | "up":
            world.is_down = what == "down"
        case _:
            return False
    return True
