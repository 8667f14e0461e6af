"""Make backups while everything runs, and restore them to an empty database.

A backup is a directory with a dump of the database, the stored files, and a manifest with versions and checksums. The
database comes first, because it refers to files and not the other way round.
"""

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from batches.file_storage import copy_to
from batches.intake.stored_files import FILE_OWNERS
from batches.models import Backup
from batches.shared_files import MARKER_NAME

MANIFEST = "manifest.json"
DUMPS = {"sqlite": "database.sqlite3", "postgresql": "database.dump"}
"""The name of the dump for each kind of database."""
FILES = "files"
FORMAT = 1
CHUNK_SIZE = 1 << 20


class BackupError(Exception):
    """A backup cannot be made or restored. The message says why, and what to do."""


@dataclass(frozen=True)
class Summary:
    """What a backup contains."""

    files: int
    missing: int
    """Files that were deleted while the backup was made, or that were missing before."""
    size: int


# Making


def make(directory: Path) -> Summary:
    """Write a backup to a new directory, and record it. Raise BackupError or OSError if that fails."""
    if directory.exists() and any(directory.iterdir()):
        raise BackupError(f"{directory} is not empty. Name a new directory for each backup.")
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    made_at = timezone.now()
    dump = directory / DUMPS[connection.vendor]
    if connection.vendor == "sqlite":
        dump_sqlite(dump)
    else:
        run_postgres("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={dump}")
    names, missing = copy_files(directory / FILES)
    paths = [dump.name, *(f"{FILES}/{name}" for name in names)]
    manifest = {
        "format": FORMAT,
        "made_at": made_at.isoformat(),
        "version": settings.VERSION,
        "database": connection.vendor,
        "migrations": sorted(f"{app}.{name}" for app, name in MigrationLoader(connection).applied_migrations),
        "checksums": {path: checksum(directory / path) for path in paths},
    }
    # Last, so that a directory with a manifest is a whole backup.
    (directory / MANIFEST).write_text(json.dumps(manifest, indent=1))
    size = sum((directory / path).stat().st_size for path in paths)
    Backup.objects.create(
        made_at=made_at, place=str(directory)[-500:], version=settings.VERSION, files=len(names), size=size
    )
    return Summary(len(names), missing, size)


def dump_sqlite(target: Path) -> None:
    """Copy the database as it is at one moment. Others may write meanwhile."""
    with (
        closing(sqlite3.connect(connection.settings_dict["NAME"])) as source,
        closing(sqlite3.connect(target)) as copy,
    ):
        source.backup(copy)


def copy_files(directory: Path) -> tuple[list[str], int]:
    """Copy the stored files that the database refers to. Return their names, and how many are missing."""
    copied, missing = [], 0
    for name in list_names():
        target = directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with target.open("wb") as out:
                copy_to(default_storage, name, out)
        except FileNotFoundError:
            target.unlink()
            missing += name != MARKER_NAME
        else:
            copied.append(name)
    return copied, missing


def list_names() -> Iterator[str]:
    yield MARKER_NAME
    for model in FILE_OWNERS:
        yield from model.objects.exclude(file="").order_by("pk").values_list("file", flat=True).iterator()


def checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# Restoring


def restore(directory: Path) -> dict[str, Any]:
    """Restore a backup to an empty database, with its files. Return its manifest.

    Raise BackupError or OSError, and change nothing, if that is not safe.
    """
    manifest = read_manifest(directory)
    check_manifest(directory, manifest)
    if tables := connection.introspection.table_names():
        raise BackupError(
            f"The database is not empty: it has {len(tables)} tables. A backup is restored to an empty database only. "
            "Create one, and set DATABASE_URL to it."
        )
    dump = directory / DUMPS[connection.vendor]
    if connection.vendor == "sqlite":
        restore_sqlite(dump)
    else:
        run_postgres("pg_restore", "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", dump)
    storage: Any = default_storage
    for path in manifest["checksums"]:
        if path != dump.name:
            with (directory / path).open("rb") as content:
                storage.put(path.removeprefix(f"{FILES}/"), File(content))
    return manifest


def read_manifest(directory: Path) -> dict[str, Any]:
    try:
        return json.loads((directory / MANIFEST).read_text())
    except FileNotFoundError:
        raise BackupError(f"{directory} has no {MANIFEST}, so it is no backup, or one that was interrupted.") from None
    except ValueError:
        raise BackupError(f"The {MANIFEST} of {directory} is damaged. Use another backup.") from None


def check_manifest(directory: Path, manifest: dict[str, Any]) -> None:
    """Raise BackupError if a backup is damaged, or does not fit this database or this version."""
    if manifest["format"] != FORMAT or manifest["database"] != connection.vendor:
        raise BackupError(f"The backup is of {manifest['database']}, but DATABASE_URL is of {connection.vendor}.")
    known = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
    if set(manifest["migrations"]) - known:
        raise BackupError(f"The backup was made by version {manifest['version']}, which is newer. Install that one.")
    for path, expected in manifest["checksums"].items():
        if not (directory / path).is_file() or checksum(directory / path) != expected:
            raise BackupError(f"{path} is missing from the backup, or has been changed. Use another backup.")


def restore_sqlite(dump: Path) -> None:
    """Write a copy of a database into our own, which is empty."""
    with closing(sqlite3.connect(dump)) as source:
        connection.ensure_connection()
        source.backup(connection.connection)


# PostgreSQL


def run_postgres(program: str, *arguments: str | Path) -> None:
    """Run a program of PostgreSQL on our database. The password is in its environment, where no other user sees it."""
    if not shutil.which(program):
        raise BackupError(f"{program} is not installed. Debian and Ubuntu: apt install postgresql-client")
    values = connection.settings_dict
    options = values["OPTIONS"]
    address = {
        "PGHOST": values["HOST"],
        "PGPORT": str(values["PORT"] or ""),
        "PGUSER": values["USER"],
        "PGPASSWORD": values["PASSWORD"],
        "PGSSLMODE": options.get("sslmode", ""),
        "PGSSLROOTCERT": options.get("sslrootcert", ""),
    }
    environment = os.environ | {name: value for name, value in address.items() if value}
    command = [program, f"--dbname={values['NAME']}", "--no-password", *map(str, arguments)]
    finished = subprocess.run(command, env=environment, stderr=subprocess.PIPE, text=True, check=False)
    if finished.returncode:
        # A message of the server may quote a row.
        first_line = finished.stderr.strip().partition("\n")[0]
        raise BackupError(f"{program} failed with exit code {finished.returncode}: {first_line}")
