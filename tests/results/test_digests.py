"""Digests hold what is searched, filtered and exported, and are renewed when an answer changes."""

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from batches import jobs, retention
from batches.intake import corrections
from batches.models import Batch, Digest, Item, Upload
from batches.results import digests
from batches.statuses import MatchCheck, Outcome
from batches.tracing import closing, decisions, filing, packing
from batches.vendor import protocol
from tests.factories import answer_for, answer_with, people, person

pytestmark = pytest.mark.django_db
CALLABLE = {"phone": "2025550148", "phoneType": "mobile", "doNotCall": False, "isConnected": True}
DO_NOT_CALL = {"phone": "2025550149", "phoneType": "mobile", "doNotCall": True}
LANDLINE = {"phone": "2025550150", "phoneType": "landline"}


def file_answer(item, body):
    token = Batch.objects.get(pk=item.batch_id).token
    return filing.file_answer(token, protocol.decode_answer(body), body.decode())


def answer_mixed(item, position):
    """Return an answer for each of a list's people.

    The first is a cached match with three phones, the second is someone else who is deceased, and the others have no
    match.
    """
    if position == 0:
        return answer_with(item, phones=[CALLABLE, DO_NOT_CALL, LANDLINE], cached=True)
    if position == 1:
        return answer_with(
            item, phones=[LANDLINE], names=["Wes Underhill"], demographics={"deceased": True}, cached=False
        )
    return answer_for(item, "no_match")


def test_a_batch_has_the_totals_of_its_answers(finish_upload):
    batch = finish_upload(12, answers=answer_mixed).batches.get()
    assert (batch.phones, batch.mobiles, batch.usable_mobiles, batch.cached) == (4, 2, 1, 1)
    assert (batch.match_same, batch.match_perhaps, batch.match_other) == (1, 0, 1)
    assert batch.digested_at


def test_a_digest_has_what_filters_need(finish_upload):
    first, second, third = finish_upload(12, answers=answer_mixed).items.order_by("pk")[:3]
    names = ["match", "phones", "mobiles", "usable_mobiles", "do_not_call", "deceased", "cached"]
    assert [getattr(first.digest, name) for name in names] == [MatchCheck.SAME, 3, 2, 1, 1, None, True]
    assert [getattr(second.digest, name) for name in names] == [MatchCheck.OTHER, 1, 0, 0, 0, True, False]
    assert [getattr(third.digest, name) for name in names] == ["", 0, 0, 0, 0, None, False]


def test_refreshing_current_digests_writes_nothing(finish_upload, django_assert_num_queries):
    upload = finish_upload(12)
    with django_assert_num_queries(1):
        digests.refresh_digests(upload.items.all())


def test_duplicates_have_the_contact_details_of_their_original(finish_upload):
    upload = finish_upload([*people(11), person(1)], answers=answer_mixed)
    duplicate = upload.items.get(outcome=Outcome.DUPLICATE)
    assert (duplicate.digest.phones, duplicate.digest.match) == (3, MatchCheck.SAME)


def test_reused_people_have_the_earlier_contact_details(finish_upload, start_upload):
    finish_upload(12, answers=answer_mixed)
    upload = start_upload([person(1), *people(20)[12:]])
    digests.digest_upload(upload.pk)
    assert upload.items.get(outcome=Outcome.REUSED).digest.phones == 3


def test_an_error_that_is_re_run_is_digested_again(finish_upload, alice):
    upload = finish_upload(12, answers=lambda item, position: answer_for(item, "matched" if position else "error"))
    item = upload.items.order_by("pk").first()
    decisions.rerun(Item.objects.filter(pk=item.pk), alice)
    assert Batch.objects.first().digested_at is None
    packing.plan_upload(upload.pk)
    item.refresh_from_db()
    assert file_answer(item, answer_with(item, phones=[CALLABLE])) is filing.Filing.FILED
    Batch.objects.filter(pk=item.batch_id).update(status="acknowledged", acknowledged_at=timezone.now())
    closing.close_batch(item.batch_id)
    digests.digest_batch(item.batch_id)
    assert Digest.objects.get(pk=item.pk).phones == 1


def test_a_late_answer_is_digested_with_its_batch(finish_upload):
    upload = finish_upload(12)
    item = upload.items.first()
    Item.objects.filter(pk=item.pk).update(outcome=Outcome.MISSING, answer="", answered_at=None)
    assert file_answer(item, answer_with(item, phones=[CALLABLE], batchRequestId="late")) is filing.Filing.FILED
    batches, _ = digests.list_undigested(timezone.now())
    assert batches == [item.batch_id]
    assert digests.digest_batch(item.batch_id) == upload.pk
    assert Digest.objects.get(pk=item.pk).phones == 1


def make_correction(upload):
    """Upload the invalid rows with a valid state and another ZIP."""
    text = b"".join(corrections.stream_invalid_rows(upload)).decode().replace(",Atlantis,20170,", ",VA,20171,")
    return corrections.receive(upload, ContentFile(text.encode(), name="corrected.csv"), None)


def test_corrected_rows_are_found_by_their_new_values(finish_upload):
    upload = finish_upload([*people(10), person(99, State="Atlantis")])
    item = upload.items.get(outcome=Outcome.INVALID)
    assert item.digest
    correction = make_correction(upload)
    corrections.check_correction(correction.pk)
    assert digests.list_undigested(timezone.now())[1] == [upload.pk]
    digests.digest_upload(upload.pk)
    assert "20171" in Digest.objects.get(pk=item.pk).search_terms.split()


def test_contact_details_are_purged_with_the_answers(finish_upload, settings):
    settings.RESULT_RETENTION_DAYS = 30
    upload = finish_upload(12)
    long_ago = timezone.now() - timedelta(days=31)
    Item.objects.update(answered_at=long_ago)
    Digest.objects.update(answered_at=long_ago)
    retention.purge_expired(timezone.now(), 60)
    assert not Digest.objects.exclude(found="").exists()
    digests.digest_upload(upload.pk)
    digest = Digest.objects.first()
    assert (digest.found, digest.phones) == ("", 3)
    assert "abbott" in digest.search_terms
    assert "2025550148" not in digest.search_terms
    assert not digests.RETAINED_DETAILS.is_due(timezone.now())


def test_the_sweep_finds_what_is_not_digested(finish_upload):
    upload = finish_upload(12, digested=False)
    batch = upload.batches.get()
    assert digests.list_undigested(timezone.now()) == ([batch.pk], [upload.pk])
    digests.digest_batch(batch.pk)
    digests.digest_upload(upload.pk)
    assert digests.list_undigested(timezone.now()) == ([], [])
    assert jobs.digest_leftovers in jobs.every_minute.steps


def test_an_open_batch_is_not_digested(start_upload):
    batch = start_upload(12).batches.get()
    assert digests.digest_batch(batch.pk) is None
    assert Upload.objects.get().digested_at is None
    assert not Digest.objects.exists()


def test_an_answer_that_arrives_during_a_digest_is_digested_afterwards(finish_upload, monkeypatch):
    upload = finish_upload(12, digested=False)
    item = upload.items.first()
    Item.objects.filter(pk=item.pk).update(outcome=Outcome.MISSING, answer="", answered_at=None)
    refresh = digests.refresh_digests

    def refresh_and_answer(items):
        refresh(items)
        assert file_answer(item, answer_with(item, phones=[CALLABLE], batchRequestId="late")) is filing.Filing.FILED

    monkeypatch.setattr(digests, "refresh_digests", refresh_and_answer)
    assert digests.digest_batch(item.batch_id) is None
    monkeypatch.undo()
    batches, _ = digests.list_undigested(timezone.now())
    assert batches == [item.batch_id]
    digests.digest_batch(item.batch_id)
    assert Digest.objects.get(pk=item.pk).phones == 1


def test_nothing_is_digested_twice_at_once(finish_upload):
    upload = finish_upload(12, digested=False)
    Upload.objects.update(digest_begun_at=timezone.now())
    assert digests.list_undigested(timezone.now())[1] == []
    assert digests.list_undigested(timezone.now() + digests.DIGEST_TIMEOUT)[1] == [upload.pk]


def test_counts_stay_when_contact_details_are_purged(finish_upload, settings):
    settings.RESULT_RETENTION_DAYS = 30
    upload = finish_upload(12, answers=answer_mixed)
    long_ago = timezone.now() - timedelta(days=31)
    Digest.objects.exclude(answered_at=None).update(answered_at=long_ago)
    Item.objects.exclude(answered_at=None).update(answered_at=long_ago)
    retention.purge_expired(timezone.now(), 60)
    batch = upload.batches.get()
    Batch.objects.update(digested_at=None)
    digests.digest_batch(batch.pk)
    batch.refresh_from_db()
    assert (batch.phones, batch.match_same) == (4, 1)
