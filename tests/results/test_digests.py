"""What is kept beside answers, and that it is never older than they are."""

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from batches import jobs
from batches.intake import corrections
from batches.models import Batch, Digest, Item, Upload
from batches.results import digests
from batches.statuses import MatchCheck, Outcome
from batches.tracing import closing, decisions, filing, packing
from batches.vendor import protocol
from tests.factories import answer_for, answer_with, people, person

pytestmark = pytest.mark.django_db
CALLABLE = {"phone": "2025550148", "phoneType": "mobile", "doNotCall": False, "isConnected": True}
BARRED = {"phone": "2025550149", "phoneType": "mobile", "doNotCall": True}
LANDLINE = {"phone": "2025550150", "phoneType": "landline"}


def file(item, body):
    token = Batch.objects.get(pk=item.batch_id).token
    return filing.file_answer(token, protocol.decode_answer(body), body.decode())


def answer_mixed(item, place):
    """The first has three phones and was cached, the second is somebody else who has died, the others match nobody."""
    if place == 0:
        return answer_with(item, phones=[CALLABLE, BARRED, LANDLINE], cached=True)
    if place == 1:
        return answer_with(
            item, phones=[LANDLINE], names=["Wes Underhill"], demographics={"deceased": True}, cached=False
        )
    return answer_for(item, "no_match")


def test_a_batch_says_what_its_answers_brought(finish_upload):
    batch = finish_upload(12, answers=answer_mixed).batches.get()
    assert (batch.phones, batch.mobiles, batch.usable_mobiles, batch.cached) == (4, 2, 1, 1)
    assert (batch.same, batch.perhaps, batch.other) == (1, 0, 1)
    assert batch.digested_at


def test_a_digest_says_what_is_filtered_by(finish_upload):
    first, second, third = finish_upload(12, answers=answer_mixed).items.order_by("pk")[:3]
    names = ["match", "phones", "mobiles", "usable_mobiles", "do_not_call", "deceased", "cached"]
    assert [getattr(first.digest, name) for name in names] == [MatchCheck.SAME, 3, 2, 1, 1, None, True]
    assert [getattr(second.digest, name) for name in names] == [MatchCheck.OTHER, 1, 0, 0, 0, True, False]
    assert [getattr(third.digest, name) for name in names] == ["", 0, 0, 0, 0, None, False]


def test_a_second_round_writes_nothing(finish_upload, django_assert_num_queries):
    upload = finish_upload(12)
    with django_assert_num_queries(1):
        digests.renew(upload.items.all())


def test_duplicates_have_what_was_found_for_their_first(finish_upload):
    upload = finish_upload([*people(11), person(1)], answers=answer_mixed)
    duplicate = upload.items.get(outcome=Outcome.DUPLICATE)
    assert (duplicate.digest.phones, duplicate.digest.match) == (3, MatchCheck.SAME)


def test_who_is_reused_has_what_was_found_then(finish_upload, start_upload):
    finish_upload(12, answers=answer_mixed)
    upload = start_upload([person(1), *people(20)[12:]])
    digests.digest_upload(upload.pk)
    reused = upload.items.get(outcome=Outcome.REUSED)
    assert reused.digest.phones == 3


def test_an_error_that_is_asked_for_once_more_is_digested_anew(finish_upload, alice):
    upload = finish_upload(12, answers=lambda item, place: answer_for(item, "matched" if place else "error"))
    item = upload.items.order_by("pk").first()
    decisions.rerun(Item.objects.filter(pk=item.pk), alice)
    assert Batch.objects.first().digested_at is None
    packing.plan_upload(upload.pk)
    item.refresh_from_db()
    assert file(item, answer_with(item, phones=[CALLABLE])) is filing.Filing.FILED
    Batch.objects.filter(pk=item.batch_id).update(status="acknowledged", acknowledged_at=timezone.now())
    closing.close_batch(item.batch_id)
    digests.digest_batch(item.batch_id)
    assert Digest.objects.get(pk=item.pk).phones == 1


def test_a_late_answer_is_digested_with_its_batch(finish_upload):
    upload = finish_upload(12)
    item = upload.items.first()
    Item.objects.filter(pk=item.pk).update(outcome=Outcome.MISSING, answer="", answered_at=None)
    assert file(item, answer_with(item, phones=[CALLABLE], batchRequestId="late")) is filing.Filing.FILED
    batches, _ = digests.list_undigested(timezone.now())
    assert batches == [item.batch_id]
    assert digests.digest_batch(item.batch_id) == upload.pk
    assert Digest.objects.get(pk=item.pk).phones == 1


def test_mended_rows_are_found_by_what_they_say_now(finish_upload):
    upload = finish_upload([*people(10), person(99, Zip="x")])
    item = upload.items.get(outcome=Outcome.INVALID)
    assert item.digest
    continuation = make_continuation(upload)
    corrections.check_continuation(continuation.pk)
    assert digests.list_undigested(timezone.now())[1] == [upload.pk]
    digests.digest_upload(upload.pk)
    assert "20171" in Digest.objects.get(pk=item.pk).words.split()


def make_continuation(upload):
    """The rejected rows, each with a ZIP that is right."""
    text = b"".join(corrections.stream_rejected(upload)).decode().replace(",x,", ",20171,")
    return corrections.receive(upload, ContentFile(text.encode(), name="mended.csv"), None)


def test_what_was_found_is_forgotten_with_the_answers(finish_upload, settings):
    settings.RESULT_RETENTION_DAYS = 30
    upload = finish_upload(12)
    long_ago = timezone.now() - timedelta(days=31)
    Item.objects.update(answered_at=long_ago)
    Digest.objects.update(answered_at=long_ago)
    closing.purge_expired(timezone.now())
    assert digests.purge_expired(timezone.now()) == 12
    digests.digest_upload(upload.pk)
    digest = Digest.objects.first()
    assert (digest.found, digest.phones) == ("", 3)
    assert "abbott" in digest.words
    assert "2025550148" not in digest.words
    assert digests.purge_expired(timezone.now()) == 0


def test_a_sweep_finds_what_was_left(finish_upload):
    upload = finish_upload(12, digested=False)
    batch = upload.batches.get()
    assert digests.list_undigested(timezone.now()) == [[batch.pk], [upload.pk]]
    digests.digest_batch(batch.pk)
    digests.digest_upload(upload.pk)
    assert digests.list_undigested(timezone.now()) == [[], []]
    assert jobs.digest_leftovers in jobs.every_minute.steps


def test_a_batch_that_is_open_is_not_digested(start_upload):
    batch = start_upload(12).batches.get()
    assert digests.digest_batch(batch.pk) is None
    assert Upload.objects.get().digested_at is None
    assert not Digest.objects.exists()


def test_what_changes_while_a_batch_is_digested_is_digested_anew(finish_upload, monkeypatch):
    """A late answer that comes between the reading and the end of the job is not lost sight of."""
    upload = finish_upload(12, digested=False)
    item = upload.items.first()
    Item.objects.filter(pk=item.pk).update(outcome=Outcome.MISSING, answer="", answered_at=None)
    renew = digests.renew

    def renew_and_answer(items):
        renew(items)
        assert file(item, answer_with(item, phones=[CALLABLE], batchRequestId="late")) is filing.Filing.FILED

    monkeypatch.setattr(digests, "renew", renew_and_answer)
    assert digests.digest_batch(item.batch_id) is None
    monkeypatch.undo()
    batches, _ = digests.list_undigested(timezone.now())
    assert batches == [item.batch_id]
    digests.digest_batch(item.batch_id)
    assert Digest.objects.get(pk=item.pk).phones == 1


def test_what_is_being_digested_is_not_begun_twice(finish_upload):
    upload = finish_upload(12, digested=False)
    Upload.objects.update(digest_begun_at=timezone.now())
    assert digests.list_undigested(timezone.now())[1] == []
    assert digests.list_undigested(timezone.now() + digests.LONGEST)[1] == [upload.pk]


def test_numbers_stay_when_contact_details_are_forgotten(finish_upload, settings):
    settings.RESULT_RETENTION_DAYS = 30
    upload = finish_upload(12, answers=answer_mixed)
    long_ago = timezone.now() - timedelta(days=31)
    Digest.objects.exclude(answered_at=None).update(answered_at=long_ago)
    Item.objects.exclude(answered_at=None).update(answered_at=long_ago)
    closing.purge_expired(timezone.now())
    digests.purge_expired(timezone.now())
    batch = upload.batches.get()
    Batch.objects.update(digested_at=None)
    digests.digest_batch(batch.pk)
    batch.refresh_from_db()
    assert (batch.phones, batch.same) == (4, 1)
