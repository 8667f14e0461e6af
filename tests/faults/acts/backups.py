"""Make a backup while lists run, and restore it later as docs/backup.md says."""

import contextlib
import shutil
import sqlite3
import subprocess
import time

import psycopg

from tests.faults.acts.moments import Missed, wait_for_load
from tests.faults.environment import wait_for

COMMAND_WAIT = 20
"""Seconds within which a command must succeed. Another act may have filled the disk, or stopped the database."""
OBSERVATION_TIME = 4
"""Seconds during which nothing may be sent without a decision. They include ticks, sweeps and heartbeats."""
VENDOR_WAIT = 0.5
"""Seconds that the vendor gets to record the results of its last deliveries after our processes have stopped."""


def put_in_doubt(system, vendor, rng, uploads):
    """Put open batches in doubt, as after a restore."""
    wait_for_load(vendor)
    manage(system, "restored")


def restore_backup(system, vendor, rng, uploads):
    """Make a backup under load, and restore it some seconds later. Return what the restore has lost."""
    from tests.faults.books import Books  # noqa: PLC0415 - imports models, once Django is set up

    wait_for_load(vendor)
    at_backup = Books.read(vendor)
    backup = make_backup(system)
    return continue_and_restore(system, vendor, rng, uploads, at_backup, backup, ["restored"])


def restore_cold_backup(system, vendor, rng, uploads):
    """Stop everything for a backup, and restore it later without the command. Return what the restore has lost."""
    from tests.faults.books import Books  # noqa: PLC0415 - imports models, once Django is set up

    wait_for_load(vendor)
    with system.database_lock:
        system.portal.stop()
        time.sleep(VENDOR_WAIT)
        at_backup = Books.read(vendor)
        backup = make_backup(system)
        system.portal.start()
    return continue_and_restore(system, vendor, rng, uploads, at_backup, backup)


def continue_and_restore(system, vendor, rng, uploads, at_backup, backup, command=()):
    """Continue for some seconds, then restore the backup and run a command. Return what the restore has lost.

    `at_backup` has the vendor's records when the backup was made.
    """
    from tests.faults.books import Books, LostSinceBackup  # noqa: PLC0415 - imports models, once Django is set up

    time.sleep(rng.uniform(1, 4))
    with system.database_lock:
        system.portal.stop()
        time.sleep(VENDOR_WAIT)
        at_restore = Books.read(vendor)
        lost = LostSinceBackup.compare(at_backup, at_restore, uploads)
        restore(system, backup)
        lost.remove_known_decisions(at_restore, uploads)
        manage(system, "migrate", "-v0")
        if command:
            manage(system, *command)
        system.portal.start()
        bought = count_bought(vendor)
        time.sleep(OBSERVATION_TIME)
        assert count_bought(vendor) == bought, "people were sent before a decision"
    return lost


def manage(system, *command):
    """Run a management command, and repeat it until it succeeds."""
    results = []

    def run():
        results.append(system.portal.manage(*command))
        return results[-1].returncode == 0

    assert wait_for(run, COMMAND_WAIT, pause=1), results[-1].stderr


def count_bought(vendor):
    return len(vendor.books("items")) + len(vendor.books("calls"))


def make_backup(system):
    backup = system.directory / f"backup-{time.time_ns()}"
    if system.postgres:
        run_postgres_program(system, "pg_dump", "-Fc", "-f", backup, system.postgres.address)
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
        run_postgres_program(system, "pg_restore", "--no-owner", "-d", system.postgres.address, backup)
    else:
        for suffix in ("", "-wal", "-shm"):
            system.sqlite.with_name(system.sqlite.name + suffix).unlink(missing_ok=True)
        shutil.copy(backup, system.sqlite)


def run_postgres_program(system, name, *arguments):
    program = system.postgres.binaries / name
    if not program.exists():
        raise Missed
    subprocess.run([program, *arguments], check=True)
