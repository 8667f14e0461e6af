"""Compare how fast results are filed by our receiver, by those the vendor suggests, and by PostgreSQL alone."""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bench.support.bodies import make_body
from bench.support.database import fill_database, run, run_postgres, stream
from bench.support.load import FIRST_KEY, PER_BATCH, Calls, drive
from skipportal.supervisor import is_listening, web_command
from tests.support.services import free_port, wait_until

EXPRESS = Path(__file__).parent / "peers" / "express"
WARM_UP = 2_000
"""Calls made before measuring, while Node compiles and connections are opened."""
PACE_WARM_UP = 200
"""Calls made before measuring at a steady pace."""
SCRIPTS = 100
"""Number of different bodies that pgbench stores."""
SOAK_STEP = 20_000
"""Number of results sent between two lines of a soak's report."""
MAX_SPEED = 6_000
"""Results per second for which a soak prepares enough calls."""


@dataclass(frozen=True)
class Contender:
    name: str
    command: list
    """The words of the command, in which PORT stands for the port."""
    environment: tuple = ()
    stored_query: str = f"SELECT id, answer FROM batches_item WHERE outcome = 'matched' AND id >= {FIRST_KEY}"
    """Query for the ids of the items that have an answer, and the answers."""


def make_express(name, script, workers, stored_query):
    environment = {"API_KEY": "a-key", "WORKERS": str(workers), "POOL": str(16 // workers), "NODE_ENV": "production"}
    title = f"{name}, {workers} process{'es' if workers > 1 else ''}"
    return Contender(title, ["node", str(EXPRESS / script)], tuple(environment.items()), stored_query)


def make_ours(name, *words, application="skipportal.asgi:application"):
    """Return our receiver as another web server runs it."""
    return Contender(name, [sys.executable, "-m", *words, application])


OURS = Contender("ours", web_command("127.0.0.1", "PORT"))
LIMIT = Contender("pgbench, the same statement", [])
"""The speed that PostgreSQL itself allows. There is no receiver to run."""
PAYLOADS_QUERY = (
    "SELECT b.id, payload::text FROM peer_result JOIN batches_item b ON b.id = item_id AND outcome = 'matched'"
)
PEERS = [
    make_express(name, script, workers, stored_query)
    for name, script, stored_query in [
        ("Express, transaction", "transaction.js", PAYLOADS_QUERY),
        ("Express, one prepared statement", "prepared.js", Contender.stored_query),
    ]
    for workers in (1, 2)
]
GRANIAN = ["granian", "--host", "127.0.0.1", "--port", "PORT", "--log-level", "warning", "--interface"]
UVICORN = ["uvicorn", "--host", "127.0.0.1", "--port", "PORT", "--log-level", "warning", "--no-access-log"]
GUNICORN = ["gunicorn", "--bind", "127.0.0.1:PORT", "--log-level", "warning"]
SERVERS = [
    make_ours("granian ASGI, 1 worker", *GRANIAN, "asginl", "--loop", "uvloop", "--workers", "1"),
    make_ours("granian ASGI, 3 workers", *GRANIAN, "asginl", "--loop", "uvloop", "--workers", "3"),
    make_ours("granian ASGI, 2 workers, asyncio's loop", *GRANIAN, "asginl", "--loop", "asyncio", "--workers", "2"),
    make_ours("uvicorn, 2 workers", *UVICORN, "--workers", "2", "--loop", "uvloop", "--http", "httptools"),
    make_ours("gunicorn ASGI, 2 workers", *GUNICORN, "--worker-class", "asgi", "--workers", "2"),
    *(
        make_ours(f"plain Django view, {name}", *words, application="bench.peers.plain:application")
        for name, words in [
            ("granian WSGI, 2 of 4 threads", [*GRANIAN, "wsgi", "--workers", "2", "--blocking-threads", "4"]),
            ("gunicorn gthread, 2 of 4 threads", [*GUNICORN, "--workers", "2", "--threads", "4"]),
        ]
    ),
]


@contextmanager
def running(contender):
    """Run a contender. Yield its port and process id."""
    port = free_port()
    command = [word.replace("PORT", str(port)) for word in contender.command]
    environment = os.environ | dict(contender.environment) | {"PORT": str(port)}
    process = subprocess.Popen(command, env=environment, start_new_session=True)
    try:
        wait_until(lambda: is_listening(port), contender.name)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(30)


def measure_speed(contender, calls, connections):
    """Return the results per second at saturation, after checking that every result is stored."""
    fill_database(len(calls))
    with running(contender) as (port, _):
        drive(port, calls, range(WARM_UP), connections)
        outcome = drive(port, calls, range(WARM_UP, len(calls)), connections)
    assert set(outcome.statuses[WARM_UP:]) == {200}, f"{contender.name} refused results."
    verify(contender, calls, len(calls))
    return outcome.per_second


def verify(contender, calls, count):
    """Check that the answer of each of the first `count` calls is stored exactly once, in its own item."""
    stored_counts = bytearray(count)
    with stream(contender.stored_query) as rows:
        for key, stored in rows:
            position = key - FIRST_KEY
            sent = calls.body(position)
            # A column of type jsonb keeps neither the order of keys nor the spaces.
            is_same = stored == sent.decode() or json.loads(stored) == json.loads(sent)
            assert is_same, "The answer of another item is stored."
            stored_counts[position] += 1
    stored_once = stored_counts.count(1)
    assert stored_once == count, f"{contender.name}: of {count} results, {stored_once} are stored once."


def measure_pgbench(postgres, directory, count, connections=8):
    """Return the transactions per second of pgbench with the prepared statement that files an answer.

    It stores the same kind of bodies, over the number of connections with which it is fastest.
    """
    fill_database(count)
    # Without this, PostgreSQL would plan the first five executions of each client and script.
    environment = os.environ | {"PGOPTIONS": "-c plan_cache_mode=force_generic_plan"}
    command = [postgres.binaries / "pgbench", "-h", "127.0.0.1", "-p", str(postgres.port), "-U", "postgres", "-n"]
    command += ["-M", "prepared", "-c", str(connections), "-j", "1", "-t", str(count // connections)]
    command += ["-D", "n=-1", "-D", f"clients={connections}"]
    for number in range(SCRIPTS):
        script, body = write_script(directory, number)
        command += ["-f", script, "-D", f"body{number}={body}"]
    command = [*map(str, command), "postgres"]
    report = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
    [[filed]] = run("SELECT count(*) FROM batches_item WHERE outcome = 'matched'")
    assert filed == count // connections * connections
    # The line reads: tps = 6543.21 (without initial connection time)
    return float(re.search(r"^tps = ([\d.]+)", report, re.MULTILINE)[1])


def write_script(directory, number):
    """Return the script of a pgbench transaction, and the body that it stores."""
    from batches.tracing.filing import FILE_SQL  # noqa: PLC0415 - once Django is set up

    values = {
        "item_id": ":key",
        "token": ":token",
        "outcome": "'matched'",
        "message": "'Successful'",
        "request_id": f"'request-{number}'",
        "credits": "1",
        "answer": f":body{number}",
    }
    statement = (FILE_SQL.format(table="batches_item", now="statement_timestamp()") % values).replace("\n", " ")
    lines = [r"\set n :n + 1", r"\set position :n * :clients + :client_id", rf"\set key {FIRST_KEY} + :position"]
    lines += [rf"\set batch :position / {PER_BATCH}", statement.replace(":token", "'b' || lpad(:batch::text, 9, '0')")]
    path = directory / f"{number}.sql"
    path.write_text("\n".join(lines) + ";\n")
    return path, make_body(FIRST_KEY, number).decode()


# Measurements at a steady pace, and over a long time


def read_usage(pid):
    """Return the CPU seconds that a process and its children have used, and their memory in bytes."""
    seconds, memory = 0, 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # The fields after the name, as proc(5) lists them from `state` on.
            _state, parent, _group, session, *others = path.read_text().rpartition(")")[2].split()
            times, resident_pages = others[7:11], others[17]
            # Compare the parent too, because PostgreSQL's processes have sessions of their own.
            if pid in (int(path.parent.name), int(parent), int(session)):
                seconds += sum(map(int, times)) / os.sysconf("SC_CLK_TCK")
                memory += int(resident_pages) * os.sysconf("SC_PAGE_SIZE")
    return seconds, memory


def measure_pace(contender, calls, postgres, per_second):
    """Return what a steady pace costs: three latencies in ms, and the server's and PostgreSQL's shares of a core."""
    fill_database(len(calls))
    with running(contender) as (port, server_pid):
        pids = [server_pid, postgres.process.pid]
        drive(port, calls, range(PACE_WARM_UP), 4)
        seconds_before = [read_usage(pid)[0] for pid in pids]
        outcome = drive(port, calls, range(PACE_WARM_UP, len(calls)), 32, per_second)
        seconds_after = [read_usage(pid)[0] for pid in pids]
    assert set(outcome.statuses[PACE_WARM_UP:]) == {200}, f"{contender.name} refused results."
    verify(contender, calls, len(calls))
    latencies = [1000 * outcome.percentile(share) for share in (0.5, 0.99, 1)]
    used = [after - before for before, after in zip(seconds_before, seconds_after, strict=True)]
    return latencies + [seconds / outcome.seconds for seconds in used]


def soak(contender, calls, minutes):
    """Send results at saturation for some minutes, and print speed and memory while they arrive."""
    fill_database(len(calls))
    with running(contender) as (port, pid):
        position, begin = 0, time.monotonic()
        while time.monotonic() < begin + 60 * minutes:
            outcome = drive(port, calls, range(position, position + SOAK_STEP))
            assert set(outcome.statuses[position : position + SOAK_STEP]) == {200}
            position += SOAK_STEP
            _, memory = read_usage(pid)
            print(
                f"{time.monotonic() - begin:6.0f} s  {position:>9,} filed  {outcome.per_second:6.0f}/s  "
                f"{memory / 2**20:6.1f} MiB",
                flush=True,
            )
    verify(contender, calls, position)
    print(f"Each of the {position:,} results is stored once.")


# The tables


def compare(contenders, calls, rounds, connections, directory, postgres):
    """Measure all contenders in turn, several times, so that a slow minute of the computer affects all of them."""
    speeds = {}
    for number in range(rounds):
        for contender in contenders:
            if contender is LIMIT:
                speed = measure_pgbench(postgres, directory, len(calls))
            else:
                speed = measure_speed(contender, calls, connections)
            speeds.setdefault(contender.name, []).append(speed)
            print(f"round {number + 1}: {contender.name}: {speed:.0f}/s", file=sys.stderr, flush=True)
    return speeds


def show_speeds(speeds):
    print("| receiver | results per second: median (each) | ours ÷ this: median (each) |\n|---|--:|--:|")
    for name, rounds in speeds.items():
        ratios = [ours / other for ours, other in zip(speeds[OURS.name], rounds, strict=True)]
        print(f"| {name} | {format_rounds(rounds, '.0f')} | {format_rounds(ratios, '.2f')} |")


def format_rounds(values, number_format):
    """Return the median of all rounds, followed by the value of each round in parentheses."""
    each = ", ".join(format(value, number_format) for value in values)
    return f"{statistics.median(values):{number_format}} ({each})"


def show_pace(contenders, calls, postgres, per_second):
    print(f"| receiver, {per_second}/s | p50 ms | p99 ms | longest ms | server, share of a core | PostgreSQL |")
    print("|---|--:|--:|--:|--:|--:|")
    for contender in contenders:
        *latencies, server, database = measure_pace(contender, calls, postgres, per_second)
        cells = [f"{value:.1f}" for value in latencies] + [f"{server:.1%}", f"{database:.1%}"]
        print(f"| {contender.name} | {' | '.join(cells)} |", flush=True)


def main():
    parser = argparse.ArgumentParser(prog="script/bench webhooks", description=__doc__)
    parser.add_argument("--results", type=int, default=20_000, help="Results in each run, each for a different person.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=32, help="Number of connections that send results.")
    parser.add_argument(
        "--servers", action="store_true", help="Compare with other web servers instead of other receivers."
    )
    parser.add_argument(
        "--pace", type=int, metavar="PER_SECOND", help="Send to each receiver at this steady pace, for a minute."
    )
    parser.add_argument(
        "--soak", type=int, metavar="MINUTES", help="Run only our receiver, at saturation, for this long."
    )
    options = parser.parse_args()
    with run_postgres() as (directory, postgres):
        if options.soak:
            soak(OURS, Calls(MAX_SPEED * 60 * options.soak, options.results), options.soak)
        elif options.pace:
            calls = Calls(PACE_WARM_UP + 60 * options.pace, options.results)
            # Only the peers that have two processes are measured.
            show_pace([OURS, PEERS[1], PEERS[3]], calls, postgres, options.pace)
        else:
            calls = Calls(options.results, options.results)
            contenders = [OURS, *(SERVERS if options.servers else [LIMIT, *PEERS])]
            show_speeds(compare(contenders, calls, options.rounds, options.connections, directory, postgres))


if __name__ == "__main__":
    main()
