"""Measure how long it takes to find people among a million. See docs/performance.md."""

import argparse
import random
import statistics
import time
from itertools import islice

from batches.people import search_terms
from bench.support.database import add_items, run, run_postgres, run_sqlite
from bench.support.load import FIRST_KEY, percentile

FIRST_NAMES, LAST_NAMES, STREETS, TOWNS = 1_000, 50_000, 5_000, 2_000
"""How many different names there are. As with real names, a few are common and most are rare: see `choose_name`."""
CHUNK_SIZE = 20_000
KINDS = {
    "first and last name": lambda rng, person: f"{person.first} {person.last}",
    "last name and beginning of the town": lambda rng, person: f"{person.last} {person.town[:4]}",
    "phone": lambda rng, person: f"({person.phones[0][:3]}) {person.phones[0][3:6]}-{person.phones[0][6:]}",
    "email": lambda rng, person: person.email,
    "house number and street": lambda rng, person: f"{person.house} {person.street}",
    "the most common last name and first name": lambda rng, _: f"{LASTS[0]} {FIRSTS[rng.randrange(3)]}",
    "one common first name": lambda rng, _: FIRSTS[rng.randrange(10)],
    "nobody": lambda rng, person: f"{person.first}{rng.randrange(10**6)} {person.last}",
}
"""Kind of search → what is typed to find a person."""


def make_words(count, seed):
    """Return invented, pronounceable words, all different."""
    rng, made = random.Random(seed), {}
    while len(made) < count:
        parts = (rng.choice("bcdfghklmnprstvwz") + rng.choice("aeiou") for _ in range(rng.randrange(2, 5)))
        made["".join(parts) + rng.choice(["", "n", "r", "s", "ll"])] = None
    return list(made)


FIRSTS, LASTS = make_words(FIRST_NAMES, 1), make_words(LAST_NAMES, 2)
STREET_NAMES, TOWN_NAMES = make_words(STREETS, 3), make_words(TOWNS, 4)


def choose_name(rng, names):
    """Return one of the names: the n-th with a probability proportional to about 1/n."""
    return names[int(len(names) ** rng.random()) - 1]


class Person:
    """An invented person, the same each time for the same number."""

    def __init__(self, number):
        rng = random.Random(number)
        self.first, self.last = choose_name(rng, FIRSTS), choose_name(rng, LASTS)
        self.street, self.town = choose_name(rng, STREET_NAMES), choose_name(rng, TOWN_NAMES)
        self.house, self.zip = str(rng.randrange(1, 9_999)), f"{rng.randrange(10_000, 99_999)}"
        self.phones = [f"{rng.randrange(200, 1_000)}55501{rng.randrange(100):02}" for _ in range(rng.randrange(1, 7))]
        self.email = f"{self.first}.{self.last}{number % 1_000}@example.com"
        self.former = [
            f"{rng.randrange(1, 9_999)} {choose_name(rng, STREET_NAMES)} St, {choose_name(rng, TOWN_NAMES)}"
            for _ in range(rng.randrange(6))
        ]

    def search_words(self):
        texts = [self.first, self.last, f"{self.house} {self.street} St", self.town, "VA", self.zip, *self.former]
        return search_terms.collect(texts, self.phones, [self.email])


def fill_search(count, is_sqlite):
    """Create `count` items with the digests of different people, and build the search index."""
    from django.db import connection  # noqa: PLC0415 - once Django is set up, as below

    from batches import search_index  # noqa: PLC0415
    from batches.statuses import BatchStatus, UploadStatus  # noqa: PLC0415

    add_items(FIRST_KEY, count, UploadStatus.COMPLETE, BatchStatus.CLOSED, "a", {"outcome": "'no_match'"})
    if is_sqlite:
        search_index.uninstall(connection)
    else:
        run("DROP INDEX batches_digest_words")
    numbers = iter(range(count))
    while chunk := list(islice(numbers, CHUNK_SIZE)):
        write_digests(chunk)
    begin = time.perf_counter()
    if is_sqlite:
        search_index.install(connection)
    else:
        words = "array_to_tsvector(string_to_array(words, ' '))"
        run(f"CREATE INDEX batches_digest_words ON batches_digest USING gin ({words})")
    print(f"The index was built in {time.perf_counter() - begin:.0f} s.", flush=True)
    run("ANALYZE" if is_sqlite else "VACUUM ANALYZE batches_item, batches_digest")


def write_digests(numbers):
    from batches.database import bulk_insert  # noqa: PLC0415
    from batches.models import Digest  # noqa: PLC0415

    columns = [field.column for field in Digest._meta.concrete_fields]
    defaults = [field.get_default() if field.has_default() else None for field in Digest._meta.concrete_fields]
    empty = dict(zip(columns, defaults, strict=True)) | {"found": "", "match": ""}
    rows = (
        tuple((empty | {"item_id": FIRST_KEY + number, "words": Person(number).search_words()}).values())
        for number in numbers
    )
    bulk_insert("batches_digest", columns, rows, only_if=lambda: True)


def measure(count, searches):
    """Return kind of search → a tuple for each search: seconds of the lookup and the page, people, processor."""
    from django.contrib.auth import get_user_model  # noqa: PLC0415
    from django.core.management import call_command  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    from batches.results import search  # noqa: PLC0415

    call_command("collectstatic", verbosity=0, interactive=False)
    client, rng = Client(SERVER_NAME="127.0.0.1"), random.Random(5)
    client.force_login(get_user_model().objects.create_superuser("bench"))
    times = {}
    for _ in range(searches):
        for kind, make_text in KINDS.items():
            text = make_text(rng, Person(rng.randrange(count)))
            found, lookup_seconds, processor_seconds = measure_time(search.search_people, text, None)
            page, page_seconds, _ = measure_time(client.get, "/find/", {"q": text})
            assert page.status_code == 200
            assert found.ids or kind == "nobody", (kind, text)
            times.setdefault(kind, []).append((lookup_seconds, page_seconds, len(found.ids), processor_seconds))
    return times


def measure_time(function, *arguments):
    """Return the result of a call, the seconds that it took, and the seconds of processor time of this process."""
    begin, processor = time.perf_counter(), time.process_time()
    result = function(*arguments)
    return result, time.perf_counter() - begin, time.process_time() - processor


def show(kind, times):
    lookups, pages, found, processor = zip(*times, strict=True)
    cells = [f"{1000 * value:.1f}" for value in (statistics.median(lookups), percentile(lookups, 0.95), max(lookups))]
    cells.append(f"{1000 * percentile(processor, 0.95):.1f}")
    cells += [f"{1000 * value:.0f}" for value in (statistics.median(pages), percentile(pages, 0.95))]
    print(f"| {kind} | {statistics.median(found):,.0f} | {' | '.join(cells)} |", flush=True)


def main():
    parser = argparse.ArgumentParser(prog="script/bench search", description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="postgresql")
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--searches", type=int, default=200, help="Searches of each kind.")
    options = parser.parse_args()
    is_sqlite = options.database == "sqlite"
    with run_sqlite() if is_sqlite else run_postgres():
        if is_sqlite:
            import django  # noqa: PLC0415 - needs complete settings

            django.setup()
        fill_search(options.items, is_sqlite)
        times = measure(options.items, options.searches)
        # On SQLite, the database works in this process.
        print(
            "| search | people shown | lookup, ms: median | p95 | longest | processor: p95 | page, ms: median | p95 |"
        )
        print("|---|--:|--:|--:|--:|--:|--:|--:|")
        for kind, times_of_kind in times.items():
            show(kind, times_of_kind)
        show("all together", [each for times_of_kind in times.values() for each in times_of_kind])


if __name__ == "__main__":
    main()
