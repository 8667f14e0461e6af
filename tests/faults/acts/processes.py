"""Disturb our own processes: kill or freeze them, or start more of them than usual."""

import shutil
import signal
import time

from tests.faults.acts.moments import MAX_WAIT, wait_for_load, wait_for_moment
from tests.faults.environment import wait_for

FREEZE_SECONDS = 12
"""More seconds than the lease of the clock lasts."""


def kill(system, child):
    """Kill a child of the supervisor and its own children, as soon as it runs."""
    wait_for_moment(lambda: system.signal(child, signal.SIGKILL))


def kill_worker_before_the_call(system, vendor, rng, uploads):
    """Kill the worker when the vendor has received the call but accepted nothing yet."""
    wait_for_moment(lambda: vendor.books("state")["taking"])
    kill(system, "vendor worker")


def kill_worker_before_the_acknowledgement(system, vendor, rng, uploads):
    wait_for_moment(lambda: vendor.books("state")["acknowledging"])
    kill(system, "vendor worker")


def kill_worker_after_the_acknowledgement(system, vendor, rng, uploads):
    from batches.models import Event  # noqa: PLC0415 - once Django is set up

    acknowledged = Event.objects.filter(upload__in=uploads, what="acknowledged")
    wait_for_moment(acknowledged.exists, pause=0.005)
    kill(system, "vendor worker")


def kill_web(system, vendor, rng, uploads):
    wait_for_load(vendor, min_delivered=rng.randrange(1, 60))
    kill(system, "web")


def kill_pages(system, vendor, rng, uploads):
    """Kill the pages repeatedly. No delivery may be affected."""
    wait_for_load(vendor)
    for _ in range(3):
        kill(system, "pages")
        time.sleep(rng.uniform(0.2, 2))
    # After the run, pages are opened without waiting for a restart.
    assert wait_for(lambda: system.user.get_status("/") == 200, MAX_WAIT), "the pages were not restarted"


def empty_metrics(system, vendor, rng, uploads):
    """Delete the directory of metrics repeatedly. The processes must continue without it."""
    wait_for_load(vendor)
    for _ in range(5):
        shutil.rmtree(system.directory / "v" / "metrics", ignore_errors=True)
        time.sleep(0.3)


def freeze_clock(system, vendor, rng, uploads):
    """Freeze the clock for longer than its lease, so that another clock takes over.

    When the first one is continued, it does not know yet that it has lost the lease.
    """
    system.start_command("clock")
    time.sleep(rng.uniform(0, 1.5))
    wait_for_moment(lambda: system.signal("clock", signal.SIGSTOP))
    time.sleep(FREEZE_SECONDS)
    system.signal("clock", signal.SIGCONT)


def kill_clock(system, vendor, rng, uploads):
    time.sleep(rng.uniform(0, 1.5))
    kill(system, "clock")


def start_more_processes(system, vendor, rng, uploads):
    """Start a second clock, two more workers that send and one more that plans."""
    system.start_command("clock")
    for queue in ("vendor", "vendor", "planning"):
        system.start_worker(queue)
