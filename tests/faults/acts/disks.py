"""Simulate full disks by a limit on the size of files that processes write, which needs no root."""

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

MIN_FILE_SIZE = 4096
"""Smallest limit in bytes. It applies to semaphores too, which are files in memory and must still fit."""
LIST = b"First Name,Last Name,Address,City,State,Zip\n" + b"Ada,Abbott,1 Oak St,Herndon,VA,20170\n" * 500
"""A list larger than MIN_FILE_SIZE."""
RESTART_WAIT = 30
"""Seconds within which a killed web server must be restarted."""
WAL_SEGMENT_SIZE = 1024 * 1024
"""Bytes of a WAL segment, as set in tests/faults/environment.py. A smaller limit would stop the WAL as well."""
PAGE_SIZE = 8192
"""Bytes of a page of a PostgreSQL table."""
SIZE_LIMIT = re.compile(r"^Max file size\s+(\S+)", re.MULTILINE)


@contextlib.contextmanager
def full_disk(find_processes, max_size, user=None):
    """Keep processes, and those that they start in the block, from making files larger than `max_size` bytes.

    `user` is the owner of the processes. Even root may have to act as the owner to change their limits.
    """
    if not shutil.which("prlimit"):
        raise Missed
    try:
        limit_file_size(find_processes(), str(max_size), user)
        yield
    finally:
        # Repeat, because limited processes may have started others.
        while limited := [process for process in find_processes() if is_limited(process)]:
            limit_file_size(limited, "unlimited", user)


def limit_file_size(processes, size, user):
    for process in processes:
        # Ignore failures, because the process may have ended.
        subprocess.run(["prlimit", "--pid", str(process), f"--fsize={size}:"], user=user, stderr=subprocess.DEVNULL)


def is_limited(process):
    with contextlib.suppress(OSError):
        return SIZE_LIMIT.search(Path(f"/proc/{process}/limits").read_text())[1] != "unlimited"
    return False


def fill_var(system, vendor, rng, uploads):
    """Fill the disk under VAR_DIR, which also holds SQLite's database. Killed processes must be restarted."""
    wait_for_load(vendor)
    largest = max(path.stat().st_size for path in system.portal.directory.rglob("*") if path.is_file())
    max_size = rng.choice([MIN_FILE_SIZE, rng.randrange(MIN_FILE_SIZE, largest)])
    with full_disk(system.find_processes, max_size):
        status = system.user.upload(LIST)
        assert status < 400 or status == 500, f"the upload returned {status}"
        time.sleep(rng.uniform(0, 5))
        if killed := rng.choice(["", "web", "pages"]):
            kill(system, killed)
            time.sleep(0.5)
            page = "/healthz" if killed == "web" else "/login/"
            assert wait_for(lambda: responds(system.portal.address + page), RESTART_WAIT), f"{killed} was not restarted"
        time.sleep(rng.uniform(0, 3))
    assert system.portal.process.poll() is None, "the supervisor has ended"
    orphaned = find_orphaned_files(system)
    assert not orphaned, f"{len(orphaned)} files belong to no list"


def find_orphaned_files(system):
    """Return the names of uploaded files that belong to no list."""
    from batches.intake.stored_files import UPLOAD_FOLDER  # noqa: PLC0415 - once Django is set up
    from batches.models import Upload  # noqa: PLC0415

    folder = system.portal.directory / "files" / UPLOAD_FOLDER
    files = {path.name for path in folder.rglob("*") if path.is_file()}
    return files - {Path(name).name for name in Upload.objects.values_list("file", flat=True)}


def responds(address):
    """Return whether the server responds, with any status."""
    return requests.get(address, timeout=5).status_code > 0


def fill_postgres(system, vendor, rng, uploads):
    """Fill the disk under PostgreSQL: first tables cannot grow, then the WAL cannot either, which stops the server."""
    wait_for_load(vendor)
    server = system.postgres.process.pid

    def find_processes():
        return [server, *find_child_processes(server)]

    with full_disk(find_processes, grow_item_table(), system.postgres.user):
        time.sleep(rng.uniform(1, 6))
    time.sleep(rng.uniform(0, 2))
    with full_disk(find_processes, max_size=0, user=system.postgres.user):
        time.sleep(rng.uniform(1, 4))
    # A server that is about to stop still answers for a moment.
    time.sleep(3)
    if not wait_for(system.postgres.is_ready, 3):
        system.postgres.stop()
        system.postgres.start()
    wait_for_moment(system.postgres.is_ready)


def grow_item_table():
    """Make the table of people larger than a WAL segment. Return a limit that cuts through the table's next page."""
    from django.db import connection  # noqa: PLC0415 - once Django is set up

    from batches.models import Item, Upload  # noqa: PLC0415
    from batches.statuses import Outcome, UploadStatus  # noqa: PLC0415

    def measure_table():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_relation_size('batches_item')")
            return cursor.fetchone()[0]

    while measure_table() < WAL_SEGMENT_SIZE:
        upload = Upload.objects.create(name="filler", status=UploadStatus.CANCELLED)
        fields = {"upload": upload, "cells": {}, "outcome": Outcome.INVALID}
        Item.objects.bulk_create(Item(row_number=number, message=token_hex(900), **fields) for number in range(200))
    return measure_table() + PAGE_SIZE // 2
