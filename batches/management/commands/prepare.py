import hashlib
import importlib.metadata
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


class Command(BaseCommand):
    """One process for what three commands would do, each of which would load Django anew."""

    help = "Migrate the database, collect static files and make the first login, each only if it is needed."

    def handle(self, **_):
        if is_behind():
            call_command("migrate", interactive=False, verbosity=0)
        collect_static_files()
        call_command("first_login", stdout=self.stdout)


def is_behind() -> bool:
    """Return whether a migration has not been applied yet."""
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def collect_static_files() -> None:
    """Collect and compress static files, which takes seconds, unless they are those of the last time."""
    stamp = Path(settings.STATIC_ROOT) / "collected"
    found = fingerprint_static_files()
    if not stamp.exists() or stamp.read_text() != found:
        call_command("collectstatic", interactive=False, verbosity=0)
        stamp.write_text(found)


def fingerprint_static_files() -> str:
    """Return a hash of every static file's path, size and time, and of the version of what compresses them."""
    found = [importlib.metadata.version("whitenoise")]
    for finder in get_finders():
        for path, storage in finder.list([]):
            stat = Path(storage.path(path)).stat()
            found.append(f"{path} {stat.st_size} {stat.st_mtime_ns}")
    return hashlib.sha256("\n".join(sorted(found)).encode()).hexdigest()
