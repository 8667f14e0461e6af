"""What is known about each number: written down with answers, refreshed from our own lists, and loaded for pages."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from batches import jobs
from batches.erased import remember
from batches.intake import suppression
from batches.models import (
    Digest,
    ErasureRequest,
    Item,
    NumberBackfill,
    PhoneNumber,
    ScrubLine,
    ScrubSource,
    Suppression,
)
from batches.numbers import refresh as refreshing
from batches.numbers.facts import NO_FACTS, FactsReader, load_facts
from batches.numbers.found import FoundContact, forget_numbers, hash_name, record_found
from batches.numbers.refresh import refresh, refresh_scrubs
from batches.people.contacts import Contact, Phone
from batches.people.standing import ScrubHit
from batches.results import digests
from batches.statuses import SuppressionKind
from tests.factories import answer_with, person

pytestmark = pytest.mark.django_db
NOVEMBER = datetime(2026, 11, 20, tzinfo=UTC)
SHARED = {"phone": "2025550101", "phoneType": "mobile", "doNotCall": False, "lastSeen": "2026-01-01"}


def family():
    """Return ten people with different names."""
    names = ["Ada", "Bob", "Cleo", "Dora", "Edna", "Fred", "Gus", "Hank", "Iris", "Joan"]
    return [person(position, **{"First Name": name}) for position, name in enumerate(names, 1)]


def make_found(name, at=NOVEMBER, number="2025550101", **facts):
    return FoundContact(Contact([name], [Phone(number, "mobile", **facts)]), name, at)


def load_source(*numbers, kind="litigator", status="ready", name="Sample file"):
    source = ScrubSource.objects.create(kind=kind, name=name, as_of=date(2026, 11, 1), status=status)
    ScrubLine.objects.bulk_create(ScrubLine(number=number, source=source) for number in numbers)
    return source


def test_digesting_a_list_writes_down_its_numbers_once(finish_upload):
    finish_upload(family(), answers=lambda item, _: answer_with(item, phones=[SHARED]))
    row = PhoneNumber.objects.get()
    assert (row.pk, row.flag, row.last_seen, row.people_count) == (2025550101, False, "2026-01-01", 10)
    assert row.flag_at == timezone.now().date()


def test_a_person_in_two_lists_is_one_person():
    record_found([make_found("Ada Lovelace")])
    record_found([make_found("ADA K. LOVELACE"), make_found("Bob Byron")])
    assert PhoneNumber.objects.get().people_count == 2


def test_an_answer_that_is_written_down_again_changes_nothing():
    record_found([make_found("Ada Lovelace", do_not_call=True)])
    before = PhoneNumber.objects.values().get()
    record_found([make_found("Ada Lovelace", do_not_call=True)])
    assert PhoneNumber.objects.values().get() == before


def test_an_earlier_answer_that_is_written_down_later_does_not_count():
    record_found([make_found("Ada Lovelace", do_not_call=True)])
    record_found([make_found("Ada Lovelace", NOVEMBER - timedelta(days=9), do_not_call=False)])
    row = PhoneNumber.objects.get()
    assert (row.flag, row.flag_at, row.found_at) == (True, NOVEMBER.date(), NOVEMBER)


def test_a_number_without_ten_digits_is_not_written_down():
    record_found([make_found("Ada Lovelace", number="5550101")])
    assert not PhoneNumber.objects.exists()


def test_names_without_words_are_not_people():
    assert hash_name("—") == ""


def test_a_number_that_is_found_is_checked_at_once(alice):
    suppression.suppress_lines(["2025550101"], alice, "She wrote.")
    source = load_source(2025550101)
    record_found([make_found("Ada Lovelace")])
    row = PhoneNumber.objects.get()
    assert (row.listed, row.listed_by, row.listed_reason) == ("phone", "alice", "She wrote.")
    assert row.scrubs == str(source.pk)


def test_a_change_of_the_do_not_contact_list_reaches_the_number(alice):
    record_found([make_found("Ada Lovelace")])
    suppression.suppress_lines(["2025550101"], alice)
    assert PhoneNumber.objects.get().listed == "phone"
    assert PhoneNumber.objects.marked().exists()
    suppression.lift_entry(Suppression.objects.get().pk, alice)
    row = PhoneNumber.objects.get()
    assert (row.listed, row.listed_at) == ("", None)
    assert not PhoneNumber.objects.marked().exists()


def test_only_files_in_force_count():
    record_found([make_found("Ada Lovelace")])
    for status in ["loading", "replaced", "failed"]:
        load_source(2025550101, status=status)
    refresh(["2025550101"])
    assert refresh_scrubs() == 0
    assert PhoneNumber.objects.get().scrubs == ""


@pytest.mark.parametrize("slice_size", [1, 2, 50_000])
def test_all_numbers_are_compared_with_scrub_files_in_slices(monkeypatch, slice_size):
    monkeypatch.setattr(refreshing, "SLICE_SIZE", slice_size)
    numbers = ["2025550101", "2025550102", "2025550103"]
    record_found([make_found("Ada Lovelace", number=number) for number in numbers])
    first, second = load_source(2025550101, 2025550103, 2025550199), load_source(2025550103)
    assert refresh_scrubs() == 2
    rows = dict(PhoneNumber.objects.values_list("pk", "scrubs"))
    assert rows == {2025550101: str(first.pk), 2025550102: "", 2025550103: f"{first.pk} {second.pk}"}
    assert refresh_scrubs() == 0
    ScrubSource.objects.filter(pk=first.pk).update(status="replaced")
    assert refresh_scrubs() == 2
    assert dict(PhoneNumber.objects.values_list("pk", "scrubs"))[2025550103] == str(second.pk)


def test_refreshing_one_number_and_refreshing_all_give_the_same_result(monkeypatch):
    record_found([make_found("Ada Lovelace")])
    load_source(2025550101)
    load_source(2025550101, kind="registry")
    refresh(["2025550101"])
    assert refresh_scrubs() == 0


def test_what_is_known_about_the_numbers_of_a_page_takes_two_queries(django_assert_num_queries):
    phones = [Phone(f"20255501{n:02}") for n in range(30)]
    record_found([make_found("Ada Lovelace", number=phone.number) for phone in phones])
    load_source(2025550105)
    refresh_scrubs()
    with django_assert_num_queries(2):
        facts = load_facts(phones)
    assert len(facts) == 30
    assert facts["2025550105"].scrubs == (ScrubHit("litigator", "Sample file", date(2026, 11, 1)),)


def test_numbers_without_a_row_are_looked_up_in_our_own_lists(alice, django_assert_num_queries):
    suppression.suppress_lines(["2025550101"], alice)
    load_source(2025550102)
    with django_assert_num_queries(6):
        facts = load_facts([Phone("2025550101"), Phone("2025550102"), Phone("2025550103")])
    assert facts["2025550101"].listed.by == "alice"
    assert facts["2025550102"].scrubs[0].kind == "litigator"
    assert facts["2025550103"] == NO_FACTS


def test_only_marked_numbers_are_read_on_request(alice):
    record_found([make_found("Ada Lovelace"), make_found("Ada Lovelace", number="2025550102")])
    suppression.suppress_lines(["2025550102"], alice)
    assert list(FactsReader(only_marked=True).read([Phone("2025550101"), Phone("2025550102")])) == ["2025550102"]


def test_the_numbers_of_an_erased_person_are_forgotten():
    record_found([make_found("Ada Lovelace"), make_found("Bob Byron", number="2025550102")])
    forget_numbers([Contact(phones=[Phone("2025550101")])])
    assert PhoneNumber.objects.get().pk == 2025550102


def test_numbers_of_earlier_answers_are_written_down_in_slices(finish_upload, monkeypatch):
    monkeypatch.setattr(digests, "PAGE_SIZE", 3)
    finish_upload(family(), answers=lambda item, _: answer_with(item, phones=[SHARED]))
    PhoneNumber.objects.all().delete()
    assert not digests.record_earlier_numbers(0)
    assert PhoneNumber.objects.get().people_count == 3
    while not digests.record_earlier_numbers(0):
        pass
    assert PhoneNumber.objects.get().people_count == 10
    state = NumberBackfill.objects.get()
    assert state.last_item == Item.objects.latest("pk").pk
    assert Digest.objects.count() == 10


def test_the_sweep_writes_down_earlier_numbers_once(monkeypatch):
    enqueued = []
    monkeypatch.setattr(jobs, "enqueue", lambda queue, function: enqueued.append(function))
    jobs.record_numbers_if_due(timezone.now())
    jobs.record_earlier_numbers.__wrapped__()
    jobs.record_numbers_if_due(timezone.now())
    jobs.mark_earlier_erased.__wrapped__()
    jobs.record_numbers_if_due(timezone.now())
    assert enqueued == [jobs.record_earlier_numbers, jobs.mark_earlier_erased, jobs.mark_earlier_erased]


def test_numbers_of_people_who_were_erased_earlier_are_marked_in_slices(charlie, monkeypatch):
    monkeypatch.setattr(refreshing, "CHUNK_SIZE", 2)
    numbers = [f"202555010{n}" for n in range(5)]
    record_found([make_found("Ada Lovelace", number=number) for number in numbers])
    request = ErasureRequest.objects.create(reference="T-1", created_by=charlie)
    remember(request, [(SuppressionKind.PHONE.value, number) for number in ("2025550101", "2025550104", "2025550199")])
    assert not refreshing.mark_earlier_erased(0)
    assert list_marked() == [2025550101]
    while not refreshing.mark_earlier_erased(0):
        pass
    assert list_marked() == [2025550101, 2025550104]


def list_marked():
    return list(PhoneNumber.objects.filter(listed="erased").order_by("pk").values_list("pk", flat=True))
