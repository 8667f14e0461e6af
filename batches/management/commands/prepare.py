import hashlib
import importlib.metadata
import socket
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from accounts import encryption
from batches.database import refuse_broken_pool
from batches.tracing import vendor_keys


class Command(BaseCommand):
    """Do the work of several commands in one process, so that Django is loaded only once."""

    help = "Migrate the database, collect static files and create the first login, each only if needed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--no-static", action="store_true", help="Leave static files alone: deploy/collect has collected them."
        )

    def handle(self, *, no_static: bool, **_: Any) -> None:
        try:
            refuse_broken_pool()
        except ImproperlyConfigured as problem:
            raise CommandError(str(problem)) from None
        protect_files()
        if has_unapplied_migrations():
            call_command("migrate", interactive=False, verbosity=0)
        if wrong_key := encryption.find_problem():
            # Results can be received and exported nevertheless, so the start continues.
            self.stderr.write(wrong_key)
        vendor_keys.expect_own_key_if_alone(socket.gethostname())
        if not no_static:
            collect_static_files()
        call_command("first_login", stdout=self.stdout)


def protect_files() -> None:
    """Remove other users' permissions from databases that an earlier version created."""
    for path in settings.VAR_DIR.glob("*.sqlite3*"):
        path.chmod(0o600)
    redis = settings.VAR_DIR / "redis"
    if redis.exists():
        redis.chmod(0o700)


def has_unapplied_migrations() -> bool:
    """Return whether any migration has yet to be applied."""
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def collect_static_files() -> None:
    """Collect and compress static files, which takes seconds, unless they are unchanged."""
    fingerprint_file = Path(settings.STATIC_ROOT) / "collected"
    fingerprint = fingerprint_static_files()
    if not fingerprint_file.exists() or fingerprint_file.read_text() != fingerprint:
        call_command("collectstatic", interactive=False, verbosity=0)
        fingerprint_file.write_text(fingerprint)


def fingerprint_static_files() -> str:
    """Return a hash of every static file's path, size and modification time, and of the compressor's version."""
    parts = [importlib.metadata.version("whitenoise")]
    for finder in get_finders():
        for path, storage in finder.list([]):
            stat = Path(storage.path(path)).stat()
            parts.append(f"{path} {stat.st_size} {stat.st_mtime_ns}")
    return hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()
