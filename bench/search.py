"""Measure how long it takes to find people among a million, on PostgreSQL.

See docs/performance.md.
"""

import argparse
import random
import statistics
import time
from itertools import islice

from batches.people import search_terms
from bench.support.database import add_items, run, run_postgres
from bench.support.load import FIRST_KEY, percentile

FIRST_NAMES, LAST_NAMES, STREETS, TOWNS = 1_000, 50_000, 5_000, 2_000
"""How many there are of each. As with real names, some are common and most are rare: the n-th is 1/n as common."""
CHUNK_SIZE = 20_000
KINDS = {
    "first and last name": lambda rng, one: f"{one.first} {one.last}",
    "last name and the beginning of the town": lambda rng, one: f"{one.last} {one.town[:4]}",
    "phone": lambda rng, one: f"({one.phones[0][:3]}) {one.phones[0][3:6]}-{one.phones[0][6:]}",
    "email": lambda rng, one: one.email,
    "house number and street": lambda rng, one: f"{one.house} {one.street}",
    "the commonest last name and first name": lambda rng, one: f"{LASTS[0]} {FIRSTS[rng.randrange(3)]}",
    "one common first name alone": lambda rng, one: f"{FIRSTS[rng.randrange(10)]}",
    "nobody": lambda rng, one: f"{one.first}{rng.randrange(10**6)} {one.last}",
}


def make_words(count, seed):
    """Return invented, pronounceable words, all different."""
    rng, made = random.Random(seed), {}
    while len(made) < count:
        parts = (rng.choice("bcdfghklmnprstvwz") + rng.choice("aeiou") for _ in range(rng.randrange(2, 5)))
        made["".join(parts) + rng.choice(["", "n", "r", "s", "ll"])] = None
    return list(made)


FIRSTS, LASTS = make_words(FIRST_NAMES, 1), make_words(LAST_NAMES, 2)
STREET_NAMES, TOWN_NAMES = make_words(STREETS, 3), make_words(TOWNS, 4)


def draw(rng, names):
    """Choose one of the names: the n-th with a chance of about 1/n."""
    return names[int(len(names) ** rng.random()) - 1]


class Person:
    def __init__(self, number):
        rng = random.Random(number)
        self.first, self.last = draw(rng, FIRSTS), draw(rng, LASTS)
        self.street, self.town = draw(rng, STREET_NAMES), draw(rng, TOWN_NAMES)
        self.house, self.zip = str(rng.randrange(1, 9_999)), f"{rng.randrange(10_000, 99_999)}"
        self.phones = [f"{rng.randrange(200, 1_000)}55501{rng.randrange(100):02}" for _ in range(rng.randrange(1, 7))]
        self.email = f"{self.first}.{self.last}{number % 1_000}@example.com"
        self.former = [
            f"{rng.randrange(1, 9_999)} {draw(rng, STREET_NAMES)} St, {draw(rng, TOWN_NAMES)}"
            for _ in range(rng.randrange(6))
        ]

    def collect(self):
        texts = [self.first, self.last, f"{self.house} {self.street} St", self.town, "VA", self.zip, *self.former]
        return search_terms.collect(texts, self.phones, [self.email])


def fill_search(count):
    from batches.statuses import BatchStatus, UploadStatus  # noqa: PLC0415 - once Django is set up, as below

    run("TRUNCATE batches_upload RESTART IDENTITY CASCADE")
    add_items(FIRST_KEY, count, UploadStatus.COMPLETE, BatchStatus.CLOSED, "a", {"outcome": "'no_match'"})
    run("DROP INDEX batches_digest_words")
    numbers = iter(range(count))
    while chunk := list(islice(numbers, CHUNK_SIZE)):
        write(chunk)
    begin = time.perf_counter()
    run(
        "CREATE INDEX batches_digest_words ON batches_digest USING gin (array_to_tsvector(string_to_array(words, ' ')))"
    )
    print(f"The index was built in {time.perf_counter() - begin:.0f} s.", flush=True)
    run("VACUUM ANALYZE batches_item, batches_digest")


def write(numbers):
    from batches.database import bulk_insert  # noqa: PLC0415
    from batches.models import Digest  # noqa: PLC0415

    columns = [field.column for field in Digest._meta.concrete_fields]
    plain = [field.get_default() if field.has_default() else None for field in Digest._meta.concrete_fields]
    empty = dict(zip(columns, plain, strict=True)) | {"found": "", "match": ""}
    rows = (
        tuple((empty | {"item_id": FIRST_KEY + number, "words": Person(number).collect()}).values())
        for number in numbers
    )
    bulk_insert("batches_digest", columns, rows, only_if=lambda: True)


def measure(count, searches):
    """Return the times for each kind of search: of the look-up, and of the whole page."""
    from django.contrib.auth import get_user_model  # noqa: PLC0415
    from django.core.management import call_command  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    from batches.results import search  # noqa: PLC0415

    call_command("collectstatic", verbosity=0, interactive=False)
    client, rng = Client(SERVER_NAME="127.0.0.1"), random.Random(5)
    client.force_login(get_user_model().objects.create_user("bench"))
    times = {}
    for _ in range(searches):
        for kind, make in KINDS.items():
            text = make(rng, Person(rng.randrange(count)))
            found, seconds = measure_time(search.search_people, text)
            page, page_seconds = measure_time(client.get, "/find/", {"q": text})
            assert page.status_code == 200
            assert found.ids or kind == "nobody", (kind, text)
            times.setdefault(kind, []).append((seconds, page_seconds, len(found.ids)))
    return times


def measure_time(function, *arguments):
    begin = time.perf_counter()
    result = function(*arguments)
    return result, time.perf_counter() - begin


def show(kind, times):
    lookups, pages, found = zip(*times, strict=True)
    cells = [f"{1000 * value:.1f}" for value in (statistics.median(lookups), percentile(lookups, 0.95), max(lookups))]
    cells += [f"{1000 * value:.0f}" for value in (statistics.median(pages), percentile(pages, 0.95))]
    print(f"| {kind} | {statistics.median(found):,.0f} | {' | '.join(cells)} |", flush=True)


def main():
    parser = argparse.ArgumentParser(prog="script/bench search", description=__doc__)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--searches", type=int, default=200, help="Searches of each kind.")
    options = parser.parse_args()
    with run_postgres():
        fill_search(options.items)
        times = measure(options.items, options.searches)
        print("| what is typed | people shown | look-up, ms: median | p95 | longest | page, ms: median | p95 |")
        print("|---|--:|--:|--:|--:|--:|--:|")
        for kind, each in times.items():
            show(kind, each)
        show("all of these", [time for each in times.values() for time in each])


if __name__ == "__main__":
    main()
