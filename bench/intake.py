"""Compare the speed and memory of checking and storing rows with those of django-import-export and bare COPY.

See docs/performance.md.
"""

import argparse
import csv
import os
import random
import statistics
import sys
import time

from batches.sandbox import people
from bench.support.database import migrate, run, run_postgres, run_sqlite
from bench.support.processes import run_in_new_process

HEADER = [
    *("APN", "Owner 1 First Name", "Owner 1 Last Name", "Address", "Unit #", "City", "State", "Zip", "County"),
    *("Mailing Address", "Mailing City", "Mailing State", "Mailing Zip", "Phone 1", "Email 1"),
    *("Bedrooms", "Building Sqft", "Est. Value", "Last Sale Date", "Method of Add"),
]
BLOCK_SIZE = 1 << 20


def write_list(path, rows):
    """Write a list of twenty columns. In each hundred rows, one is invalid and three are duplicates."""
    rng = random.Random(rows)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for number in range(rows):
            # The last three rows of each hundred repeat the person of an earlier one.
            is_duplicate = number % 100 > 96
            writer.writerow(make_row(rng, number - 50 if is_duplicate else number))


def make_row(rng, number):
    first, last, street = (
        words[number % len(words)] for words in (people.FIRST_NAMES, people.LAST_NAMES, people.STREETS)
    )
    is_invalid = number % 100 == 33
    zip_code = "unknown" if is_invalid else f"{20100 + number % 90}"
    owner = [f"{number:09}", first, last, f"{number} {street} Street", "", "HERNDON", "VA", zip_code, "Fairfax"]
    mailing = [f"{number} {street} Ave Apt {number % 40 + 1}", "Tampa", "FL", "33602-1234"]
    contact = [f"(703) 555-{rng.randrange(100, 200):04}", f"{first}.{number}@example.com".lower()]
    rest = [rng.randrange(1, 6), rng.randrange(600, 6000), rng.randrange(90_000, 900_000), "2019-07-04", "List"]
    return owner + mailing + contact + rest


# The contenders. Each runs in a process of its own, whose peak memory is measured too, and returns seconds.


def import_ours(path):
    from django.core.files import File  # noqa: PLC0415 - once Django is set up, as below

    from batches.intake import row_import, uploads  # noqa: PLC0415
    from batches.intake.trace_settings import TraceSettings  # noqa: PLC0415

    with path.open("rb") as file:
        upload = uploads.receive(File(file, name=path.name), None)
    uploads.accept_settings(upload, TraceSettings.from_upload(upload), None)
    begin = time.perf_counter()
    row_import.check_rows(upload.pk)
    seconds = time.perf_counter() - begin
    upload.refresh_from_db()
    assert upload.status == "ready", upload.problem
    return seconds


def import_by_import_export(path):
    """Import with django-import-export's fastest settings, our mapping and checks, but no search for duplicates."""
    from django.core.files import File  # noqa: PLC0415
    from import_export import resources  # noqa: PLC0415
    from tablib import Dataset  # noqa: PLC0415

    from batches.intake import uploads  # noqa: PLC0415
    from batches.intake.row_reader import RowReader  # noqa: PLC0415
    from batches.models import Item  # noqa: PLC0415

    with path.open("rb") as file:
        upload = uploads.receive(File(file, name=path.name), None)
    reader = RowReader(upload)
    field_names = {field.column: field.name for field in Item._meta.concrete_fields}

    class ItemResource(resources.ModelResource):
        class Meta:
            model = Item
            fields = [name for name in field_names.values() if name != "id"]
            import_id_fields = []
            force_init_instance = use_bulk = skip_diff = skip_html_diff = True
            batch_size = 2_000
            use_transactions = True

        def before_import_row(self, row, row_number=None, **kwargs):
            cells = [row.pop(name) for name in HEADER]
            [(_, values)] = reader.read_row(row_number + 1, cells)
            row.update({field_names[column]: value for column, value in values.items()})

    begin = time.perf_counter()
    with path.open(newline="") as file:
        dataset = Dataset().load(file, format="csv")
    result = ItemResource().import_data(dataset, raise_errors=True)
    assert not result.has_errors()
    return time.perf_counter() - begin


def copy_bare(path):
    """Store the rows that `import_ours` has stored once more, with COPY, and neither read a list nor check rows."""
    import psycopg  # noqa: PLC0415

    with psycopg.connect(os.environ["DATABASE_URL"]) as connection, connection.cursor() as cursor:
        copy_path = path.with_suffix(".copy")
        with copy_path.open("wb") as file, cursor.copy("COPY batches_item TO STDOUT") as copy:
            file.writelines(copy)
        cursor.execute("TRUNCATE batches_item CASCADE")
        connection.commit()
        begin = time.perf_counter()
        with copy_path.open("rb") as file, cursor.copy("COPY batches_item FROM STDIN") as copy:
            while block := file.read(BLOCK_SIZE):
                copy.write(block)
        connection.commit()
        seconds = time.perf_counter() - begin
    copy_path.unlink()
    return seconds


CONTENDERS = {"ours": import_ours, "django-import-export": import_by_import_export, "bare COPY": copy_bare}


# The databases


def empty_database(is_sqlite, directory):
    if is_sqlite:
        (directory / "bench.sqlite3").unlink()
        migrate()
    else:
        run("TRUNCATE batches_upload RESTART IDENTITY CASCADE")
        run("CHECKPOINT")


def compare(database, sizes, rounds, most_for_import_export):
    is_sqlite = database == "sqlite"
    with run_sqlite() if is_sqlite else run_postgres() as database_location:
        directory = database_location if is_sqlite else database_location[0]
        for size in sizes:
            path = directory / "list.csv"
            write_list(path, size)
            results = {}
            for number in range(rounds if size == min(sizes) else 1):
                for name in choose_contenders(is_sqlite, size, most_for_import_export):
                    if name != "bare COPY":
                        empty_database(is_sqlite, directory)
                    results.setdefault(name, []).append(run_in_new_process(CONTENDERS[name], path))
                    print(
                        f"{database}, {size:,}, round {number + 1}: {name}: {results[name][-1]}",
                        file=sys.stderr,
                        flush=True,
                    )
            show(database, size, results)


def choose_contenders(is_sqlite, size, most_for_import_export):
    """Return the names of the contenders in order. COPY is last, because it copies the rows that ours has stored."""
    names = ["ours"]
    if size <= most_for_import_export:
        names.insert(0, "django-import-export")
    if not is_sqlite:
        names.append("bare COPY")
    return names


def show(database, size, results):
    our_seconds = statistics.median(seconds for seconds, _ in results["ours"])
    for name, rounds in results.items():
        seconds = statistics.median(seconds for seconds, _ in rounds)
        mebibytes = max(memory for _, memory in rounds) / 2**20
        cells = [f"{size / seconds:,.0f}", f"{seconds / our_seconds:.2f}", f"{mebibytes:,.0f}"]
        print(f"| {database} | {size:,} | {name} | {' | '.join(cells)} |", flush=True)


def main():
    parser = argparse.ArgumentParser(prog="script/bench intake", description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], action="append")
    parser.add_argument("--rows", type=int, action="append", help="Default: 100,000 and 1,000,000.")
    parser.add_argument("--rounds", type=int, default=3, help="Rounds for the smallest list; the others are read once.")
    parser.add_argument(
        "--most-for-import-export",
        type=int,
        default=100_000,
        help="Maximum number of rows for django-import-export, which takes too long for more.",
    )
    options = parser.parse_args()
    os.environ["MAX_UPLOAD_BYTES"] = str(10**9)
    print("| database | rows | | rows per second: median | ours ÷ this | peak MiB |\n|---|--:|---|--:|--:|--:|")
    for database in options.database or ["postgresql", "sqlite"]:
        compare(database, options.rows or [100_000, 1_000_000], options.rounds, options.most_for_import_export)


if __name__ == "__main__":
    main()
