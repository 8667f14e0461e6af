"""Measure whether results are filed during attacks and faults, while they are sent at full rate.

A delivery that got 200 must be stored exactly once, one that could not be stored must get 503, and afterwards the speed
must be the same as before. See docs/reliability.md.
"""

import argparse
import contextlib
import multiprocessing
import signal
import time
import zlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus

from bench.support.database import fill_database, run_postgres, stream
from bench.support.load import FIRST_KEY, Calls, connect, drive, make_token, receive
from bench.webhooks import OURS, read_usage, running
from skipportal.supervisor import allow_connections

STEP = 1_000
"""Number of results sent between two checks of the time."""
WARM_UP = 3
"""Seconds of load that are not measured, at the start and after an attack or a fault."""
MEBIBYTE = 1024 * 1024
RIGHT_KEY, WRONG_KEY = "a-key", "another-key"


# Attacks. Each runs in its own process until it is killed.


def make_call(body, key=RIGHT_KEY, extra_headers=""):
    """Return a whole request with a body."""
    head = f"POST /webhooks/item/{make_token(0)}/ HTTP/1.1\r\nhost: 127.0.0.1\r\nx-api-key: {key}\r\n{extra_headers}"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


def send_repeatedly(port, *calls, connections=8, pause=0):
    """Send the same calls repeatedly, as fast as they are answered, with a pause in seconds after each round."""
    socks = [connect(port) for _ in range(connections)]
    while True:
        for number, sock in enumerate(socks):
            with contextlib.suppress(OSError):
                sock.sendall(calls[number % len(calls)])
        for number, sock in enumerate(socks):
            if receive(sock) != HTTPStatus.OK:
                sock.close()
                socks[number] = connect(port)
        time.sleep(pause)


def do_nothing(port):
    time.sleep(3600)


def send_slowly(port):
    """Send a hundred bodies, each at one byte every two seconds."""
    request = make_call(b" " * 10_000)
    head_length = len(request) - 10_000
    socks = [connect(port) for _ in range(100)]
    for sock in socks:
        sock.sendall(request[:head_length])
    while True:
        time.sleep(2)
        for sock in socks:
            with contextlib.suppress(OSError):
                sock.sendall(b" ")


def send_partial_bodies(port):
    request = make_call(b'{"input": {"key": 1' + b" " * 10_000)
    while True:
        with connect(port) as sock:
            sock.sendall(request[:5_000])
        time.sleep(0.005)


def open_connections(port, count=1_500):
    """Open more connections than a web server accepts by default, and complete no request.

    One third send nothing, one third one letter, and one third the beginning of a request line.
    """
    allow_connections()
    socks = [connect(port) for _ in range(count)]
    for sock in socks[::3]:
        sock.sendall(b"POST /webhooks/item/")
    for sock in socks[1::3]:
        sock.sendall(b"P")
    time.sleep(3600)
    del socks


def send_wrong_keys(port, pause=0):
    send_repeatedly(port, make_call(b" " * 10_000, key=WRONG_KEY), pause=pause)


def send_large_bodies(port):
    largest_allowed = make_call(b"[" + b" " * (MEBIBYTE - 2) + b"]")
    too_large = make_call(b" " * (MEBIBYTE + 1))
    send_repeatedly(port, largest_allowed, too_large, connections=4)


def send_gzip_bombs(port):
    packer = zlib.compressobj(wbits=31)
    bomb = b"".join(packer.compress(bytes(MEBIBYTE)) for _ in range(1000)) + packer.flush()
    send_repeatedly(port, make_call(bomb, extra_headers="content-encoding: gzip\r\n"), connections=4)


# Faults of the database, which the main process causes


def restart(postgres):
    postgres.stop(signal.SIGINT)
    postgres.start()


def crash(postgres):
    postgres.stop(signal.SIGQUIT)
    postgres.start()


def stop_for_a_while(postgres):
    postgres.stop(signal.SIGINT)
    time.sleep(15)
    postgres.start()


@dataclass(frozen=True)
class Case:
    """An attack or a fault during which results are sent."""

    name: str
    attack: object = None
    """Called with the port, in its own process."""
    fault: object = None
    """Called with the Postgres server."""


CASES = [
    Case("nothing", do_nothing),
    Case("100 slow bodies", send_slowly),
    Case("bodies cut short", send_partial_bodies),
    Case("1,500 connections opened and left", open_connections),
    Case("wrong keys at full rate", send_wrong_keys),
    Case("bodies of 1 MiB, and over", send_large_bodies),
    Case("gzip bombs", send_gzip_bombs),
    Case("PostgreSQL restarted", fault=restart),
    Case("PostgreSQL crashed", fault=crash),
    Case("PostgreSQL away for 15 s", fault=stop_for_a_while),
]


class Load:
    """Results sent at full rate, each about a different person, and the statuses of the responses."""

    def __init__(self, port, calls):
        self.port, self.calls = port, calls
        self.statuses = []

    def run(self, is_over):
        """Send results until `is_over` returns True. Return the results per second."""
        begin, first = time.perf_counter(), len(self.statuses)
        while not is_over():
            step = range(len(self.statuses), len(self.statuses) + STEP)
            self.statuses += drive(self.port, self.calls, step).statuses[step.start : step.stop]
        return (len(self.statuses) - first) / (time.perf_counter() - begin)


def after(seconds):
    """Return a function that returns whether so many seconds have passed."""
    end = time.perf_counter() + seconds
    return lambda: time.perf_counter() > end


def run_case(case, calls, postgres, seconds):
    """Run a case. Return its row of the table."""
    fill_database(len(calls))
    with running(OURS) as (port, pid), ThreadPoolExecutor(1) as executor:
        load = Load(port, calls)
        load.run(after(WARM_UP))
        before = load.run(after(seconds))
        _, memory_before = read_usage(pid)
        if case.attack:
            attacker = multiprocessing.Process(target=case.attack, args=(port,))
            attacker.start()
            during = load.run(after(seconds))
            attacker.kill()
            attacker.join()
        else:
            fault = executor.submit(case.fault, postgres)
            during = load.run(fault.done)
            fault.result()
        load.run(after(WARM_UP))
        afterwards = load.run(after(seconds))
        _, memory_afterwards = read_usage(pid)
    speeds = [f"{speed:.0f}" for speed in (before, during, afterwards)]
    counts = Counter(load.statuses)
    filed, unavailable = counts.pop(HTTPStatus.OK), counts.pop(HTTPStatus.SERVICE_UNAVAILABLE, 0)
    lost, not_once = compare(load.statuses, calls)
    growth = f"{(memory_afterwards - memory_before) / MEBIBYTE:+.0f}"
    return [*speeds, filed, unavailable, sum(counts.values()), lost, not_once, growth]


def compare(statuses, calls):
    """Return how many deliveries that got 200 are not stored, and how many are stored more than once or changed."""
    stored = Counter()
    with stream(OURS.stored_query) as rows:
        for key, answer in rows:
            position = key - FIRST_KEY
            # A changed answer counts twice, so that it is not counted as stored exactly once.
            stored[position] += 1 if answer.encode() == calls.body(position) else 2
    lost = sum(status == HTTPStatus.OK and not stored[position] for position, status in enumerate(statuses))
    return lost, sum(count > 1 for count in stored.values())


def main():
    parser = argparse.ArgumentParser(prog="script/bench siege", description=__doc__)
    parser.add_argument("--seconds", type=float, default=10, help="Length of each of the three parts of a case.")
    parser.add_argument("--only", help="Run only the cases whose names contain this.")
    options = parser.parse_args()
    multiprocessing.set_start_method("spawn")
    calls = Calls(int(300_000 * max(options.seconds / 10, 0.3)), 20_000)
    print("| at the same time | results/s before | during | after | 200 | 503 | other | lost | not once | MiB |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|", flush=True)
    with run_postgres() as (_, postgres):
        for case in CASES:
            if (options.only or "") in case.name:
                row = run_case(case, calls, postgres, options.seconds)
                print(f"| {case.name} | {' | '.join(map(str, row))} |", flush=True)


if __name__ == "__main__":
    main()
