"""Searches are parsed, the terms of people are collected, and people are found by them."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from batches import search_index
from batches.apps import complete_search_index
from batches.models import Digest, Item
from batches.people import search_terms
from batches.people.search_terms import Search, read_search
from batches.results import digests
from batches.results import search as result_search
from tests.factories import answer_with, people, person

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("text", "search"),
    [
        ("", Search([])),
        ("   ", Search([])),
        ("Ada Abb", Search(["ada"], "abb")),
        ("ada ab", Search(["ada", "ab"])),
        ("Zoë O'Neil", Search(["zoe"], "oneil")),
        ("(703) 555-0148", Search(["7035550148"])),
        ("+1 703.555.0148 abbott", Search(["7035550148"], "abbott")),
        ("703 555 0148 or 7035550149", Search(["7035550148", "7035550149", "or"])),
        ("Ada@Example.com", Search(["ada@example.com"])),
        ("1428 Oak", Search(["1428"], "oak")),
        ("20170", Search(["20170"])),
        ("ada ada", Search(["ada"], "ada")),
        ("'; -- \\ :* & | !", Search([])),
        ("a\0b", Search(["a", "b"])),
    ],
)
def test_searches_are_parsed(text, search):
    assert read_search(text) == search


def test_long_searches_are_shortened():
    assert len(read_search("word " * 500).terms) <= search_terms.MAX_SEARCH_WORDS
    assert len(read_search("x" * 5_000).prefix) <= search_terms.MAX_WORD_LENGTH


def test_emails_are_found_whole_and_by_their_parts():
    terms = search_terms.collect([], emails=["Ada.Abbott@Example.com"]).split()
    assert terms == ["ada.abbott@example.com", "ada", "abbott", "example", "com"]


def test_no_more_terms_are_stored_than_the_database_accepts():
    assert len(search_terms.collect([str(number) for number in range(5_000)]).split()) == search_terms.MAX_TERMS


PHONES = [{"phone": "2025550148", "phoneType": "mobile"}, {"phone": "(202) 555-0149"}]


@pytest.fixture
def upload(finish_upload):
    def answer(item, position):
        if position:
            return answer_with(item, phones=[{"phone": "2025550148"}], names=["Zoë O'Neil"])
        emails = [{"email": "Ada.Abbott@example.com"}]
        former = [{"formattedAddress": "77 Kingsbury Ct, Columbus, OH 43215"}]
        return answer_with(item, phones=PHONES, emails=emails, addressHistory=former, names=["Ada Abbott", "Ada Hale"])

    return finish_upload([*people(11), person(40, City="Tampa", State="FL", Zip="33602")], answers=answer)


def find_rows(text):
    """Return the numbers of the rows that a search finds."""
    found = Item.objects.filter(pk__in=result_search.search_people(text, None).ids)
    return sorted(found.values_list("row_number", flat=True))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Abbott Tampa", [13]),
        ("tam abb", []),
        ("abbott tam", [13]),
        ("ada hale", [2]),
        ("2025550149", [2]),
        ("202-555-0149", [2]),
        ("0149", []),
        ("ada.abbott@example.com", [2]),
        ("kingsbury 43215", [2]),
        ("oneil 40 oak", [13]),
        ("40 Oak St", [13]),
        ("4 oak", [5]),
        ("nobody", []),
        ("%", []),
        ("a_a", []),
        ("' OR 1=1", []),
    ],
)
def test_people_are_found_by_all_words_in_any_order(upload, text, found):
    assert find_rows(text) == found


def test_everyone_with_a_phone_number_is_found(upload):
    assert find_rows("(202) 555-0148") == list(range(2, 14))


def test_people_who_were_not_sent_are_found_too(finish_upload):
    fox = person(50, **{"Last Name": "Fox"})
    finish_upload([*people(10), fox, fox, person(99, State="Atlantis", **{"Last Name": "Quist"})])
    assert find_rows("quist") == [14]
    assert find_rows("fox") == [12, 13]


def test_a_search_says_whether_it_was_cut_off(upload):
    found = result_search.search_people("abbott", None, limit=3)
    assert (len(found.ids), found.is_cut_off) == (3, True)
    assert not result_search.search_people("hale", None, limit=3).is_cut_off


def test_people_are_found_once_their_list_is_digested(start_upload):
    upload = start_upload(people(10))
    assert find_rows("abbott") == []
    digests.digest_upload(upload.pk)
    assert len(find_rows("abbott")) == 10
    assert Digest.objects.exclude(found="").count() == 0


# SQLite's index

ODD_TERMS = [
    "o'neil",
    'say"when',
    "a*b",
    "(ada)",
    "łódź",
    "ﬁn",
    "zoe",
    "x^2",
    "mia-abbott",
    "a:b",
    "{c}",
    "ſtraße",
    "東京",
]
"""Terms with characters that FTS5 could take for operators or separators, or fold."""
needs_fts5 = pytest.mark.skipif(
    connection.vendor != "sqlite" or not search_index.is_available(), reason="PostgreSQL has an index of its own."
)


def find(terms=(), prefix=""):
    """Return the ids of the people whom the database finds, and compare them with a scan of all digests."""
    query = Search(list(terms), prefix)
    filter_digests = result_search.search_postgres if connection.vendor == "postgresql" else result_search.search_sqlite
    found = set(filter_digests(Digest.objects.order_by(), query).values_list("pk", flat=True))
    scanned = set(result_search.scan_digests(Digest.objects.order_by(), query).values_list("pk", flat=True))
    assert found == scanned
    return found


def count_indexed(term):
    """Return how many digests SQLite's index has under a term, without comparing them with the digests themselves."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM batches_digest_search WHERE batches_digest_search MATCH %s",
            [search_index.quote(term)],
        )
        return cursor.fetchone()[0]


def check_index():
    """Have SQLite compare its index with the digests. It raises an error if they differ."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO batches_digest_search (batches_digest_search, rank) VALUES ('integrity-check', 1)")


@pytest.mark.parametrize("few", [0, result_search.FEW])
def test_the_index_finds_whom_a_scan_finds(finish_upload, monkeypatch, few):
    monkeypatch.setattr(result_search, "FEW", few)
    upload = finish_upload(len(ODD_TERMS))
    for item, term in zip(Item.objects.filter(upload=upload).order_by("pk"), ODD_TERMS, strict=True):
        Digest.objects.filter(item=item).update(search_terms=f"ada {term} herndon")
    assert len(find(["ada"])) == len(find([], "hern")) == len(ODD_TERMS)
    assert find([], "ern") == find(["hern"]) == set()
    for term in ODD_TERMS:
        assert len(find([term, "ada"])) == len(find(["ada"], term[:3])) == 1


@needs_fts5
def test_complete_words_are_found_without_a_look_for_words_that_begin_with_them(upload, monkeypatch):
    Digest.objects.filter(item__row_number__lt=5).update(search_terms="abbot")
    item_ids = Item.objects.order_by("pk").values_list("pk", flat=True)
    assert result_search.search_people("abbot", None, limit=4).ids == [*item_ids[:4]]
    monkeypatch.setattr(search_index, "quote", lambda term, is_prefix=False: f'"{term}"' if not is_prefix else 1 / 0)
    found = result_search.search_people("abbot", None, limit=2)
    assert (found.ids, found.is_cut_off) == ([*item_ids[:2]], True)


@needs_fts5
def test_the_index_lists_nobody_beyond_the_limit(upload):
    """SQLite would read a subquery to its end, which takes long for a common name."""
    with CaptureQueriesContext(connection) as queries:
        result_search.search_people("abbott", None, limit=2)
    [plan] = [connection.cursor().execute(f"EXPLAIN QUERY PLAN {queries[-1]['sql']}").fetchall()]
    assert not any("SUBQUERY" in row[-1] for row in plan)


@needs_fts5
def test_few_people_are_compared_sooner_than_all_words_with_a_beginning_are_merged(upload, monkeypatch):
    assert result_search.write_expression(Search(["ada"], "abb")) == '"ada"'
    monkeypatch.setattr(result_search, "FEW", 1)
    assert result_search.write_expression(Search(["ada"], "abb")) == '"ada" AND "abb" *'


@needs_fts5
def test_the_index_follows_every_change_of_a_digest(finish_upload):
    upload = finish_upload(12)
    assert count_indexed("herndon") == 12
    ids = list(Item.objects.filter(upload=upload).order_by("pk").values_list("pk", flat=True))
    Digest.objects.filter(pk=ids[0]).update(search_terms="")
    first, second = Digest.objects.filter(pk__in=ids[1:3])
    first.search_terms = second.search_terms = "reston"
    Digest.objects.bulk_update([first], ["search_terms"])
    digests.save_digests([second])
    Digest.objects.filter(pk=ids[3]).update(phones=7)
    Item.objects.filter(pk=ids[4]).delete()
    assert (count_indexed("herndon"), count_indexed("reston")) == (8, 2)
    check_index()
    upload.delete()
    assert count_indexed("herndon") == count_indexed("reston") == 0
    check_index()


@needs_fts5
def test_an_index_without_its_triggers_is_made_again_after_migrations(finish_upload):
    finish_upload(12)
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER batches_digest_search_update")
    Digest.objects.update(search_terms="reston")
    assert count_indexed("reston") == 0
    complete_search_index(using="default")
    assert count_indexed("reston") == 12
    check_index()


@needs_fts5
def test_sqlite_without_the_index_scans(finish_upload):
    finish_upload(12)
    search_index.uninstall(connection)
    assert len(find(["herndon"])) == 12
    search_index.install(connection)
    assert len(find(["herndon"])) == 12
    assert count_indexed("herndon") == 12


@needs_fts5
def test_the_words_of_those_who_were_erased_leave_the_index(finish_upload):
    upload = finish_upload(12)
    Digest.objects.filter(item__upload=upload).update(search_terms="zyxwvut")
    Digest.objects.filter(item__upload=upload).update(search_terms="")
    search_index.merge(connection)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM batches_digest_search_data WHERE instr(block, %s)", [b"yxwvut"])
        assert cursor.fetchone()[0] == 0


def test_the_index_is_merged_once_a_day_if_details_expire(monkeypatch):
    merges = []
    monkeypatch.setattr(search_index, "merge", merges.append)
    monkeypatch.setattr(search_index, "merged_at", None)
    for _ in range(2):
        search_index.merge_daily(connection)
    assert len(merges) == 1
    monkeypatch.setattr(search_index, "merged_at", search_index.merged_at - search_index.MERGE_INTERVAL - 1)
    search_index.merge_daily(connection)
    assert len(merges) == 2
