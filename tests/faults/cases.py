"""What goes wrong: faults of the vendor, and acts against our own processes and services while lists run."""

import contextlib
import signal
import sqlite3
import time
from dataclasses import dataclass

from tests.faults.environment import wait_for

PATIENCE = 60
"""Seconds that an act waits for its moment."""


class Missed(Exception):
    """The moment for an act did not come: the run does not count for its case."""


@dataclass(frozen=True)
class Case:
    """`faults` are the sandbox's; `act` is called with the stage, a vendor, luck and the uploads once these run."""

    name: str
    faults: tuple = ()
    act: object = None
    on: str = ""
    """What the act is against: two against the same thing would undo each other."""
    databases: tuple = ("sqlite", "postgresql")
    bad_rows: int = 0
    """People in each list whom the vendor refuses."""


def wait_for_moment(is_there, pause=0.02):
    if not wait_for(is_there, PATIENCE, pause):
        raise Missed


def wait_for_load(vendor, answers=1):
    """Until results come in, and more are on their way."""

    def is_under_load():
        books = vendor.books()
        return answers <= sum(book["delivered"] for book in books) < sum(book["received"] for book in books)

    wait_for_moment(is_under_load)


def kill(stage, child):
    wait_for_moment(lambda: stage.signal(child, signal.SIGKILL))


def kill_worker_before_the_call(stage, vendor, luck, uploads):
    """While the vendor has heard the call and has taken nothing yet."""
    wait_for_moment(lambda: vendor.books("state")["taking"])
    kill(stage, "vendor worker")


def kill_worker_before_the_acknowledgement(stage, vendor, luck, uploads):
    wait_for_moment(lambda: vendor.books("state")["acknowledging"])
    kill(stage, "vendor worker")


def kill_worker_after_the_acknowledgement(stage, vendor, luck, uploads):
    from batches.models import Event  # noqa: PLC0415 - once Django is set up

    acknowledged = Event.objects.filter(upload__in=uploads, what="acknowledged")
    wait_for_moment(acknowledged.exists, pause=0.005)
    kill(stage, "vendor worker")


def kill_web(stage, vendor, luck, uploads):
    wait_for_load(vendor, luck.randrange(1, 60))
    kill(stage, "web")


def empty_redis(stage, vendor, luck, uploads):
    import redis  # noqa: PLC0415 - only this act needs it

    for _ in range(3):
        time.sleep(luck.uniform(0.1, 1.5))
        redis.Redis.from_url(stage.redis.address).flushall()


def restart_redis(stage, vendor, luck, uploads):
    for number in (signal.SIGTERM, signal.SIGKILL):
        time.sleep(luck.uniform(0, 1.5))
        stage.redis.stop(number)
        stage.redis.start()


def take_redis_away(stage, vendor, luck, uploads):
    time.sleep(luck.uniform(0, 1))
    stage.redis.stop()
    time.sleep(30)
    stage.redis.start()


def restart_postgres(stage, vendor, luck, uploads):
    """Once in good order, once as in a crash."""
    for number in (signal.SIGINT, signal.SIGQUIT):
        wait_for_load(vendor)
        stage.postgres.stop(number)
        stage.postgres.start()


def lock_sqlite(stage, vendor, luck, uploads):
    """Somebody else writes, and takes long over it."""
    with contextlib.closing(sqlite3.connect(stage.directory / "v" / "skipportal.sqlite3", timeout=20)) as connection:
        connection.isolation_level = None
        wait_for_load(vendor)
        connection.execute("BEGIN IMMEDIATE")
        time.sleep(3)
        connection.execute("ROLLBACK")


def hold_up_clock(stage, vendor, luck, uploads):
    """For longer than its lease: another takes over, and the first goes on in the belief that it still acts."""
    stage.start_extra("clock")
    time.sleep(luck.uniform(0, 1.5))
    wait_for_moment(lambda: stage.signal("clock", signal.SIGSTOP))
    time.sleep(12)
    stage.signal("clock", signal.SIGCONT)


def kill_clock(stage, vendor, luck, uploads):
    time.sleep(luck.uniform(0, 1.5))
    kill(stage, "clock")


def race(stage, vendor, luck, uploads):
    """A second clock, and two more workers for the queue that sends and one more for that which plans."""
    stage.start_extra("clock")
    for queue in ("vendor", "vendor", "planning"):
        stage.start_extra("rqworker", queue, "--worker-class", "batches.jobs.Worker", "-v0")


def pause_and_resume(stage, vendor, luck, uploads):
    stage.person.press(f"/uploads/{uploads[0]}/pause/")
    time.sleep(luck.uniform(0.5, 3))
    stage.person.press(f"/uploads/{uploads[0]}/resume/")


def cancel(stage, vendor, luck, uploads):
    time.sleep(luck.uniform(0, 2))
    stage.person.press(f"/uploads/{uploads[-1]}/cancel/")


CASES = [
    Case("nothing goes wrong"),
    Case("acknowledgement lost", ("lost_ack=2",)),
    Case("acknowledgement after the first results", ("before_ack=1",)),
    Case("results twice", ("duplicate=0.3",)),
    Case("results never", ("drop=0.05",)),
    Case("results in any order", ("shuffle=1",)),
    Case("completion early", ("completion=early",)),
    Case("completion twice", ("completion=twice",)),
    Case("completion never", ("completion=never",)),
    Case("too fast (429)", ("http_429=3",)),
    Case("daily limit (429)", ("daily=1",)),
    Case("wrong key (401)", ("http_401=1",)),
    Case("vendor fails (500)", ("http_500=1",)),
    Case("vendor busy (503)", ("http_503=3",)),
    Case("fewer received", ("short=11",)),
    Case("a person refused by name", ("refuse=named",), bad_rows=2),
    Case("a person refused without a name", ("refuse=unnamed",), bad_rows=1),
    Case("worker killed before the call is taken", ("before_take=1.5",), kill_worker_before_the_call, "worker"),
    Case(
        "worker killed before the acknowledgement",
        ("before_ack=1.5",),
        kill_worker_before_the_acknowledgement,
        "worker",
    ),
    Case("worker killed after the acknowledgement", (), kill_worker_after_the_acknowledgement, "worker"),
    Case("web killed under load", (), kill_web, "web"),
    Case("Redis emptied", (), empty_redis, "Redis"),
    Case("Redis restarted", (), restart_redis, "Redis"),
    Case("Redis away for 30 s", (), take_redis_away, "Redis"),
    Case("PostgreSQL restarted under load", (), restart_postgres, "database", databases=("postgresql",)),
    Case("SQLite locked under load", (), lock_sqlite, "database", databases=("sqlite",)),
    Case("clock held up, another takes over", (), hold_up_clock, "clock"),
    Case("clock killed", (), kill_clock, "clock"),
    Case("three workers, two clocks", (), race, "more"),
    Case("list paused and resumed", (), pause_and_resume, "list"),
    Case("list cancelled", (), cancel, "list"),
]
SLOW = {"Redis away for 30 s"}


def choose(luck, database):
    """Two to four cases that can be had at once: no two set the same fault, or act against the same thing."""
    possible = [case for case in CASES[1:] if database in case.databases]
    # The slow one takes most of a minute: it comes up a quarter as often as the others.
    weights = [0.25 if case.name in SLOW else 1 for case in possible]
    chosen, wanted, taken = [], luck.randrange(2, 5), set()
    while len(chosen) < wanted:
        case = luck.choices(possible, weights)[0]
        marks = {case.name, *(fault.partition("=")[0] for fault in case.faults), *filter(None, [case.on])}
        if not taken & marks:
            chosen.append(case)
            taken |= marks
    return chosen
