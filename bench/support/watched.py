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

DASHBOARDS = 100
PER_SECOND = 50
"""Results per second at a steady pace, which is the vendor's."""
SLOW_WARM_UP = 200
"""Results sent before those that are measured, at a steady pace."""
FAST_WARM_UP = 2_000
"""Results sent before those that are measured, at saturation."""
BODIES = 2_000
"""Number of different answers."""
START_SECONDS = 3
"""Seconds until all dashboards poll steadily and measuring begins."""
POLL_HEADINGS = "polls: p50, p95 | callers' share of a core |"


@contextmanager
def watching(port, count):
    """Keep `count` dashboards open until the block ends. Yield a dict, which then contains their report."""
    from django.contrib.auth import get_user_model  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    client, report = Client(), {}
    user, _ = get_user_model().objects.get_or_create(username="bench", defaults={"is_superuser": True})
    client.force_login(user)
    command = [sys.executable, "-m", "bench.support.dashboards", port, client.cookies["sessionid"].value, count]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([*map(str, command)], **pipes) as process:
        time.sleep(START_SECONDS)
        yield report
        # The dashboards poll until their input ends here, so they were open during the whole measurement.
        report |= json.loads(process.communicate()[0])


def measure_latencies(count, seconds):
    """Return the p50, p99 and longest latency in ms with `count` dashboards open, and the report of the dashboards."""
    calls = Calls(SLOW_WARM_UP + PER_SECOND * seconds, BODIES)
    fill_database(len(calls))
    with running(OURS) as (port, _), watching(port, count) as report:
        drive(port, calls, range(SLOW_WARM_UP), connections=4)
        outcome = drive(port, calls, range(SLOW_WARM_UP, len(calls)), per_second=PER_SECOND)
    assert set(outcome.statuses[SLOW_WARM_UP:]) == {200}
    return [1000 * outcome.percentile(share) for share in (0.5, 0.99, 1)], report


def measure_speed(count, results):
    """Return the results per second at saturation with `count` dashboards open, and the report of the dashboards."""
    calls = Calls(results, BODIES)
    fill_database(len(calls))
    with running(OURS) as (port, _), watching(port, count) as report:
        drive(port, calls, range(FAST_WARM_UP))
        outcome = drive(port, calls, range(FAST_WARM_UP, len(calls)))
    assert set(outcome.statuses[FAST_WARM_UP:]) == {200}
    return outcome.per_second, report


def describe_polls(report):
    """Return the table cells that belong below POLL_HEADINGS."""
    if not report["polls"]:
        return "— | —"
    statuses, times, _ = zip(*report["polls"], strict=True)
    assert set(statuses) <= {200, 304}, "A poll of a dashboard failed."
    p50, p95 = 1000 * statistics.median(times), 1000 * percentile(times, 0.95)
    unchanged = statuses.count(304) / len(statuses)
    return f"{p50:.0f}, {p95:.0f} ms; {unchanged:.0%} unchanged | {report['cores']:.0%}"


def measure_watched(rounds):
    from django.core.management import call_command  # noqa: PLC0415

    call_command("collectstatic", verbosity=0, interactive=False)
    print(f"| open dashboards | results at {PER_SECOND} per second: p50, p99, longest ms | {POLL_HEADINGS}")
    print("|--:|--:|--:|--:|")
    for count in (0, DASHBOARDS):
        latencies, report = measure_latencies(count, seconds=60)
        times = ", ".join(f"{latency:.1f}" for latency in latencies)
        print(f"| {count} | {times} | {describe_polls(report)} |", flush=True)
    print(f"\n| round | results per second, no dashboard | with {DASHBOARDS} | ratio | {POLL_HEADINGS}")
    print("|--:|--:|--:|--:|--:|--:|")
    for number in range(rounds):
        alone, _ = measure_speed(0, results=20_000)
        watched, report = measure_speed(DASHBOARDS, results=20_000)
        cells = f"{alone:.0f} | {watched:.0f} | {watched / alone:.2f} | {describe_polls(report)}"
        print(f"| {number + 1} | {cells} |", flush=True)
