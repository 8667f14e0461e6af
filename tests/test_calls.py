"""Outcomes of calls are recorded once, can be undone, and count for the number in all lists."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEntry, AuditKind
from accounts.rights import RightMissing
from batches import calls, retention
from batches.models import CallOutcome, Item, PersonNote, PhoneNumber, Suppression
from batches.numbers.facts import load_facts
from batches.people.contacts import Phone
from batches.people.standing import PersonFacts, Rules, judge_phone
from batches.statuses import CallResult, CallSource
from tests.factories import answer_with, people

pytestmark = pytest.mark.django_db
NUMBER = "2025550101"
PHONE = {"phone": NUMBER, "phoneType": "mobile", "doNotCall": False, "lastSeen": "2026-01-01"}


@pytest.fixture
def item(finish_upload, make_upload):
    """Return a person in two lists, with one number."""
    finish_upload(people(1), answers=lambda item, _: answer_with(item, phones=[PHONE]))
    make_upload(people(1))
    return Item.objects.order_by("pk").first()


def make_call(item, outcome, **details):
    return calls.Call(item.pk, NUMBER, CallResult(outcome), **details)


def judge(item, verdict="same"):
    """Return the standing of the number for a person."""
    phone = Phone(NUMBER, "mobile")
    facts = load_facts([phone])[NUMBER]
    return judge_phone(
        phone, PersonFacts(verdict, fingerprint=item.fingerprint), facts, Rules(), timezone.localdate()
    ).standing


def test_an_outcome_is_recorded_with_who_and_when(item, alice):
    assert calls.record(make_call(item, "no_answer", note="Rang out."), alice, CallSource.API)
    outcome = CallOutcome.objects.get()
    assert (outcome.by, outcome.number, outcome.note, outcome.via) == (alice, int(NUMBER), "Rang out.", "api")
    assert AuditEntry.objects.filter(kind=AuditKind.CALL_RECORDED, user=alice, upload_id=item.upload_id).exists()


def test_a_second_click_changes_nothing(item, alice):
    assert calls.record(make_call(item, "no_answer"), alice)
    assert not calls.record(make_call(item, "no_answer"), alice)
    assert CallOutcome.objects.count() == 1
    CallOutcome.objects.update(at=timezone.now() - timedelta(minutes=5))
    assert calls.record(make_call(item, "no_answer"), alice)


def test_an_outcome_is_recorded_once_for_each_key_and_user_however_late_it_is_repeated(item, alice):
    assert calls.record(make_call(item, "no_answer", key="row-7"), alice)
    CallOutcome.objects.update(at=timezone.now() - timedelta(days=5))
    assert not calls.record(make_call(item, "no_answer", key="row-7"), alice)
    assert calls.record(make_call(item, "no_answer", key="row-8"), alice)


def test_a_wrong_number_is_wrong_for_the_person_in_all_lists_and_not_for_others(item, alice):
    calls.record(make_call(item, "wrong_number"), alice)
    other_list = Item.objects.filter(fingerprint=item.fingerprint).exclude(pk=item.pk).get()
    assert judge(other_list).label == "Wrong number"
    assert not judge(Item(fingerprint="somebody-else")).has("wrong_number")


def test_the_right_person_confirms_an_unsure_match(item, alice):
    assert judge(item, "perhaps").value == "check"
    calls.record(make_call(item, "right_person"), alice)
    standing = judge(item, "perhaps")
    assert standing.value == "call"
    assert "answered" in standing.reason


def test_do_not_call_puts_the_number_on_the_do_not_contact_list_until_it_is_undone(item, alice):
    calls.record(make_call(item, "do_not_call"), alice)
    assert Suppression.objects.in_force().get().key == NUMBER
    assert judge(item).value == "do_not_call"
    outcome = CallOutcome.objects.get()
    assert calls.undo(outcome.pk, alice)
    assert not calls.undo(outcome.pk, alice)
    assert not Suppression.objects.in_force().exists()
    assert judge(item).value == "call"
    assert not PhoneNumber.objects.get().has_calls


def test_undoing_keeps_an_entry_that_was_on_the_list_before(item, alice):
    Suppression.objects.create(kind="phone", key=NUMBER, label=NUMBER)
    calls.record(make_call(item, "do_not_call"), alice)
    calls.undo(CallOutcome.objects.get().pk, alice)
    assert Suppression.objects.in_force().exists()


def test_do_not_call_makes_an_entry_stricter_and_undoing_keeps_it(item, alice):
    Suppression.objects.create(kind="phone", key=NUMBER, label=NUMBER, blocks_contact=False, blocks_tracing=True)
    calls.record(make_call(item, "do_not_call"), alice)
    assert judge(item).value == "do_not_call"
    calls.undo(CallOutcome.objects.get().pk, alice)
    assert Suppression.objects.in_force().filter(blocks_contact=True, blocks_tracing=True).exists()


def test_the_number_of_somebody_who_died_is_to_be_checked(item, alice):
    calls.record(make_call(item, "deceased"), alice)
    assert judge(item).has("deceased")


def test_a_number_that_was_not_found_for_the_person_is_refused(item, alice):
    with pytest.raises(calls.NotTheirNumber):
        calls.record(calls.Call(item.pk, "2025550199", CallResult.NO_ANSWER), alice)
    assert not CallOutcome.objects.exists()


def test_users_without_the_right_or_the_list_cannot_record(item, make_user):
    with pytest.raises(RightMissing):
        calls.record(make_call(item, "no_answer"), make_user("vic", "Viewer"))
    with pytest.raises(Item.DoesNotExist):
        calls.record(make_call(item, "no_answer"), make_user("mia", "Member", team="Fairfax"))


def test_a_note_is_shown_in_all_lists_of_the_person_and_added_once(item, alice):
    assert calls.add_note(item, "  Call after\n5 PM. ", alice)
    assert not calls.add_note(item, "Call after 5 PM.", alice)
    assert not calls.add_note(item, " ", alice)
    other_list = Item.objects.filter(fingerprint=item.fingerprint).exclude(pk=item.pk).get()
    assert [note.text for note in calls.list_notes(other_list)] == ["Call after 5 PM."]


def test_erased_people_lose_their_notes_and_outcomes(item, alice):
    calls.add_note(item, "Call after 5 PM.", alice)
    calls.record(make_call(item, "no_answer"), alice)
    assert calls.forget_people([item.pk]) == 2
    assert not PhoneNumber.objects.get().has_calls
    assert not PersonNote.objects.exists()
    assert not CallOutcome.objects.exists()


def test_old_outcomes_and_notes_are_deleted(item, alice, settings):
    settings.RESULT_RETENTION_DAYS = 30
    calls.add_note(item, "Call after 5 PM.", alice)
    calls.record(make_call(item, "no_answer"), alice)
    assert set(calls.RETAINED_CALLS) <= set(retention.retained)
    for kind in calls.RETAINED_CALLS:
        kind.purge_expired(timezone.now() + timedelta(days=29), float("inf"))
    assert PersonNote.objects.exists()
    for kind in calls.RETAINED_CALLS:
        kind.purge_expired(timezone.now() + timedelta(days=31), float("inf"))
    assert not PersonNote.objects.exists()
    assert not CallOutcome.objects.exists()


def test_the_page_of_a_person_records_and_undoes_an_outcome(client, item, alice):
    client.force_login(alice)
    address = f"/items/{item.pk}/"
    assert "What came of the call to" in client.get(address).content.decode()
    client.post(f"{address}call/", {"number": NUMBER, "outcome": "wrong_number", "next": address})
    page = client.get(address).content.decode()
    assert "Wrong number · alice" in " ".join(page.split())
    client.post(f"/outcomes/{CallOutcome.objects.get().pk}/undo/", {"next": address})
    assert "Wrong number · alice" not in " ".join(client.get(address).content.decode().split())


@pytest.mark.parametrize("data", [{"number": NUMBER, "outcome": "wat"}, {"number": "12", "outcome": "no_answer"}, {}])
def test_an_invalid_outcome_is_not_recorded_and_the_page_says_so(client, item, alice, data):
    client.force_login(alice)
    page = client.post(f"/items/{item.pk}/call/", data, follow=True).content.decode()
    assert "Nothing was recorded." in page
    assert not CallOutcome.objects.exists()


def test_the_page_of_a_person_shows_a_new_note(client, item, alice):
    client.force_login(alice)
    page = client.post(f"/items/{item.pk}/note/", {"text": "Call after 5 PM."}, follow=True).content.decode()
    assert "alice: <bdi>Call after 5 PM.</bdi>" in page


def test_the_page_of_a_person_takes_as_many_queries_for_many_outcomes(client, item, alice):
    client.force_login(alice)
    client.get(f"/items/{item.pk}/")

    def count_queries():
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/items/{item.pk}/")
        return len(queries)

    calls.record(make_call(item, "no_answer"), alice)
    calls.add_note(item, "One.", alice)
    few = count_queries()
    for number in range(5):
        calls.record(make_call(item, "no_answer", key=str(number)), alice)
        calls.add_note(item, f"Note {number}.", alice)
    assert count_queries() == few
