"""Results at full rate while somebody or something goes wrong beside them. See docs/reliability.md.

What was answered 200 must be stored, exactly once; what could not be stored must be answered 503; and afterwards it
must go as fast as before.
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

from bench.support.database import ground, lay_out, stream
from bench.support.load import FIRST_KEY, Calls, connect, drive, receive, token
from bench.webhooks import OURS, running, sample
from skipportal.supervisor import allow_connections

STEP = 1_000
"""Results between two looks at the clock."""
WARM_UP = 3
"""Seconds before what is measured, and after what went wrong."""
MEBIBYTE = 1024 * 1024
RIGHT, WRONG = "a-key", "another-key"


# What goes wrong. Each in a process of its own, until it is ended.


def call(body, key=RIGHT, more=""):
    head = f"POST /webhooks/item/{token(0)}/ HTTP/1.1\r\nhost: 127.0.0.1\r\nx-api-key: {key}\r\n{more}"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


def hammer(port, *calls, connections=8):
    """The same calls over and over, as fast as they are answered."""
    socks = [connect(port) for _ in range(connections)]
    while True:
        for number, sock in enumerate(socks):
            with contextlib.suppress(OSError):
                sock.sendall(calls[number % len(calls)])
        for number, sock in enumerate(socks):
            if receive(sock) != HTTPStatus.OK:
                sock.close()
                socks[number] = connect(port)


def rest(port):
    time.sleep(3600)


def come_slowly(port):
    """A hundred bodies, a byte every other second each."""
    body = call(b" " * 10_000)
    start = len(body) - 10_000
    socks = [connect(port) for _ in range(100)]
    for sock in socks:
        sock.sendall(body[:start])
    while True:
        time.sleep(2)
        for sock in socks:
            with contextlib.suppress(OSError):
                sock.sendall(b" ")


def be_cut_short(port):
    body = call(b'{"input": {"key": 1' + b" " * 10_000)
    while True:
        with connect(port) as sock:
            sock.sendall(body[:5_000])
        time.sleep(0.005)


def open_and_leave(port, count=1_500):
    """More than a web server with its default settings takes at all; a third of them says nothing, or one letter."""
    allow_connections()
    socks = [connect(port) for _ in range(count)]
    for words, some in ((b"POST /webhooks/item/", socks[::3]), (b"P", socks[1::3])):
        for sock in some:
            sock.sendall(words)
    time.sleep(3600)
    del socks


def have_wrong_keys(port):
    hammer(port, call(b" " * 10_000, key=WRONG))


def be_large(port):
    hammer(port, call(b"[" + b" " * (MEBIBYTE - 2) + b"]"), call(b" " * (MEBIBYTE + 1)), connections=4)


def be_gzip_bombs(port):
    packer = zlib.compressobj(wbits=31)
    bomb = b"".join(packer.compress(bytes(MEBIBYTE)) for _ in range(1000)) + packer.flush()
    hammer(port, call(bomb, more="content-encoding: gzip\r\n"), connections=4)


# Against the database, by whoever runs the siege


def restart(postgres):
    postgres.stop(signal.SIGINT)
    postgres.start()


def crash(postgres):
    postgres.stop(signal.SIGQUIT)
    postgres.start()


def stay_away(postgres):
    postgres.stop(signal.SIGINT)
    time.sleep(15)
    postgres.start()


@dataclass(frozen=True)
class Case:
    name: str
    attack: object = None
    act: object = None


CASES = [
    Case("nothing", rest),
    Case("100 slow bodies", come_slowly),
    Case("bodies cut short", be_cut_short),
    Case("1,500 connections opened and left", open_and_leave),
    Case("wrong keys at full rate", have_wrong_keys),
    Case("bodies of 1 MiB, and over", be_large),
    Case("gzip bombs", be_gzip_bombs),
    Case("PostgreSQL restarted", act=restart),
    Case("PostgreSQL crashed", act=crash),
    Case("PostgreSQL away for 15 s", act=stay_away),
]


class Load:
    """Results at full rate, each for somebody else, and how each was answered."""

    def __init__(self, port, calls):
        self.port, self.calls = port, calls
        self.statuses = []

    def run(self, is_over):
        """Wait until that is so. Return results a second."""
        begin, first = time.perf_counter(), len(self.statuses)
        while not is_over():
            step = range(len(self.statuses), len(self.statuses) + STEP)
            self.statuses += drive(self.port, self.calls, step).statuses[step.start : step.stop]
        return (len(self.statuses) - first) / (time.perf_counter() - begin)


def after(seconds):
    end = time.perf_counter() + seconds
    return lambda: time.perf_counter() > end


def endure(case, calls, postgres, seconds):
    """A row of the table."""
    lay_out(len(calls))
    with running(OURS) as (port, process), ThreadPoolExecutor(1) as hand:
        load = Load(port, calls)
        load.run(after(WARM_UP))
        before, held = load.run(after(seconds)), sample(process)[1]
        if case.attack:
            attacker = multiprocessing.Process(target=case.attack, args=(port,))
            attacker.start()
            during = load.run(after(seconds))
            attacker.kill()
            attacker.join()
        else:
            acting = hand.submit(case.act, postgres)
            during = load.run(acting.done)
            acting.result()
        load.run(after(WARM_UP))
        afterwards, grown = load.run(after(seconds)), sample(process)[1] - held
    speeds = [f"{speed:.0f}" for speed in (before, during, afterwards)]
    counts = Counter(load.statuses)
    answers = counts.pop(HTTPStatus.OK), counts.pop(HTTPStatus.SERVICE_UNAVAILABLE, 0), sum(counts.values())
    return [*speeds, *answers, *compare(load.statuses, calls), f"{grown / MEBIBYTE:+.0f}"]


def compare(statuses, calls):
    """How many answered 200 are not stored, and how many are stored otherwise than once and as they came."""
    stored = Counter()
    with stream(OURS.stored) as rows:
        for key, answer in rows:
            position = key - FIRST_KEY
            stored[position] += 1 if answer.encode() == calls.body(position) else 2
    lost = sum(status == HTTPStatus.OK and not stored[position] for position, status in enumerate(statuses))
    return lost, sum(count > 1 for count in stored.values())


def main():
    parser = argparse.ArgumentParser(prog="script/bench siege", description=__doc__)
    parser.add_argument("--seconds", type=float, default=10, help="Of each of the three parts of a case.")
    parser.add_argument("--only", help="Cases whose name holds this.")
    options = parser.parse_args()
    multiprocessing.set_start_method("spawn")
    calls = Calls(int(300_000 * max(options.seconds / 10, 0.3)), 20_000)
    print("| beside the results | results/s before | during | after | 200 | 503 | other | lost | not once | MiB |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|", flush=True)
    with ground() as (_, postgres):
        for case in CASES:
            if (options.only or "") in case.name:
                row = endure(case, calls, postgres, options.seconds)
                print(f"| {case.name} | {' | '.join(map(str, row))} |", flush=True)


if __name__ == "__main__":
    main()
