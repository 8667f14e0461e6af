"""Health checks for load balancers and monitoring."""

from collections.abc import Callable
from datetime import timedelta

from django.contrib.auth.decorators import login_not_required
from django.db import Error as StorageError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse

from batches import jobs, shared_files
from batches.database import BROKEN_POOL, is_reachable, read_skew, supports_prepared_statements
from batches.tracing import vendor_keys

KEY_DIFFERS = "This host's REALESTATEAPI_KEY differs from that of the other hosts."
FILES_DIFFER = "This host does not see the files that the other hosts have stored."
MAX_CLOCK_SKEW = timedelta(seconds=5)


@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """Return 200 if the process is up. Check nothing else."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
def readyz(request: HttpRequest) -> HttpResponse:
    """Return 200 if everything that the portal needs works. Otherwise, return 503 and name what does not."""
    failed = find_failed_checks()
    text = f"not ready: {', '.join(failed)}\n" if failed else f"ready\n{skew_message()}"
    return HttpResponse(text, status=503 if failed else 200, content_type="text/plain")


def find_failed_checks() -> list[str]:
    """Return the names of failed checks. If the database is down, skip the checks that would wait for it."""
    if is_reachable():
        failed = [name for name, is_passed in (CHECKS | DATABASE_CHECKS).items() if not is_passed()]
        return failed + find_unreadable_accounts()
    return ["database", *(name for name, is_passed in CHECKS.items() if not is_passed())]


def skew_message() -> str:
    """Return a line about this host's time if it is wrong. Nothing depends on it, so the status stays 200."""
    try:
        skew = read_skew()
    except StorageError:
        return ""
    if abs(skew) <= MAX_CLOCK_SKEW:
        return ""
    side = "ahead of" if skew > timedelta() else "behind"
    return f"This host's clock is {abs(skew).total_seconds():.0f} s {side} the database's.\n"


def is_migrated() -> bool:
    try:
        executor = MigrationExecutor(connection)
        return not executor.migration_plan(executor.loader.graph.leaf_nodes())
    except StorageError:
        return False


def is_pool_safe() -> bool:
    return passes_or_cannot_run(supports_prepared_statements)


def is_key_known() -> bool:
    return passes_or_cannot_run(vendor_keys.is_expected_key_known)


def is_sharing_files() -> bool:
    return passes_or_cannot_run(shared_files.sees_shared_files)


def find_unreadable_accounts() -> list[str]:
    """Return a message for each vendor account whose key this host cannot decrypt: it would refuse its results."""
    try:
        return [describe_unreadable(name) for name in vendor_keys.find_unreadable()]
    except StorageError:
        return []


def describe_unreadable(name: str) -> str:
    return f"This host cannot decrypt the key of the vendor account “{name}”"


def passes_or_cannot_run(check: Callable[[], bool]) -> bool:
    """Return the result of a check, or True if it cannot run because the database has failed or is not migrated."""
    try:
        return check()
    except StorageError:
        return True


CHECKS = {"redis": jobs.is_redis_available}
DATABASE_CHECKS = {
    "migrations": is_migrated,
    BROKEN_POOL: is_pool_safe,
    KEY_DIFFERS: is_key_known,
    FILES_DIFFER: is_sharing_files,
}
