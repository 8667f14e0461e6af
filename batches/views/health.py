from django.contrib.auth.decorators import login_not_required
from django.db import Error as StorageError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpResponse

from batches import jobs


@login_not_required
def healthz(request):
    """Say that the process is up, without asking anything else."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
def readyz(request):
    """All that is needed to work is there: 200, or 503 with what is not."""
    missing = [name for name, is_ready in CHECKS.items() if not is_ready()]
    text = f"not ready: {', '.join(missing)}\n" if missing else "ready\n"
    return HttpResponse(text, status=503 if missing else 200, content_type="text/plain")


def is_database_ready():
    try:
        connection.ensure_connection()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except StorageError:
        return False
    return True


def is_migrated():
    try:
        executor = MigrationExecutor(connection)
        return not executor.migration_plan(executor.loader.graph.leaf_nodes())
    except StorageError:
        return False


CHECKS = {"database": is_database_ready, "migrations": is_migrated, "redis": jobs.is_redis_there}
