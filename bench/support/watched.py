"""Measure what open dashboards cost the receivers, as part of script/bench pages."""

import json
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager

from bench.support.database import fill_database
from bench.support.load import Calls, drive, percentile
from bench.webhooks import OURS, running

WATCHERS = 100
WARM_UP = 3
"""Seconds until all dashboards poll steadily and measuring begins."""
LOOKS = "looks: p50, p95 | their callers, of a core |"


@contextmanager
def watching(port, count):
    """Keep `count` dashboards open until the block ends. Yield a dict, filled with their report."""
    from django.contrib.auth import get_user_model  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    client, seen = Client(), {}
    client.force_login(get_user_model().objects.get_or_create(username="bench")[0])
    command = [sys.executable, "-m", "bench.support.dashboards", port, client.cookies["sessionid"].value, count]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([*map(str, command)], **pipes) as process:
        time.sleep(WARM_UP)
        yield seen
        # They poll until their input ends, so they were open during all measurements.
        seen |= json.loads(process.communicate()[0])


def measure_pace(count, per_second, seconds):
    """Return the latencies in ms of results at a steady pace with `count` dashboards open, and their report."""
    calls = Calls(200 + per_second * seconds, 2_000)
    fill_database(len(calls))
    with running(OURS) as (port, _), watching(port, count) as seen:
        drive(port, calls, range(200), 4)
        outcome = drive(port, calls, range(200, len(calls)), 32, per_second)
    assert set(outcome.statuses[200:]) == {200}
    return [1000 * outcome.percentile(share) for share in (0.5, 0.99, 1)], outcome.per_second, seen


def measure_speed(count, results):
    """Return the results per second at saturation with `count` dashboards open, and their report."""
    calls = Calls(results, 2_000)
    fill_database(len(calls))
    with running(OURS) as (port, _), watching(port, count) as seen:
        drive(port, calls, range(2_000), 32)
        outcome = drive(port, calls, range(2_000, len(calls)), 32)
    assert set(outcome.statuses[2_000:]) == {200}
    return outcome.per_second, seen


def describe_looks(seen):
    if not seen["looks"]:
        return "— | —"
    statuses, times, _ = zip(*seen["looks"], strict=True)
    assert set(statuses) <= {200, 304}, "A dashboard was not answered."
    middle, high = (1000 * seconds for seconds in (statistics.median(times), percentile(times, 0.95)))
    unchanged = statuses.count(304) / len(statuses)
    return f"{middle:.0f}, {high:.0f} ms; {unchanged:.0%} unchanged | {seen['cores']:.0%}"


def measure_watched(rounds):
    from django.core.management import call_command  # noqa: PLC0415

    call_command("collectstatic", verbosity=0, interactive=False)
    print(f"| open dashboards | results at 50 per second: p50, p99, longest ms | {LOOKS}")
    print("|--:|--:|--:|--:|")
    for count in (0, WATCHERS):
        times, _, seen = measure_pace(count, 50, 60)
        print(f"| {count} | {', '.join(f'{t:.1f}' for t in times)} | {describe_looks(seen)} |", flush=True)
    print(f"\n| round | results per second, no dashboard | with {WATCHERS} | ratio | {LOOKS}")
    print("|--:|--:|--:|--:|--:|--:|")
    for number in range(rounds):
        (alone, _), (watched, seen) = measure_speed(0, 20_000), measure_speed(WATCHERS, 20_000)
        cells = f"{alone:.0f} | {watched:.0f} | {watched / alone:.2f} | {describe_looks(seen)}"
        print(f"| {number + 1} | {cells} |", flush=True)
