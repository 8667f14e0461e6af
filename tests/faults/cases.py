"""What goes wrong: faults of the vendor, and acts against our own processes and services while lists run."""

import contextlib
import signal
import sqlite3
import time
from dataclasses import dataclass

from tests.faults.stage import wait_for

PATIENCE = 20
"""Seconds that an act waits for its moment; if that does not come, it happens all the same."""


@dataclass(frozen=True)
class Case:
    """`faults` are the sandbox's; `act` is called with the stage, a vendor and luck once the lists have started."""

    name: str
    faults: tuple = ()
    act: object = None
    databases: tuple = ("sqlite", "postgresql")
    bad_rows: int = 0
    """People in each list whom the vendor refuses."""


def kill_worker_before_the_call(stage, vendor, luck):
    """While the vendor has heard the call and has taken nothing yet."""
    wait_for(lambda: vendor.books("state")["taking"], PATIENCE)
    stage.signal("vendor worker", signal.SIGKILL)


def kill_worker_before_the_acknowledgement(stage, vendor, luck):
    wait_for(lambda: vendor.books("state")["acknowledging"], PATIENCE)
    stage.signal("vendor worker", signal.SIGKILL)


def kill_worker_after_the_acknowledgement(stage, vendor, luck):
    wait_for(lambda: vendor.books(), PATIENCE, pause=0.01)
    stage.signal("vendor worker", signal.SIGKILL)


def kill_web(stage, vendor, luck):
    wait_for(lambda: sum(book["delivered"] for book in vendor.books()) > luck.randrange(80), PATIENCE)
    stage.signal("web", signal.SIGKILL)


def empty_redis(stage, vendor, luck):
    import redis  # noqa: PLC0415 - only this act needs it

    for _ in range(3):
        time.sleep(luck.uniform(0.1, 1.5))
        # Another case may have taken it away altogether.
        with contextlib.suppress(redis.ConnectionError):
            redis.Redis.from_url(stage.redis.address).flushall()


def restart_redis(stage, vendor, luck):
    time.sleep(luck.uniform(0, 2))
    stage.redis.stop(luck.choice([signal.SIGTERM, signal.SIGKILL]))
    stage.redis.start()


def take_redis_away(stage, vendor, luck):
    time.sleep(luck.uniform(0, 1))
    stage.redis.stop()
    time.sleep(30)
    stage.redis.start()


def restart_postgres(stage, vendor, luck):
    """Once in good order, once as in a crash."""
    for number in (signal.SIGINT, signal.SIGQUIT):
        time.sleep(luck.uniform(0.2, 2))
        stage.postgres.stop(number)
        stage.postgres.start()


def lock_sqlite(stage, vendor, luck):
    """Somebody else writes, and takes long over it."""
    with contextlib.closing(sqlite3.connect(stage.directory / "v" / "skipportal.sqlite3", timeout=20)) as connection:
        connection.isolation_level = None
        for _ in range(2):
            time.sleep(luck.uniform(0.2, 2))
            connection.execute("BEGIN IMMEDIATE")
            time.sleep(3)
            connection.execute("ROLLBACK")


def stop_clock(stage, vendor, luck):
    """Held up for longer than its lease, so that it goes on in the belief that it still acts."""
    time.sleep(luck.uniform(0, 1.5))
    stage.signal("clock", signal.SIGSTOP)
    time.sleep(luck.choice([3, 12]))
    stage.signal("clock", signal.SIGCONT)


def kill_clock(stage, vendor, luck):
    time.sleep(luck.uniform(0, 1.5))
    stage.signal("clock", signal.SIGKILL)


def race(stage, vendor, luck):
    """A second clock, and two more workers for each queue that sends and plans."""
    stage.start_extra("clock")
    for queue in ("vendor", "vendor", "planning"):
        stage.start_extra("rqworker", queue, "--worker-class", "batches.jobs.Worker", "-v0")


CASES = [
    Case("nothing goes wrong"),
    Case("acknowledgement lost", ("lost_ack=1",)),
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
    Case("worker killed before the call is taken", ("before_take=1.5",), kill_worker_before_the_call),
    Case("worker killed before the acknowledgement", ("before_ack=1.5",), kill_worker_before_the_acknowledgement),
    Case("worker killed after the acknowledgement", (), kill_worker_after_the_acknowledgement),
    Case("web killed under load", (), kill_web),
    Case("Redis emptied", (), empty_redis),
    Case("Redis restarted", (), restart_redis),
    Case("Redis away for 30 s", (), take_redis_away),
    Case("PostgreSQL restarted under load", (), restart_postgres, databases=("postgresql",)),
    Case("SQLite locked under load", (), lock_sqlite, databases=("sqlite",)),
    Case("clock held up", (), stop_clock),
    Case("clock killed", (), kill_clock),
    Case("three workers, two clocks", (), race),
]
SLOW = {"Redis away for 30 s"}


def choose(luck, database):
    """Two to four cases that can be had at once: no two of them set the same fault."""
    possible = [case for case in CASES[1:] if database in case.databases]
    # The slow one takes a minute: it comes up a quarter as often as the others.
    weights = [0.25 if case.name in SLOW else 1 for case in possible]
    chosen, wanted = [], luck.randrange(2, 5)
    while len(chosen) < wanted:
        case = luck.choices(possible, weights)[0]
        taken = {fault.partition("=")[0] for other in chosen for fault in other.faults}
        if case not in chosen and not taken & {fault.partition("=")[0] for fault in case.faults}:
            chosen.append(case)
    return chosen
