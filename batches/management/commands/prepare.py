import hashlib
import importlib.metadata
import socket
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from batches.database import refuse_broken_pool
from batches.tracing import vendor_keys


class Command(BaseCommand):
    """Do the work of three commands in one process, so that Django is loaded only once."""

    help = "Migrate the database, collect static files and create the first login, each only if needed."

    def handle(self, **_: Any) -> None:
        try:
            refuse_broken_pool()
        except ImproperlyConfigured as problem:
            raise CommandError(str(problem)) from None
        if has_unapplied_migrations():
            call_command("migrate", interactive=False, verbosity=0)
        vendor_keys.expect_if_alone(socket.gethostname())
        collect_static_files()
        call_command("first_login", stdout=self.stdout)


def has_unapplied_migrations() -> bool:
    """Return whether any migration is unapplied."""
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def collect_static_files() -> None:
    """Collect and compress static files, which takes seconds, unless they are unchanged."""
    stamp = Path(settings.STATIC_ROOT) / "collected"
    found = fingerprint_static_files()
    if not stamp.exists() or stamp.read_text() != found:
        call_command("collectstatic", interactive=False, verbosity=0)
        stamp.write_text(found)


def fingerprint_static_files() -> str:
    """Return a hash of every static file's path, size and modification time, and of the compressor's version."""
    found = [importlib.metadata.version("whitenoise")]
    for finder in get_finders():
        for path, storage in finder.list([]):
            stat = Path(storage.path(path)).stat()
            found.append(f"{path} {stat.st_size} {stat.st_mtime_ns}")
    return hashlib.sha256("\n".join(sorted(found)).encode()).hexdigest()
