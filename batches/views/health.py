"""Health checks for load balancers and monitoring."""

from collections.abc import Callable
from datetime import timedelta

from django.contrib.auth.decorators import login_not_required
from django.db import Error as StorageError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse

from batches import jobs
from batches.database import BROKEN_POOL, read_skew, supports_prepared_statements
from batches.tracing import vendor_keys

KEY_DIFFERS = "This host's REALESTATEAPI_KEY differs from that of the other hosts."
MAX_CLOCK_SKEW = timedelta(seconds=5)


@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """Return 200 if the process is up. Checks nothing else."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
def readyz(request: HttpRequest) -> HttpResponse:
    """Return 200 if everything that the portal needs works, or 503 with what does not."""
    missing = find_missing()
    text = f"not ready: {', '.join(missing)}\n" if missing else f"ready\n{skew_message()}"
    return HttpResponse(text, status=503 if missing else 200, content_type="text/plain")


def find_missing() -> list[str]:
    """Return the names of failed checks. If the database is down, skip the checks that would wait for it."""
    is_database_up = is_database_ready()
    asked = CHECKS | (DATABASE_CHECKS if is_database_up else {})
    return [*([] if is_database_up else ["database"]), *(name for name, is_ready in asked.items() if not is_ready())]


def skew_message() -> str:
    """Return a line about this host's clock if it is wrong. Nothing depends on that clock, so it causes no 503."""
    try:
        skew = read_skew()
    except StorageError:
        return ""
    if abs(skew) <= MAX_CLOCK_SKEW:
        return ""
    side = "ahead of" if skew > timedelta() else "behind"
    return f"This host's clock is {abs(skew).total_seconds():.0f} s {side} the database's.\n"


def is_database_ready() -> bool:
    try:
        connection.ensure_connection()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except StorageError:
        return False
    return True


def is_migrated() -> bool:
    try:
        executor = MigrationExecutor(connection)
        return not executor.migration_plan(executor.loader.graph.leaf_nodes())
    except StorageError:
        return False


def is_pool_safe() -> bool:
    return unless_unreachable(supports_prepared_statements)


def is_key_known() -> bool:
    return unless_unreachable(vendor_keys.is_expected_known)


def unless_unreachable(check: Callable[[], bool]) -> bool:
    """Return the result of a check, or True if the database fails meanwhile or is not migrated."""
    try:
        return check()
    except StorageError:
        return True


CHECKS = {"redis": jobs.is_redis_there}
DATABASE_CHECKS = {"migrations": is_migrated, BROKEN_POOL: is_pool_safe, KEY_DIFFERS: is_key_known}
