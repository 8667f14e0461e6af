"""Full disks: some processes cannot enlarge files. The operating system can enforce that without root."""

import contextlib
import re
import shutil
import subprocess
import time
from pathlib import Path
from secrets import token_hex

import requests

from tests.faults.acts.moments import Missed, wait_for_load, wait_for_moment
from tests.faults.acts.processes import kill
from tests.faults.environment import find_child_processes, wait_for

MIN_ROOM = 4096
"""Bytes. The limit applies on every disk, and semaphores, which are files in memory, must still fit."""
LIST = b"First Name,Last Name,Address,City,State,Zip\n" + b"Ada,Abbott,1 Oak St,Herndon,VA,20170\n" * 500
"""A list larger than MIN_ROOM."""
RESTART_WAIT = 30
"""Seconds within which a killed web server must be restarted."""
LOG_SEGMENT = 1024 * 1024
"""Bytes of a WAL segment of PostgreSQL (tests/faults/environment.py). A smaller limit would stop its log as well."""
PAGE_BYTES = 8192
"""Size of a page of a PostgreSQL table."""
SIZE_LIMIT = re.compile(r"^Max file size\s+(\S+)", re.MULTILINE)


@contextlib.contextmanager
def full_disk(find_processes, room, user=None):
    """Keep processes from writing files beyond `room` bytes, including the processes that they start meanwhile.

    `user` owns the processes: even root may have to act as that user.
    """
    if not shutil.which("prlimit"):
        raise Missed
    try:
        limit(find_processes(), str(room), user)
        yield
    finally:
        # Repeat, because limited processes may have started others.
        while limited := [process for process in find_processes() if is_limited(process)]:
            limit(limited, "unlimited", user)


def limit(processes, size, user):
    for process in processes:
        # It may have ended.
        subprocess.run(["prlimit", "--pid", str(process), f"--fsize={size}:"], user=user, stderr=subprocess.DEVNULL)


def is_limited(process):
    with contextlib.suppress(OSError):
        return SIZE_LIMIT.search(Path(f"/proc/{process}/limits").read_text())[1] != "unlimited"
    return False


def fill_var(system, vendor, rng, uploads):
    """Fill the disk under VAR_DIR, which also holds SQLite's database. Killed processes must be restarted."""
    wait_for_load(vendor)
    largest = max(path.stat().st_size for path in system.portal.directory.rglob("*") if path.is_file())
    room = rng.choice([MIN_ROOM, rng.randrange(MIN_ROOM, largest)])
    with full_disk(system.find_processes, room):
        status = system.person.upload(LIST)
        assert status < 400 or status == 500, f"an upload returned {status}"
        time.sleep(rng.uniform(0, 5))
        if killed := rng.choice(["", "web", "pages"]):
            kill(system, killed)
            time.sleep(0.5)
            page = "/healthz" if killed == "web" else "/login/"
            assert wait_for(lambda: responds(system.portal.address + page), RESTART_WAIT), (
                f"{killed} does not come back"
            )
        time.sleep(rng.uniform(0, 3))
    assert system.portal.process.poll() is None, "the supervisor has ended"
    left = find_orphaned_files(system)
    assert not left, f"{len(left)} files that no list owns are left behind"


def find_orphaned_files(system):
    from batches.models import Upload  # noqa: PLC0415 - once Django is set up

    files = {path.name for path in (system.portal.directory / "files").rglob("*") if path.is_file()}
    return files - {Path(name).name for name in Upload.objects.values_list("file", flat=True)}


def responds(address):
    return requests.get(address, timeout=5).status_code > 0


def fill_postgres(system, vendor, rng, uploads):
    """Fill the disk under PostgreSQL: first tables cannot grow, then the WAL cannot, which stops the server."""
    wait_for_load(vendor)
    server = system.postgres.process.pid

    def find_processes():
        return [server, *find_child_processes(server)]

    with full_disk(find_processes, grow_table(), system.postgres.user):
        time.sleep(rng.uniform(1, 6))
    time.sleep(rng.uniform(0, 2))
    with full_disk(find_processes, 0, system.postgres.user):
        time.sleep(rng.uniform(1, 4))
    # A server that must stop still answers for a moment.
    time.sleep(3)
    if not wait_for(system.postgres.is_ready, 3):
        system.postgres.stop()
        system.postgres.start()
    wait_for_moment(system.postgres.is_ready)


def grow_table():
    """Make the table of people larger than a WAL segment. Return a limit in the middle of its next page."""
    from django.db import connection  # noqa: PLC0415 - once Django is set up

    from batches.models import Item, Upload  # noqa: PLC0415
    from batches.statuses import Outcome, UploadStatus  # noqa: PLC0415

    def measure():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_relation_size('batches_item')")
            return cursor.fetchone()[0]

    while measure() < LOG_SEGMENT:
        upload = Upload.objects.create(name="filler", status=UploadStatus.CANCELLED)
        fields = {"upload": upload, "cells": {}, "outcome": Outcome.INVALID}
        Item.objects.bulk_create(Item(row_number=n, message=token_hex(900), **fields) for n in range(200))
    return measure() + PAGE_BYTES // 2
