"""Measure the memory of all processes, what they cost when idle, and how long starts and stops take."""

import argparse
import json
import os
import shutil
import statistics
import time
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

import psycopg

from tests.support.portal import Portal, make_database
from tests.support.services import Postgres, free_port, make_directory

TICKS = os.sysconf("SC_CLK_TCK")
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
            postgres.start()
            address = make_database(postgres.address)
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
    """Return the memory of all processes, their share of a core, and the database's transactions per second."""
    processes = list(portal.list_processes())
    cpu, transactions = read_cpu(processes), count_transactions(address)
    time.sleep(seconds)
    cpu = {pid: read_cpu([pid]) for pid in processes}, cpu
    sizes = {pid: read_size(pid) for pid in processes}
    return {
        "idle, percent of a core": round(100 * (sum(cpu[0].values()) - cpu[1]) / seconds, 2),
        "idle, transactions per second": round((count_transactions(address) - transactions) / seconds, 1),
        "MiB (PSS)": round(sum(sizes.values()), 1),
        "each": {f"{read_title(pid)} ({pid})": round(size, 1) for pid, size in sizes.items()},
    }


def read_size(pid: int) -> float:
    """Return the proportional set size in MiB: pages that several processes share count as one part for each."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def read_cpu(pids: Iterable[int]) -> float:
    """Return the seconds of CPU that processes have used."""
    # The name of the process, in parentheses, may contain spaces.
    fields = (Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids)
    return sum(int(each[11]) + int(each[12]) for each in fields) / TICKS


def read_title(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").strip()


def count_transactions(address):
    """Return how many transactions PostgreSQL has finished in the database, or 0 for SQLite."""
    if address is None:
        return 0
    with psycopg.connect(address) as connection:
        query = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"
        return connection.execute(query).fetchone()[0]


if __name__ == "__main__":
    main()
