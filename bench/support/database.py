"""Run a database for a measurement alone, and fill it with items."""

import math
import multiprocessing
import os
from contextlib import contextmanager
from shutil import rmtree

import psycopg

from bench.support.bodies import make_body
from bench.support.load import FIRST_KEY, PER_BATCH, make_token
from tests.support.services import Postgres, make_directory

PER_UPLOAD = 20_000
PEER_TABLE = """
    CREATE TABLE IF NOT EXISTS peer_result (
        id bigserial PRIMARY KEY, item_id bigint NOT NULL, request_id text NOT NULL, payload jsonb NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now())
"""


@contextmanager
def run_postgres():
    """Run PostgreSQL with its default, durable settings, and set up Django on it. Yield a directory and the server."""
    directory = make_directory()
    postgres = Postgres(directory, is_durable=True)
    try:
        postgres.start()
        (directory / "var" / "static").mkdir(parents=True)
        for name in ("REALESTATEAPI_URL", "PUBLIC_URL", "PORT", "DEBUG", "REDIS_URL"):
            os.environ.pop(name, None)
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "skipportal.settings",
            "DATABASE_URL": postgres.address,
            "VAR_DIR": str(directory / "var"),
            "REALESTATEAPI_KEY": "a-key",
            # The client of a benchmark has a session but never enters a password.
            "REAUTHENTICATION_MINUTES": "0",
        }
        import django  # noqa: PLC0415 - needs complete settings
        from django.core.management import call_command  # noqa: PLC0415

        django.setup()
        call_command("migrate", verbosity=0)
        run(PEER_TABLE)
        yield directory, postgres
    finally:
        postgres.stop()
        rmtree(directory, ignore_errors=True)


@contextmanager
def run_sqlite():
    """Create a SQLite database, and set up the environment for it. Yield its directory."""
    directory = make_directory()
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "skipportal.settings",
        "DATABASE_URL": f"sqlite:///{directory}/bench.sqlite3",
        "VAR_DIR": str(directory / "var"),
        "REALESTATEAPI_KEY": "a-key",
        "SECRET_KEY": "a-key-for-a-bench-that-is-long-enough",
        "REAUTHENTICATION_MINUTES": "0",
    }
    (directory / "var" / "static").mkdir(parents=True)
    try:
        migrate()
        yield directory
    finally:
        rmtree(directory, ignore_errors=True)


def migrate():
    """Migrate the database in a new process, so that no connection to it stays open here."""
    process = multiprocessing.get_context("spawn").Process(target=migrate_in_this_process)
    process.start()
    process.join()
    assert process.exitcode == 0


def migrate_in_this_process():
    import django  # noqa: PLC0415
    from django.core.management import call_command  # noqa: PLC0415

    django.setup()
    call_command("migrate", verbosity=0)


def run(sql):
    """Run a statement and return its rows.

    On PostgreSQL, use a new connection, because the server may have been restarted.
    """
    if os.environ["DATABASE_URL"].startswith("sqlite"):
        from django.db import connection  # noqa: PLC0415

        with connection.cursor() as cursor:
            return cursor.execute(sql).fetchall()
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        cursor = connection.execute(sql)
        return cursor.fetchall() if cursor.description else []


@contextmanager
def stream(query):
    """Yield a cursor that loads the rows of a query a thousand at a time."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection, connection.cursor("stream") as cursor:
        cursor.itersize = 1_000
        yield cursor.execute(query)


def fill_database(waiting, answered=0):
    """Empty the database, then add `waiting` items from FIRST_KEY on and `answered` items before them.

    They are in lists of 20,000 and batches of 1,000. If both numbers are given, they must be multiples of 20,000.
    """
    from django.db import connection  # noqa: PLC0415

    from batches.statuses import BatchStatus, UploadStatus  # noqa: PLC0415

    connection.close()
    run("TRUNCATE batches_upload, webhooks_stray, peer_result RESTART IDENTITY CASCADE")
    if answered:
        store_bodies(100)
        answer = {"outcome": "'matched'", "answered_at": "now()", "credits": "1", "request_id": "'request-' || i"}
        answer["answer"] = "(SELECT body FROM bench_body WHERE number = i % 100)"
        add_items(FIRST_KEY - answered, answered, UploadStatus.COMPLETE, BatchStatus.CLOSED, "a", answer)
    add_items(FIRST_KEY, waiting, UploadStatus.RUNNING, BatchStatus.ACKNOWLEDGED, "b", {})
    run("VACUUM ANALYZE batches_item")
    run("CHECKPOINT")


def store_bodies(count):
    """Store different bodies in a table, from which items copy them."""
    from django.db import connection  # noqa: PLC0415

    run("CREATE TABLE IF NOT EXISTS bench_body (number integer PRIMARY KEY, body text NOT NULL)")
    with connection.cursor() as cursor:
        rows = [(number, make_body(number, number).decode()) for number in range(count)]
        cursor.executemany("INSERT INTO bench_body VALUES (%s, %s) ON CONFLICT DO NOTHING", rows)


def add_items(first_key, count, upload_status, batch_status, mark, expressions, per_upload=PER_UPLOAD):
    """Create lists and batches named after `mark`, with an item and copies of it that are made in the database.

    `expressions` maps columns to the SQL for their values in copy number `i`.
    """
    from django.utils import timezone  # noqa: PLC0415

    from batches.models import Batch, Item, Upload  # noqa: PLC0415

    names = [f"{mark}{number}" for number in range(math.ceil(count / per_upload))]
    uploads = Upload.objects.bulk_create(Upload(name=name, status=upload_status, row_count=count) for name in names)
    batches = Batch.objects.bulk_create(
        Batch(
            upload=uploads[number * PER_BATCH // per_upload],
            number=number + 1,
            token=make_token(number, mark),
            status=batch_status,
            size=PER_BATCH,
            submitted_at=timezone.now(),
        )
        for number in range(math.ceil(count / PER_BATCH))
    )
    person = {"first_name": "Ada", "last_name": "Abbott", "city": "Herndon", "state": "VA", "zip": "20170"}
    cells = ["Ada", "Abbott", "1 Oak St", "Herndon", "VA", "20170", "PO Box 1", "Herndon", "VA", "20170", "7035550100"]
    first = Item.objects.create(
        id=first_key, upload=uploads[0], batch=batches[0], row_number=2, cells=cells, address="1 Oak St", **person
    )
    expressions |= {
        "id": f"{first_key} + i",
        "upload_id": f"{uploads[0].pk} + i / {per_upload}",
        "batch_id": f"{batches[0].pk} + i / {PER_BATCH}",
        "row_number": f"i % {per_upload} + 2",
        "address": "i || ' Oak St'",
        "fingerprint": "md5(i::text)",
    }
    if os.environ["DATABASE_URL"].startswith("sqlite"):
        expressions["fingerprint"] = "printf('%032d', i)"
    columns = [field.column for field in Item._meta.concrete_fields]
    values = ", ".join(expressions.get(column, column) for column in columns)
    numbers = f"WITH RECURSIVE numbers (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < {count - 1})"
    run(
        f"INSERT INTO batches_item ({', '.join(columns)}) {numbers} "
        f"SELECT {values} FROM batches_item, numbers WHERE id = {first.pk}"
    )
