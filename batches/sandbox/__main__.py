"""Run the sandbox vendor as a process without Django: python -m batches.sandbox."""

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from batches.sandbox.faults import Faults
from batches.sandbox.server import Sandbox


def add_arguments(parser: argparse.ArgumentParser, port: int, store: Path, key: str) -> None:
    """Add the sandbox's options, with these defaults."""
    parser.add_argument("--port", type=int, default=port, help=f"Port to listen on ({port}).")
    parser.add_argument("--qps", type=float, default=50, help="Maximum number of webhook calls per second and account.")
    parser.add_argument("--fault", action="append", default=[], metavar="NAME=VALUE", help=Faults.__doc__)
    parser.add_argument("--store", type=Path, default=store, help=f"File for accepted batches ({store}).")
    parser.add_argument(
        "--key", dest="keys", nargs="+", default=[key], help="API keys to accept; two while one is rotated."
    )
    parser.add_argument(
        "--account",
        dest="accounts",
        action="append",
        nargs="+",
        default=[],
        metavar="KEY",
        help="API keys of another account, with a queue and limits of its own.",
    )


def run(
    port: int, store: Path, keys: list[str], fault: list[str], qps: float, accounts: Sequence[list[str]] = ()
) -> None:
    """Serve until a signal arrives. Raise ValueError if a fault is unknown or the port is in use."""
    faults = Faults.parse(fault)
    try:
        sandbox = Sandbox(port, store, keys, faults, qps, accounts)
    except OSError as problem:
        raise ValueError(f"The sandbox cannot listen on port {port}: {problem.strerror}.") from None
    for number in (signal.SIGINT, signal.SIGTERM):
        # shutdown() waits for serve_forever(), which runs in this thread.
        signal.signal(number, lambda *_: threading.Thread(target=sandbox.shutdown).start())
    sys.stdout.write(f"Sandbox vendor at http://127.0.0.1:{port}, {qps:g} webhooks per second.\n")
    sys.stdout.flush()
    sandbox.serve_forever(poll_interval=0.1)
    sandbox.end()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m batches.sandbox", description=__doc__)
    add_arguments(parser, port=8001, store=Path("sandbox.sqlite3"), key="sandbox")
    try:
        run(**vars(parser.parse_args()))
    except ValueError as problem:
        sys.exit(str(problem))
