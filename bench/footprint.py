"""Measure the memory of all processes, what they cost when idle, and how long starts and stops take."""

import argparse
import json
import shutil
import statistics
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import psycopg

from tests.support.portal import Portal, make_database
from tests.support.services import Postgres, free_port, make_directory

SETTLE_SECONDS = 20
"""How long the processes run before anything is measured."""


def main():
    parser = argparse.ArgumentParser(prog="script/bench footprint", description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--seconds", type=int, default=60, help="How long the idle processes are watched.")
    parser.add_argument("--starts", type=int, default=3, help="Starts on the prepared database.")
    options = parser.parse_args()
    directory = make_directory()
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        address = None
        if options.database == "postgresql":
            postgres = Postgres(directory)
            stack.callback(postgres.stop)
            postgres.command += ["-c", "shared_preload_libraries=pg_stat_statements"]
            postgres.start()
            address = make_database(postgres.address)
            with psycopg.connect(address) as connection:
                connection.execute("CREATE EXTENSION pg_stat_statements")
        # Redis is the embedded one. There is a key, so that the sandbox vendor is not measured.
        vendor = {"REALESTATEAPI_KEY": "a-key", "REALESTATEAPI_URL": f"http://127.0.0.1:{free_port()}"}
        portal = Portal(directory / "v", address, **vendor)
        stack.callback(portal.stop)
        first_start = measure(portal.start)
        stops, starts = [measure(portal.stop)], []
        for _ in range(options.starts):
            starts.append(measure(portal.start))
            stops.append(measure(portal.stop))
        portal.start()
        time.sleep(SETTLE_SECONDS)
        report = {
            "database": options.database,
            "seconds from the first start to ready": round(first_start, 1),
            "seconds from a start to ready": [round(each, 2) for each in starts],
            "seconds to stop": [round(each, 2) for each in stops],
            "median start and stop": [round(statistics.median(each), 2) for each in (starts, stops)],
            **watch(portal, address, options.seconds),
        }
        print(json.dumps(report, indent=2))


def measure(function):
    """Return the seconds that a call takes."""
    begin = time.monotonic()
    function()
    return time.monotonic() - begin


def watch(portal, address, seconds):
    """Return the memory of all processes, what they cost while nothing happens, and the database's share of that."""
    processes = list_processes(portal)
    before, queries_before = {pid: read_cost(pid) for pid in processes}, count_queries(address)
    time.sleep(seconds)
    costs = {pid: read_cost(pid) for pid in processes}
    cpu = {pid: 100 * (costs[pid][0] - before[pid][0]) / seconds for pid in processes}
    wakes = {pid: (costs[pid][1] - before[pid][1]) / seconds for pid in processes}
    sizes = {pid: read_size(pid) for pid in processes}
    rates = [(now - then) / seconds for now, then in zip(count_queries(address), queries_before, strict=True)]
    return {
        "idle, percent of a core": round(sum(cpu.values()), 2),
        "idle, wake-ups per second": round(sum(wakes.values()), 1),
        "idle, transactions and statements per second": [round(rate, 1) for rate in rates],
        "MiB (PSS)": round(sum(sizes.values()), 1),
        "each: MiB, percent of a core, wake-ups per second": {
            f"{read_title(pid)} ({pid})": f"{sizes[pid]:.1f}, {cpu[pid]:.2f}, {wakes[pid]:.1f}" for pid in processes
        },
    }


def list_processes(portal):
    """Return the ids of a portal's processes. Redis overwrites its environment, by which the others are recognised."""
    found = set(portal.list_processes())
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(path.read_text().rpartition(")")[2].split()[1]) in found:
                found.add(int(path.parent.name))
    return sorted(found)


def read_size(pid: int) -> float:
    """Return the proportional set size in MiB: pages that several processes share count as one part for each."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def read_cost(pid: int) -> tuple[float, int]:
    """Return the seconds of CPU that a process has used, and how often its threads have gone to sleep and woken up."""
    threads = list(Path(f"/proc/{pid}/task").iterdir())
    # The kernel counts nanoseconds here; in `stat`, it counts ticks of 10 ms.
    seconds = sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9
    lines = [line for thread in threads for line in (thread / "status").read_text().splitlines()]
    return seconds, sum(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches"))


def read_title(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").strip()


def count_queries(address):
    """Return how many transactions and statements PostgreSQL has finished in the database, or zeros for SQLite."""
    if address is None:
        return 0, 0
    with psycopg.connect(address) as connection:
        query = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"
        (transactions,) = connection.execute(query).fetchone()
        (statements,) = connection.execute("SELECT coalesce(sum(calls), 0) FROM pg_stat_statements").fetchone()
        return transactions, int(statements)


if __name__ == "__main__":
    main()
