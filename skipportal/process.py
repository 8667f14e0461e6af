"""Become one of skipportal's processes: python -m skipportal.process ROLE. Units and containers run one each.

On one computer, skipportal/supervisor.py starts all of them.
"""

import argparse
import contextlib
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from skipportal.supervisor import (
    METRICS_FILES,
    WORKER_OPTIONS,
    allow_connections,
    are_pages_ready,
    is_web_ready,
    pages_command,
    web_command,
)

MANAGE = ("manage.py",)
DEAD_AFTER = 10
"""Seconds. Each process rewrites its metrics every few seconds, so an older file belongs to one that has ended."""


def main(arguments: Sequence[str] | None = None) -> None:
    options = read_arguments(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "skipportal.settings")
    try:
        from skipportal import settings  # noqa: PLC0415 - may refuse the environment, which is said in one sentence

        os.chdir(settings.BASE_DIR)
        if options.role == "alive":
            sys.exit(0 if is_alive(settings, options.of) else 1)
        prepare(options.role, settings)
    except ImproperlyConfigured as problem:
        sys.exit(f"skipportal: {problem}")
    command = find_command(options, settings)
    # PostgreSQL shows this name for each connection, in pg_stat_activity and in its log.
    os.environ.setdefault("PGAPPNAME", find_name(options))
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


def read_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m skipportal.process", description=__doc__.splitlines()[0])
    roles = parser.add_subparsers(dest="role", required=True)
    roles.add_parser("prepare", help="migrate the database, before anything else starts")
    roles.add_parser("receiver", help="accept the vendor's deliveries at HOST and PORT, and pass on the rest")
    roles.add_parser("pages", help="serve the pages at a socket under VAR_DIR")
    roles.add_parser("worker", help="do the jobs of some queues").add_argument("queue", nargs="+")
    roles.add_parser("clock", help="start what is due")
    manage = roles.add_parser("manage", help="run a command of manage.py")
    manage.add_argument("command", nargs=argparse.REMAINDER)
    alive = roles.add_parser("alive", help="end with 0 if the receiver or the pages of this host answer")
    alive.add_argument("of", choices=["receiver", "pages"])
    return parser.parse_args(arguments)


def prepare(role: str, settings: Any) -> None:
    """Do what a role needs before its process starts. Raise ImproperlyConfigured if it must not start."""
    settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
    if role in ("receiver", "pages"):
        # Health checks run this module every few seconds and must not load these, which takes most of the time.
        from django.db import connection  # noqa: PLC0415

        from batches.database import refuse_broken_pool  # noqa: PLC0415

        # A web server would start its workers again and again.
        refuse_broken_pool()
        connection.close()
        allow_connections()
    if role == "receiver":
        delete_old_metrics(settings.METRICS_DIR)
    if role == "pages":
        # A killed server leaves its socket behind, which would keep the next one from starting.
        settings.PAGES_SOCKET.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        settings.PAGES_SOCKET.unlink(missing_ok=True)


def delete_old_metrics(directory: Path) -> None:
    """Delete the metrics files of processes that have ended. Others may still be writing theirs."""
    for pattern in METRICS_FILES:
        for path in directory.glob(pattern):
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime > DEAD_AFTER:
                    path.unlink()


def find_command(options: argparse.Namespace, settings: Any) -> list[str]:
    """Return the command that this process becomes."""
    if options.role == "receiver":
        return web_command(settings.HOST, settings.PORT)
    if options.role == "pages":
        return pages_command(settings.PAGES_SOCKET)
    if options.role == "worker":
        return [sys.executable, *MANAGE, "rqworker", *options.queue, *WORKER_OPTIONS]
    if options.role == "manage":
        return [sys.executable, *MANAGE, *options.command]
    if options.role == "prepare":
        return [sys.executable, *MANAGE, "prepare", "--no-static"]
    return [sys.executable, *MANAGE, options.role]


def find_name(options: argparse.Namespace) -> str:
    """Return the name of the process's connections to PostgreSQL, which cuts names at 63 bytes."""
    return " ".join(["skipportal", options.role, *getattr(options, "queue", [])])[:63]


def is_alive(settings: Any, role: str) -> bool:
    return is_web_ready(settings.HOST, settings.PORT) if role == "receiver" else are_pages_ready(settings.PAGES_SOCKET)


if __name__ == "__main__":
    main()
