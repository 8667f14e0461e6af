"""Do what operators do: start processes by hand, restart receivers, rotate the key, and add hosts."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time

from tests.faults.acts.moments import Missed, is_under_load, wait_for_load, wait_for_moment
from tests.faults.environment import responds_ok, wait_for
from tests.faults.operating import RECEIVER, read_commands
from tests.support.portal import ROOT
from tests.support.services import Nginx, PgBouncer, free_port, make_directory

RUN_COMMAND_AHEAD = """
import sys
from datetime import UTC, datetime, timedelta
import time_machine
time_machine.travel(datetime.now(UTC) + timedelta(seconds=200), tick=True).start()
from django.core.management import execute_from_command_line
execute_from_command_line(["manage.py", *sys.argv[1:]])
"""
"""A program that runs a management command as on a host whose clock is 200 s ahead."""
RECEIVER_AHEAD = "tests.faults.receiver_ahead:application"
POOL_REFUSED_MESSAGE = "DATABASE_URL goes through a connection pool that breaks prepared statements"
MAX_RESTARTS = 4
"""Two restarts of each receiver."""
REFUSAL_WAIT = 60
"""Seconds within which a process must have refused to start."""
MIN_DELIVERIES = 5
"""Deliveries that must arrive while the second receiver is restarted, so that the run counts."""


def start_separately(system, vendor, rng, uploads):
    """Stop everything under load and start each process by itself. Nothing may be sent before a receiver runs."""
    from django.utils import timezone  # noqa: PLC0415 - once Django is set up

    from batches.models import Batch  # noqa: PLC0415
    from batches.statuses import BatchKind  # noqa: PLC0415

    wait_for_load(vendor)
    system.portal.stop()
    stopped_at = timezone.now()
    commands = read_commands()
    rng.shuffle(commands)
    for command in commands:
        if command[-1] == "receiver":
            receiver_started_at = timezone.now()
        system.start_process(command)
        time.sleep(rng.uniform(0, 1.5))
    wait_for_moment(lambda: responds_ok(f"{system.portal.address}/readyz"))
    without_receiver = (stopped_at, receiver_started_at)
    sent = Batch.objects.filter(upload__in=uploads, kind=BatchKind.BULK, submitted_at__range=without_receiver)
    assert not sent.exists(), "a batch was sent before a receiver was started"


def put_behind_proxy(system, application=RECEIVER):
    """Start a second receiver, and a proxy in front of both receivers. The vendor calls the proxy."""
    if not shutil.which("nginx"):
        raise Missed
    system.second_receiver_port = free_port()
    system.proxy = Nginx(system.directory, [system.portal.port, system.second_receiver_port])
    system.proxy.start()
    system.second_receiver = system.start_receiver(system.second_receiver_port, application)
    system.restart(PUBLIC_URL=system.proxy.address)


def put_receiver_ahead(system):
    """Have half of the deliveries arrive at a receiver on a host whose clock is 200 s ahead."""
    put_behind_proxy(system, RECEIVER_AHEAD)


def restart_receivers(system, vendor, rng, uploads):
    """Restart the two receivers in turn. The proxy uses the other one in the meantime: no delivery may be refused."""
    wait_for_load(vendor)
    received = len(system.proxy.read_statuses())
    received_during_restarts = []
    # Wait, because nothing is delivered for a moment between two batches.
    while len(received_during_restarts) < MAX_RESTARTS and wait_for(lambda: is_under_load(vendor), 3):
        restart = restart_second if len(received_during_restarts) % 2 else restart_first
        restart(system)
        previously_received, received = received, len(system.proxy.read_statuses())
        received_during_restarts.append(received - previously_received)
    if len(received_during_restarts) < 2 or received_during_restarts[1] < MIN_DELIVERIES:
        raise Missed
    statuses = system.proxy.read_statuses()
    refused = [status for status in statuses if status != "200"]
    assert not refused, f"{len(refused)} of {len(statuses)} deliveries got the statuses {set(refused)}"


def restart_first(system):
    """Stop the supervisor's receiver, and wait until the supervisor has restarted it."""
    [web] = system.find_children("web")
    os.kill(web, signal.SIGTERM)
    wait_for_moment(lambda: is_replaced(system, web))


def restart_second(system):
    system.stop_process(system.second_receiver)
    system.second_receiver = system.start_receiver(system.second_receiver_port)


def is_replaced(system, old_web):
    """Return whether another process has taken the place of the supervisor's receiver and responds."""
    return system.find_children("web") not in ([old_web], []) and responds_ok(f"{system.portal.address}/healthz")


def rotate_key(system, vendor, rng, uploads):
    """Rotate the key on two hosts as docs/operations.md says. The second host, which only sends, follows later."""
    old_key, new_key = system.portal.environment["REALESTATEAPI_KEY"], system.next_key
    worker_on_second_host = system.start_worker("vendor")
    wait_for_load(vendor)
    system.restart(REALESTATEAPI_KEYS_ACCEPTED=new_key)
    time.sleep(rng.uniform(0, 3))
    system.restart(REALESTATEAPI_KEY=new_key, REALESTATEAPI_KEYS_ACCEPTED=old_key)
    time.sleep(rng.uniform(0, 3))
    system.stop_process(worker_on_second_host)
    system.start_worker("vendor")
    result = system.portal.manage("use_key")
    assert result.returncode == 0, result.stderr


def run_clock_ahead(system, vendor, rng, uploads):
    """Run the clock that acts, and workers that send, plan and digest, on a host whose clock is 200 s ahead."""
    from batches.models import Lease  # noqa: PLC0415 - once Django is set up

    command = [sys.executable, "-c", RUN_COMMAND_AHEAD]
    clock = system.start_process([*command, "clock"])
    for queue in ("vendor", "planning", "results"):
        system.start_process([*command, "rqworker", queue, "--worker-class", "batches.jobs.Worker", "-v0"])

    def has_lease():
        return Lease.objects.filter(name="clock", holder__contains=f":{clock.pid}:").exists()

    def take_over():
        """Stop the supervisor's clock, which releases the lease. Return whether ours gets it, which is not certain."""
        system.signal("clock", signal.SIGTERM)
        return wait_for(has_lease, 3)

    wait_for_load(vendor)
    wait_for_moment(take_over)


def start_behind_pool(system, vendor, rng, uploads):
    """Start each process of a second host behind a pool in transaction mode. Each must refuse to start, and say why."""
    if not shutil.which("pgbouncer"):
        raise Missed
    direct_url = system.portal.environment["DATABASE_URL"]
    host, port = re.search(r"@([^:/]+):(\d+)/", direct_url).groups()
    bouncer = PgBouncer(system.directory, host, port, "transaction", pool_size=10)
    bouncer.start()
    second_host = {"VAR_DIR": str(make_directory()), "PORT": str(free_port())}
    environment = system.portal.environment | second_host
    environment["DATABASE_URL"] = direct_url.replace(f":{port}/", f":{bouncer.port}/")
    wait_for_load(vendor)
    try:
        for command in read_commands():
            options = {"cwd": ROOT, "env": environment, "capture_output": True, "text": True, "timeout": REFUSAL_WAIT}
            result = subprocess.run(command, **options)
            assert result.returncode != 0, f"{command} started behind a pool that breaks prepared statements"
            assert POOL_REFUSED_MESSAGE in result.stdout + result.stderr, f"{command} does not say why it did not start"
    finally:
        bouncer.stop()
