"""Act as operators: start processes by hand, restart receivers behind a proxy, rotate the key. Also: a wrong clock."""

import os
import shutil
import signal
import sys
import time

from tests.faults.acts.moments import Missed, is_under_load, wait_for_load, wait_for_moment
from tests.faults.environment import responds_ok, wait_for
from tests.faults.operating import RECEIVER, read_commands
from tests.support.services import Nginx, free_port

AHEAD = """
import sys
from datetime import UTC, datetime, timedelta
import time_machine
time_machine.travel(datetime.now(UTC) + timedelta(seconds=200), tick=True).start()
from django.core.management import execute_from_command_line
execute_from_command_line(["manage.py", *sys.argv[1:]])
"""
"""Code that runs a management command as on a host with a wrong clock."""
MAX_RESTARTS = 4
"""Two of each receiver."""
MIN_DELIVERIES = 5
"""Minimum number of deliveries that must arrive while the second one is restarted."""


def start_separately(system, vendor, rng, uploads):
    """Stop everything midway and start each process by itself. Nothing may be sent before a receiver runs."""
    from django.utils import timezone  # noqa: PLC0415 - once Django is set up

    from batches.models import Batch  # noqa: PLC0415
    from batches.statuses import BatchKind  # noqa: PLC0415

    wait_for_load(vendor)
    system.portal.stop()
    stopped = timezone.now()
    commands = read_commands(system.portal)
    rng.shuffle(commands)
    for command in commands:
        if RECEIVER in command:
            received = timezone.now()
        system.start_process(command)
        time.sleep(rng.uniform(0, 1.5))
    wait_for_moment(lambda: responds_ok(f"{system.portal.address}/readyz"))
    sent = Batch.objects.filter(upload__in=uploads, kind=BatchKind.BULK, submitted_at__range=(stopped, received))
    assert not sent.exists(), "a batch was sent before a receiver was started"


def put_behind_proxy(system):
    """Start a second receiver, and a proxy in front of both that the vendor calls."""
    if not shutil.which("nginx"):
        raise Missed
    system.second_port = free_port()
    system.proxy = Nginx(system.directory, [system.portal.port, system.second_port])
    system.proxy.start()
    system.second = system.start_receiver(system.second_port)
    system.restart(PUBLIC_URL=system.proxy.address)


def restart_receivers(system, vendor, rng, uploads):
    """Restart one receiver after the other. The proxy uses the other one meanwhile, and no delivery is refused."""
    wait_for_load(vendor)
    counts = [len(system.proxy.read_statuses())]
    # Between two batches, nothing is delivered for a moment.
    while len(counts) <= MAX_RESTARTS and wait_for(lambda: is_under_load(vendor), 3):
        restart = restart_first if len(counts) % 2 else restart_second
        restart(system)
        counts.append(len(system.proxy.read_statuses()))
    if len(counts) <= 2 or counts[2] - counts[1] < MIN_DELIVERIES:
        raise Missed
    statuses = system.proxy.read_statuses()
    refused = [status for status in statuses if status != "200"]
    assert not refused, f"{len(refused)} of {len(statuses)} deliveries were answered with {set(refused)}"


def restart_first(system):
    [web] = system.find_children("web")
    os.kill(web, signal.SIGTERM)
    wait_for_moment(lambda: is_restarted(system, web))


def restart_second(system):
    system.end_process(system.second)
    system.second = system.start_receiver(system.second_port)


def is_restarted(system, web):
    return system.find_children("web") not in ([web], []) and responds_ok(f"{system.portal.address}/healthz")


def rotate_key(system, vendor, rng, uploads):
    """Rotate the key on two hosts as docs/operations.md says. The second host, which only sends, follows later."""
    old, new = system.portal.environment["REALESTATEAPI_KEY"], system.next_key
    second = system.start_worker("vendor")
    wait_for_load(vendor)
    system.restart(REALESTATEAPI_KEYS_ACCEPTED=new)
    time.sleep(rng.uniform(0, 3))
    system.restart(REALESTATEAPI_KEY=new, REALESTATEAPI_KEYS_ACCEPTED=old)
    time.sleep(rng.uniform(0, 3))
    system.end_process(second)
    system.start_worker("vendor")
    done = system.portal.manage("use_key")
    assert done.returncode == 0, done.stderr


def run_clock_ahead(system, vendor, rng, uploads):
    """Run the acting clock, and workers that send, plan and digest, on a host that is 200 s ahead."""
    from batches.models import Lease  # noqa: PLC0415 - once Django is set up

    command = [sys.executable, "-c", AHEAD]
    clock = system.start_process([*command, "clock"])
    for queue in ("vendor", "planning", "results"):
        system.start_process([*command, "rqworker", queue, "--worker-class", "batches.jobs.Worker", "-v0"])

    def acts():
        return Lease.objects.filter(name="clock", holder__contains=f":{clock.pid}:").exists()

    def take_over():
        """Stop the other clock, which releases the lease. Return whether ours gets it, which is left to chance."""
        system.signal("clock", signal.SIGTERM)
        return wait_for(acts, 3)

    wait_for_load(vendor)
    wait_for_moment(take_over)
