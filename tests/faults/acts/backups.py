"""Make a backup while lists run, and restore it later as docs/backup.md says."""

import contextlib
import shutil
import sqlite3
import subprocess
import time

import psycopg

from tests.faults.acts.moments import Missed, wait_for_load
from tests.faults.environment import wait_for

PATIENCE = 20
"""Seconds in which a command must succeed. Another act may have filled the disk, or stopped the database."""
WATCHED = 4
"""Seconds in which nothing may be sent without a decision. Ticks, sweeps and heartbeats happen in them."""


def put_in_doubt(system, vendor, rng, uploads):
    """Put open batches in doubt, as after a restore."""
    wait_for_load(vendor)
    manage(system, "restored")


def restore_backup(system, vendor, rng, uploads):
    """Continue for some seconds after a backup, then restore it. Return what the restore has lost."""
    from tests.faults.books import Books, LostSinceBackup  # noqa: PLC0415 - imports models, once Django is set up

    wait_for_load(vendor)
    at_backup = Books.read(vendor)
    backup = make_backup(system)
    wait_for(lambda: False, rng.uniform(1, 4))
    with system.database_lock:
        system.portal.stop()
        # The vendor records the results of its last calls.
        time.sleep(0.5)
        books = Books.read(vendor)
        since_backup = LostSinceBackup.since(at_backup, books, uploads)
        restore(system, backup)
        since_backup.remove_known_decisions(books, uploads)
        manage(system, "migrate", "-v0")
        manage(system, "restored")
        system.portal.start()
        bought = count_bought(vendor)
        time.sleep(WATCHED)
        assert count_bought(vendor) == bought, "people were sent before a decision"
    return since_backup


def manage(system, *command):
    """Run a management command, again and again while the database refuses it."""
    results = []

    def run():
        results.append(system.portal.manage(*command))
        return results[-1].returncode == 0

    assert wait_for(run, PATIENCE, pause=1), results[-1].stderr


def count_bought(vendor):
    return len(vendor.books("items")) + len(vendor.books("calls"))


def make_backup(system):
    backup = system.directory / f"backup-{time.time_ns()}"
    if system.postgres:
        run_program(system, "pg_dump", "-Fc", "-f", backup, system.postgres.address)
    else:
        with contextlib.closing(sqlite3.connect(system.sqlite)) as connection:
            connection.execute("VACUUM INTO ?", [str(backup)])
    return backup


def restore(system, backup):
    from django.db import connections  # noqa: PLC0415 - once Django is set up

    connections.close_all()
    if system.postgres:
        server, _, name = system.postgres.address.rpartition("/")
        with psycopg.connect(f"{server}/template1", autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {name}")
        run_program(system, "pg_restore", "--no-owner", "-d", system.postgres.address, backup)
    else:
        for ending in ("", "-wal", "-shm"):
            system.sqlite.with_name(system.sqlite.name + ending).unlink(missing_ok=True)
        shutil.copy(backup, system.sqlite)


def run_program(system, name, *arguments):
    program = system.postgres.binaries / name
    if not program.exists():
        raise Missed
    subprocess.run([program, *arguments], check=True)
