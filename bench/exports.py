"""Compare the wide export of traced items from PostgreSQL with django-import-export and PostgreSQL's own COPY.

Measure rows per second, the time to the first byte, and memory. See docs/performance.md.
"""

import argparse
import http.client
import os
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from bench.support.database import add_items, run, run_postgres, store_bodies
from bench.support.load import FIRST_KEY
from bench.support.processes import read_peak_memory, run_in_new_process
from tests.support.services import free_port, wait_until

COLUMNS = [
    *("First Name", "Last Name", "Address", "City", "State", "Zip"),
    *("Mailing Address", "Mailing City", "Mailing State", "Mailing Zip", "Phone"),
]
BODIES = 100
"""Number of different answers."""
COPIED_COLUMNS = [
    *("words", "found", "answered_at", "match", "phones", "mobiles", "usable_mobiles", "do_not_call", "emails"),
    *("deceased", "cached"),
]
COPY = """
    COPY (SELECT item.row_number, item.cells, item.outcome, item.message, item.credits, item.answered_at, digest.found
          FROM batches_item AS item JOIN batches_digest AS digest ON digest.item_id = item.id
          WHERE item.upload_id = {upload} ORDER BY item.row_number) TO STDOUT WITH (FORMAT csv)
"""


def fill_database(size):
    """Create a list of `size` traced people whose answers are digested. Return its id."""
    from django.db import connection  # noqa: PLC0415 - once Django is set up, as below

    from batches.models import Upload  # noqa: PLC0415
    from batches.statuses import BatchStatus, UploadStatus  # noqa: PLC0415

    connection.close()
    run("TRUNCATE batches_upload RESTART IDENTITY CASCADE")
    store_bodies(BODIES)
    answer = {"outcome": "'matched'", "answered_at": "now()", "credits": "1", "request_id": "'request-' || i"}
    answer["answer"] = f"(SELECT body FROM bench_body WHERE number = i % {BODIES})"
    add_items(FIRST_KEY, size, UploadStatus.COMPLETE, BatchStatus.CLOSED, "a", answer, per_upload=size)
    digest_all()
    run("VACUUM ANALYZE batches_item, batches_digest")
    run("CHECKPOINT")
    upload = Upload.objects.get()
    Upload.objects.update(columns=COLUMNS)
    connection.close()
    return upload.pk


def digest_all():
    """Digest one item with each body, and copy these digests to all other items in the database."""
    from batches.models import Item  # noqa: PLC0415
    from batches.results import digests  # noqa: PLC0415

    digests.refresh_digests(Item.objects.filter(pk__gt=FIRST_KEY, pk__lte=FIRST_KEY + BODIES))
    columns = ", ".join(COPIED_COLUMNS)
    columns_of_digest = ", ".join(f"digest.{name}" for name in COPIED_COLUMNS)
    run("DROP TABLE IF EXISTS bench_digest")
    run(f"CREATE TABLE bench_digest AS SELECT item_id % {BODIES} AS body, {columns} FROM batches_digest")
    run(
        f"INSERT INTO batches_digest (item_id, {columns}) SELECT item.id, {columns_of_digest}"
        f" FROM batches_item AS item JOIN bench_digest AS digest ON digest.body = item.id % {BODIES}"
        f" WHERE item.id > {FIRST_KEY + BODIES}"
    )


# The contenders. Each runs in a process of its own, and returns the seconds to the first chunk, and in total.


def export_ours(upload_id, out):
    from batches.exports import files  # noqa: PLC0415
    from batches.exports.rows import ExportChoices  # noqa: PLC0415
    from batches.models import Upload  # noqa: PLC0415

    begin, first = time.perf_counter(), None
    upload = Upload.objects.get(pk=upload_id)
    with out.open("wb") as file:
        for chunk in files.stream_export(upload, upload.items.all(), files.find_layout("wide"), ExportChoices()):
            first = first or time.perf_counter() - begin
            file.write(chunk)
    return first, time.perf_counter() - begin


def export_by_import_export(upload_id, out, is_digested=False):
    """Export the same columns from the stored answers, or from our digests if `is_digested`."""
    from import_export import fields, resources  # noqa: PLC0415

    from batches.exports.layouts import WIDE, ExportRow, compile_columns  # noqa: PLC0415
    from batches.models import Item  # noqa: PLC0415
    from batches.people.contacts import Contact  # noqa: PLC0415
    from batches.results import digests  # noqa: PLC0415
    from batches.vendor.answers import read_contact  # noqa: PLC0415

    class Cell(fields.Field):
        def __init__(self, position, **kwargs):
            super().__init__(**kwargs)
            self.position = position

        def get_value(self, item):
            return item.cells[self.position]

    class Found(fields.Field):
        def __init__(self, read_cells, **kwargs):
            super().__init__(**kwargs)
            self.read_cells = read_cells

        def get_value(self, item):
            [cell] = self.read_cells(as_row(item))
            return cell

    def as_row(item):
        if not hasattr(item, "row"):
            text = item.digest.found if is_digested else item.answer
            read = digests.decode_contact if is_digested else read_contact
            contact = read(text) if text else Contact()
            at = item.answered_at.isoformat(timespec="seconds") if item.answered_at else ""
            item.row = ExportRow(item.pk, "", item.cells, item.outcome, item.message, "1", at, "", contact)
            item.row.phones = contact.phones
        return item.row

    attributes = {name: Cell(position, column_name=name) for position, name in enumerate(COLUMNS)}
    for column in WIDE.columns:
        name, _ = column
        attributes[name] = Found(compile_columns([column]), column_name=name)
    resource = type("ItemResource", (resources.Resource,), attributes)()
    items = Item.objects.filter(upload=upload_id, outcome="matched").order_by("row_number")
    items = items.select_related("digest").defer("answer") if is_digested else items
    begin = time.perf_counter()
    data = resource.export(items).csv
    out.write_text(data, newline="")
    seconds = time.perf_counter() - begin
    return seconds, seconds


def export_digests_by_import_export(upload_id, out):
    return export_by_import_export(upload_id, out, is_digested=True)


def export_by_copy(upload_id, out):
    """Copy the rows to a file with psql."""
    begin = time.perf_counter()
    with out.open("wb") as file:
        statement = COPY.format(upload=upload_id)
        subprocess.run(["psql", os.environ["DATABASE_URL"], "-qc", statement], stdout=file, check=True)
    seconds = time.perf_counter() - begin
    return seconds, seconds


CONTENDERS = {
    "ours": export_ours,
    "django-import-export": export_by_import_export,
    "django-import-export, given our digests": export_digests_by_import_export,
    "psql, COPY (SELECT …) TO": export_by_copy,
}


def measure(name, upload_id, out):
    """Return the seconds to the first chunk, the seconds in total, and the peak memory of the process."""
    (first, seconds), memory = run_in_new_process(CONTENDERS[name], upload_id, out)
    assert out.stat().st_size > 1_000_000, "The file is too small."
    return first, seconds, memory


# Over HTTP, from the real web server


@contextmanager
def serve():
    port = free_port()
    command = [sys.executable, "-m", "granian", "--host", "127.0.0.1", "--port", str(port), "--log-level", "warning"]
    command += ["--interface", "asginl", "--loop", "uvloop", "--workers", "1", "skipportal.asgi:application"]
    process = subprocess.Popen(command, env=os.environ | {"PORT": str(port)})
    try:
        wait_until(lambda: is_answering(port), "the web server")
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(30)


def is_answering(port):
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False


def download(port, upload_id, cookie):
    """Return the seconds to the first byte of the file, and in total."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    begin, first = time.perf_counter(), None
    connection.request("GET", f"/uploads/{upload_id}/export/", headers={"cookie": f"sessionid={cookie}"})
    response = connection.getresponse()
    assert response.status == 200, response.status
    while response.read1(1 << 16):
        first = first or time.perf_counter() - begin
    return first, time.perf_counter() - begin


def log_in():
    """Return the cookie of a new session."""
    from django.contrib.auth import get_user_model  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    user, _ = get_user_model().objects.get_or_create(username="bench", defaults={"is_superuser": True})
    client = Client()
    client.force_login(user)
    return client.cookies["sessionid"].value


def measure_over_http(upload_id, size, rounds):
    cookie = log_in()
    with serve() as (port, pid):
        times = [download(port, upload_id, cookie) for _ in range(rounds)]
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        memory = max(read_peak_memory(child) for child in children)
    first_times = [first for first, _ in times]
    seconds = statistics.median(seconds for _, seconds in times)
    show(size, "ours, over HTTP", seconds, None, first_times, memory)


def show(size, name, seconds, our_seconds, first_times, memory):
    """Print a contender's row of the table."""
    first_byte = f"{1000 * statistics.median(first_times):,.0f} ({1000 * max(first_times):,.0f})"
    cells = [
        f"{size / seconds:,.0f}",
        f"{seconds / our_seconds:.2f}" if our_seconds else "",
        first_byte,
        f"{memory / 2**20:,.0f}",
    ]
    print(f"| {size:,} | {name} | {' | '.join(cells)} |", flush=True)


def compare(directory, size, rounds, contenders):
    upload_id, results = fill_database(size), {}
    for number in range(rounds):
        for name in contenders:
            results.setdefault(name, []).append(measure(name, upload_id, directory / "out.csv"))
            print(f"{size:,}, round {number + 1}: {name}: {results[name][-1]}", file=sys.stderr, flush=True)
    our_seconds = statistics.median(seconds for _, seconds, _ in results["ours"])
    for name, rounds_of_one in results.items():
        first_times, times, memories = zip(*rounds_of_one, strict=True)
        show(size, name, statistics.median(times), our_seconds, first_times, max(memories))
    measure_over_http(upload_id, size, rounds)


def main():
    parser = argparse.ArgumentParser(prog="script/bench exports", description=__doc__)
    parser.add_argument("--rows", type=int, action="append", help="Default: 10,000, 100,000 and 1,000,000.")
    parser.add_argument("--rounds", type=int, default=3, help="Rounds up to the size of --raced; larger ones run once.")
    parser.add_argument(
        "--raced", type=int, default=100_000, help="Number of rows at which the other libraries are measured too."
    )
    options = parser.parse_args()
    print("| rows | | rows per second: median | seconds ÷ ours | first byte, ms: median (longest) | peak MiB |")
    print("|--:|---|--:|--:|--:|--:|")
    with run_postgres() as (directory, _):
        for size in options.rows or [10_000, 100_000, 1_000_000]:
            compare(
                directory,
                size,
                options.rounds if size <= options.raced else 1,
                CONTENDERS if size == options.raced else ["ours"],
            )


if __name__ == "__main__":
    main()
