"""Measure how quickly the table of people shows its first page with filters that depend on the standing of numbers.

See docs/performance.md. The numbers of a million people are filtered in one list, and among the newest of all lists.
"""

import argparse
import time
from statistics import median

from bench.support.database import add_items, run, run_postgres
from bench.support.load import FIRST_KEY

FIRST_NUMBER = 2_000_000_000
ROUNDS = 5
FILTERS = {
    "deceased=no&has=callable&match=same": "Ready to call",
    "has=callable": "a phone that may be called",
    "has=usable": "a mobile that may be called",
    "has=usable&seen=3": "the same, seen within 3 months",
    "dnc=none": "none of the numbers is do-not-call",
    "dnc=some": "some number is do-not-call",
    "dnc=all": "all numbers are do-not-call",
    "seen=3": "seen within 3 months",
    "deceased=no&has=callable&match=other": "someone else, with a phone that may be called",
}
"""The query of the table → what it asks for."""
FILL = f"""
INSERT INTO batches_digest (item_id, words, found, answered_at, match, phones, mobiles, usable_mobiles, do_not_call,
  emails, deceased, cached)
SELECT id, '', json_build_array(json_build_array('Ada Abbott'), json_build_array(
    json_build_array(({FIRST_NUMBER} + n * 111)::text, 'mobile', n % 10 = 0, 'Sample Wireless', CASE WHEN n % 4 = 0
      THEN to_char(now(), 'YYYY-MM-DD') ELSE '2024-03-01' END, true, '', ''),
    json_build_array(({FIRST_NUMBER} + n * 7919 % {{people}} * 111)::text, 'landline', n % 10 = 0, '', '2023-05-01',
      null, '', '')
  ), json_build_array(), json_build_array(), '52', null)::text, now(),
  (ARRAY['same', 'same', 'same', 'perhaps', 'other'])[1 + n % 5], 2, 1, 1, 0, 0, false, false
FROM (SELECT id, (id - {FIRST_KEY})::bigint AS n FROM batches_item) people;
INSERT INTO batches_phonenumber (digits, flag, last_seen, people, people_count, listed, listed_by, listed_reason,
  scrubs, has_calls, calls, found_at)
SELECT {FIRST_NUMBER} + n::bigint * 111, n % 10 = 0, '', '', 1, CASE WHEN n % 200 = 1 THEN 'phone' ELSE '' END, '', '',
  CASE WHEN n % 33 = 2 THEN '1' ELSE '' END, n % 100 = 3, CASE WHEN n % 100 = 3
    THEN '[["wrong_number", "2026-11-01", "Alice", "x"]]'::jsonb ELSE '[]' END, now()
FROM generate_series(0, {{people}} - 1) n;
VACUUM ANALYZE batches_item;
VACUUM ANALYZE batches_digest;
VACUUM ANALYZE batches_phonenumber;
"""
"""Of a hundred people, ten have numbers with a flag, and some numbers are listed, in a scrub file, or were wrong."""


def fill(people):
    """Create a list of that many people with two numbers each."""
    add_items(FIRST_KEY, people, "complete", "closed", "b", {"outcome": "'matched'"}, per_upload=people)
    for statement in FILL.format(people=people).strip().split(";\n"):
        run(statement)


def show_first_page(query):
    """Filter, count and load as the first page of the table does. Return the seconds and how many people there are."""
    from django.http import QueryDict  # noqa: PLC0415 - once Django is set up, as below

    from batches.models import Item  # noqa: PLC0415
    from batches.tables.filters import ItemFilter  # noqa: PLC0415
    from batches.tables.paging import CappedPaginator  # noqa: PLC0415
    from batches.views.items import MAX_NEWEST, plan_for  # noqa: PLC0415

    begun = time.perf_counter()
    filterset = ItemFilter(QueryDict(query), Item.objects.for_tables(), None)
    if "upload=" in query:
        filterset.queryset = filterset.queryset.order_by("upload_id", "row_number", "owner_number")
    else:
        filterset.queryset = filterset.queryset.newest(MAX_NEWEST)
    with plan_for(filterset):
        paginator = CappedPaginator(filterset.qs, 25)
        list(paginator.page(1))
    return time.perf_counter() - begun, paginator.shown_count


def measure():
    from batches.models import Upload  # noqa: PLC0415

    upload = Upload.objects.get()
    for query, label in FILTERS.items():
        for where, limit in (("newest 50,000", ""), ("one list", f"&upload={upload.pk}")):
            shown = [show_first_page(query + limit) for _ in range(ROUNDS)]
            milliseconds = 1000 * median(seconds for seconds, _ in shown)
            print(f"| {label} | {where} | {shown[0][1]} | {milliseconds:,.0f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(prog="script/bench filters", description=__doc__)
    parser.add_argument("--people", type=int, default=1_000_000)
    options = parser.parse_args()
    with run_postgres():
        fill(options.people)
        print("| filter | among | people | ms (median of 5) |\n|---|---|--:|--:|")
        measure()


if __name__ == "__main__":
    main()
