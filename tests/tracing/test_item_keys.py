"""The vendor's keys count within a batch, and each is turned back into the id of its person by the batch's base."""

import json
from datetime import timedelta
from itertools import count as count_from

import pytest
import responses
from django.db.models import F
from django.utils import timezone

from batches.models import Batch, EarlierAnswer, Item, Upload
from batches.statuses import BatchStatus, Outcome, UploadStatus
from batches.tracing import closing, decisions, dispatch, filing, item_keys, packing
from batches.tracing.filing import Filing
from batches.tracing.item_keys import can_share_base, choose_base, find_item_id, make_key
from batches.vendor import protocol
from batches.vendor.protocol import MAX_KEY, Acknowledgement
from tests.factories import answer_for
from webhooks.inbound.filing import Delivery, file_deliveries, retry
from webhooks.models import DeliveryKind, UnmatchedDelivery

BATCH_URL = "https://vendor.example/v1/SkipTraceBatch"
FIRST_ID = 70_000


@pytest.fixture(autouse=True)
def _settings(settings):
    settings.SMALL_KEYS = True
    settings.REALESTATEAPI_URL = "https://vendor.example"


@pytest.fixture
def start_list(db):
    """Return a function that starts a list of people, whose ids are as large as in a database that is in use for long.

    It is planned, but nothing is sent yet.
    """
    next_ids = count_from(FIRST_ID, 10_000)

    def start(count=12, first=None):
        upload = Upload.objects.create(name="people", status=UploadStatus.RUNNING, row_count=count)
        first = first or next(next_ids)
        common = {"upload": upload, "cells": [], "first_name": "Ada", "city": "Herndon", "state": "VA"}
        Item.objects.bulk_create(
            Item(
                pk=first + number,
                row_number=number + 2,
                fingerprint=f"{first}-{number}",
                address=f"{number} Oak St",
                **common,
            )
            for number in range(count)
        )
        packing.plan_upload(upload.pk)
        return upload

    return start


@pytest.fixture
def vendor():
    """Return a mock of the vendor that accepts every batch."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.add_callback("POST", BATCH_URL, accept)
        yield mock


def accept(request, refused=0):
    skips = json.loads(request.body)["skips"]
    accepted = skips[: len(skips) - refused]
    ids = [{"key": skip["key"], "batchRequestId": f"r{skip['key']}"} for skip in accepted]
    return 200, {}, json.dumps({"batchId": "vendor-batch", "receiveCount": len(accepted), "batchRequestIds": ids})


def read_sent_keys(vendor):
    """Return the keys of each call to the vendor."""
    return [[skip["key"] for skip in json.loads(call.request.body)["skips"]] for call in vendor.calls]


def make_answer(key, outcome="matched", **changes):
    """Return the body of an answer with this key."""
    return answer_for(Item(pk=key), outcome, **{"batchRequestId": f"request-{key}"} | changes)


def file_answer(batch, key, outcome="matched", **changes):
    body = make_answer(key, outcome, **changes)
    return filing.file_answer(batch.token, protocol.decode_answer(body), body.decode())


def deliver(batch, *bodies):
    return file_deliveries([Delivery(DeliveryKind.ITEM, batch.token, body) for body in bodies])


def refresh(record):
    return type(record).objects.get(pk=record.pk)


# Bases


def test_keys_of_a_batch_begin_with_one():
    ids = range(5001, 6001)
    base = choose_base(ids)
    assert [make_key(pk, base) for pk in ids] == list(range(1, 1001))
    assert [find_item_id(key, base) for key in range(1, 1001)] == list(ids)


@pytest.mark.parametrize("ids", [range(1, 1001), [900, 1900], [7, 9, 20]])
def test_keys_of_the_first_people_of_a_database_are_their_ids(ids):
    """Otherwise, an id could be taken for the key of another person."""
    assert choose_base(ids) == 0


def test_no_id_of_a_batch_is_a_key_of_it():
    for ids in ([1001, 2000], [1000, 1998], [501, 999, 1000]):
        base = choose_base(ids)
        assert base > 0
        assert {find_item_id(pk, base) for pk in ids} == {None}


def test_keys_are_ids_unless_the_setting_says_otherwise(settings):
    settings.SMALL_KEYS = False
    assert choose_base(range(5001, 6001)) == 0


def test_a_key_beyond_the_base_is_that_of_nobody():
    assert find_item_id(MAX_KEY, 0) == MAX_KEY
    assert find_item_id(5000, 5000) == 10_000
    assert find_item_id(5001, 5000) is None
    assert find_item_id(MAX_KEY, 10 * MAX_KEY) == 11 * MAX_KEY


@pytest.mark.parametrize("is_small", [False, True])
@pytest.mark.parametrize(
    "ids",
    [
        range(MAX_KEY - 999, MAX_KEY + 1),
        range(MAX_KEY - 500, MAX_KEY + 500),
        range(MAX_KEY + 1, MAX_KEY + 1001),
        [MAX_KEY + 1, 2 * MAX_KEY],
        [10 * MAX_KEY, 11 * MAX_KEY - 1],
        [10**14],
    ],
)
def test_keys_never_exceed_what_the_vendor_takes(settings, ids, is_small):
    settings.SMALL_KEYS = is_small
    base = choose_base(ids)
    keys = [make_key(pk, base) for pk in ids]
    assert 1 <= min(keys) <= max(keys) <= MAX_KEY
    assert [find_item_id(key, base) for key in keys] == list(ids)
    assert base == 0 or {find_item_id(pk, base) for pk in ids} == {None}


@pytest.mark.parametrize(
    ("first", "last"),
    [(5, MAX_KEY + 1), (MAX_KEY + 1, 2 * MAX_KEY + 1), (MAX_KEY, 2 * MAX_KEY), (10**13, 10**13 + MAX_KEY)],
)
def test_people_whose_ids_are_too_far_apart_cannot_share_a_batch(first, last):
    assert not can_share_base(first, last)
    with pytest.raises(ValueError, match="cannot be in the same batch"):
        choose_base([first, last])


def test_a_list_whose_ids_are_far_apart_is_divided(start_list, settings):
    settings.SMALL_KEYS = False
    upload = start_list(25, first=5)
    Batch.objects.all().delete()
    Item.objects.filter(pk__gte=20).update(id=F("id") + MAX_KEY)
    assert packing.estimate_batches(upload) == 2
    packing.plan_upload(upload.pk)
    assert not upload.items.unplanned().exists()
    sizes = list(upload.batches.order_by("number").values_list("size", "key_base"))
    # Ten people are the fewest that the vendor takes at once, so a run of ten is one batch, and one of 15 another.
    assert sizes == [(15, 0), (10, MAX_KEY + 19)]


# Sending


def test_people_are_sent_with_small_keys(start_list, vendor):
    batch = start_list().batches.get()
    dispatch.submit_batch(batch.pk)
    assert read_sent_keys(vendor) == [list(range(1, 13))]
    batch = refresh(batch)
    assert batch.status == BatchStatus.ACKNOWLEDGED
    assert batch.request_ids == {str(FIRST_ID + n): f"r{n + 1}" for n in range(12)}


def test_the_people_that_the_vendor_did_not_accept_are_replanned(start_list, vendor):
    upload = start_list(30)
    batch = upload.batches.get()
    vendor.remove("POST", BATCH_URL)
    vendor.add_callback("POST", BATCH_URL, lambda request: accept(request, refused=11))
    assert dispatch.submit_batch(batch.pk) == upload.pk
    assert set(batch.items.values_list("pk", flat=True)) == set(range(FIRST_ID, FIRST_ID + 19))
    packing.plan_upload(upload.pk)
    second = upload.batches.get(number=2)
    assert (second.key_base, second.size) == (FIRST_ID + 18, 11)


def test_an_acknowledgement_with_a_foreign_key_replans_nobody(start_list):
    batch = start_list().batches.get()
    acknowledgement = Acknowledgement("vendor-batch", 12, dict.fromkeys([*range(1, 12), 999_999], "r"))
    named = item_keys.name_items(acknowledgement, batch.key_base)
    assert dispatch.compare_reply(list(batch.items.all()), named)[0] == set()


def test_a_batch_that_is_sent_again_has_the_same_keys_although_people_have_left_it(start_list, vendor):
    batch = start_list(14).batches.get()
    dispatch.submit_batch(batch.pk)
    Batch.objects.update(status=BatchStatus.PLANNED, doubted_at=timezone.now())
    packing.release_items(batch, batch.items.filter(pk__in=[FIRST_ID, FIRST_ID + 5]))
    dispatch.submit_batch(batch.pk)
    first, second = read_sent_keys(vendor)
    assert first == list(range(1, 15))
    assert second == [key for key in first if key not in (1, 6)]
    assert file_answer(batch, 7) is Filing.FILED
    assert refresh(Item(pk=FIRST_ID + 6)).outcome == Outcome.MATCHED


def test_a_batch_keeps_its_keys_when_the_setting_changes(start_list, vendor, settings):
    small = start_list().batches.get()
    settings.SMALL_KEYS = False
    large = start_list().batches.get()
    settings.SMALL_KEYS = True
    for batch in (large, small):
        dispatch.submit_batch(batch.pk)
    ids = list(large.items.order_by("pk").values_list("pk", flat=True))
    assert read_sent_keys(vendor) == [ids, list(range(1, 13))]
    assert file_answer(large, ids[3]) is file_answer(small, 4) is Filing.FILED
    assert [refresh(Item(pk=pk)).outcome for pk in (ids[3], FIRST_ID + 3)] == [Outcome.MATCHED] * 2


# Filing


def test_the_same_key_is_another_person_in_another_batch(start_list):
    first, second = start_list().batches.get(), start_list().batches.get()
    bodies = [make_answer(key, batchRequestId=f"{batch.pk}-{key}") for batch in (first, second) for key in (2, 1)]
    deliveries = [
        Delivery(DeliveryKind.ITEM, batch.token, body)
        for batch, body in zip([first, first, second, second], bodies, strict=True)
    ]
    assert file_deliveries(deliveries) == ["filed"] * 4
    for batch in (first, second):
        answered = batch.items.filter(outcome=Outcome.MATCHED).order_by("pk")
        assert [item.pk - batch.key_base for item in answered] == [1, 2]
        assert [item.request_id for item in answered] == [f"{batch.pk}-1", f"{batch.pk}-2"]


def test_an_answer_finds_its_person_in_whatever_batch_they_are_now(start_list):
    upload = start_list(30)
    first = upload.batches.get()
    packing.release_items(first, first.items.filter(pk__gte=FIRST_ID + 10))
    packing.plan_upload(upload.pk)
    second = upload.batches.get(number=2)
    assert second.key_base == FIRST_ID + 9
    # Key 15 of the first batch and key 5 of the second are the same person.
    assert file_answer(first, 15) is Filing.FILED
    item = refresh(Item(pk=FIRST_ID + 14))
    assert (item.outcome, item.batch_id, item.answered_via_id) == (Outcome.MATCHED, second.pk, first.pk)
    assert file_answer(second, 5, batchRequestId="request-15") is Filing.DUPLICATE
    assert file_answer(second, 5) is Filing.ONE_TOO_MANY
    assert file_answer(second, 6) is Filing.FILED
    assert refresh(Item(pk=FIRST_ID + 15)).answered_via_id == second.pk


def test_pieces_of_a_refused_batch_have_keys_of_their_own(start_list):
    batch = start_list(30).batches.get()
    Batch.objects.filter(pk=batch.pk).update(status=BatchStatus.REFUSED)
    assert packing.bisect(refresh(batch))
    pieces = Batch.objects.filter(split_from=batch).order_by("number")
    assert [piece.key_base for piece in pieces] == [FIRST_ID - 1, FIRST_ID + 14]
    assert file_answer(pieces[1], 1) is Filing.FILED
    assert refresh(Item(pk=FIRST_ID + 15)).outcome == Outcome.MATCHED


def test_a_late_answer_of_the_first_batch_is_filed_after_a_rerun(start_list, charlie):
    upload = start_list()
    first = upload.batches.get()
    Batch.objects.update(status=BatchStatus.UNCONFIRMED, attempts=1)
    closing.close_manually(refresh(first), charlie)
    decisions.rerun(Item.objects.filter(upload=upload, outcome=Outcome.MISSING, pk__gte=FIRST_ID + 2), charlie)
    packing.plan_upload(upload.pk)
    second = upload.batches.get(number=2)
    assert file_answer(first, 1) is Filing.FILED
    assert file_answer(second, 1, batchRequestId="second") is Filing.FILED
    assert file_answer(first, 3, batchRequestId="first") is Filing.ONE_TOO_MANY
    assert [refresh(Item(pk=FIRST_ID + n)).request_id for n in (0, 2)] == ["request-1", "second"]


def test_an_error_that_a_rerun_has_replaced_is_a_duplicate(start_list, charlie):
    upload = start_list()
    batch = upload.batches.get()
    for key in range(1, 13):
        assert file_answer(batch, key, "error") is Filing.FILED
    Batch.objects.update(status=BatchStatus.ACKNOWLEDGED)
    closing.close_batch(batch.pk)
    decisions.rerun(Item.objects.filter(upload=upload, outcome=Outcome.ERROR), charlie)
    assert EarlierAnswer.objects.count() == 12
    assert file_answer(batch, 4, "error") is Filing.DUPLICATE
    assert refresh(Item(pk=FIRST_ID + 3)).outcome == Outcome.PENDING


# What cannot be filed


def test_an_id_instead_of_a_key_is_never_filed_for_another_person(start_list):
    """A sender of the version before would send ids as keys, if small keys were used too early."""
    batch = start_list().batches.get()
    fates = deliver(batch, *(make_answer(pk) for pk in batch.items.values_list("pk", flat=True)))
    assert fates == ["unmatched"] * 12
    assert not batch.items.exclude(outcome=Outcome.PENDING).exists()


def test_a_key_that_no_person_has_is_kept_unmatched(start_list):
    batch = start_list().batches.get()
    assert deliver(batch, make_answer(999), make_answer(MAX_KEY)) == ["unmatched"] * 2
    assert list(UnmatchedDelivery.objects.order_by("pk").values_list("item", "reason")) == [
        (FIRST_ID + 998, Filing.UNKNOWN_ITEM.value),
        (None, Filing.UNKNOWN_ITEM.value),
    ]


def test_an_id_of_nobody_is_kept_only_if_it_fits_into_32_bits(start_list):
    """In an older database, the column of unmatched deliveries has no more."""
    batch = start_list(first=MAX_KEY + 1).batches.get()
    fates = deliver(batch, make_answer(2), make_answer(2, batchRequestId="another"), make_answer(13))
    assert fates == ["filed", "unmatched", "unmatched"]
    named = UnmatchedDelivery.objects.order_by("pk").values_list("item", flat=True)
    assert list(named) == [MAX_KEY + 2, None]


def test_the_person_of_an_unmatched_delivery_is_not_sent_again(start_list, vendor, charlie):
    batch = start_list().batches.get()
    assert deliver(batch, make_answer(5), make_answer(5, batchRequestId="another")) == ["filed", "unmatched"]
    [unmatched] = UnmatchedDelivery.objects.all()
    assert unmatched.item_id == FIRST_ID + 4
    Item.objects.filter(pk=FIRST_ID + 4).update(outcome=Outcome.PENDING, request_id="", answer="")
    dispatch.submit_batch(batch.pk)
    assert read_sent_keys(vendor) == [[key for key in range(1, 13) if key != 5]]
    assert retry(unmatched, charlie)
    assert refresh(Item(pk=FIRST_ID + 4)).request_id == "another"


def test_an_unmatched_answer_replaces_an_error_by_hand(start_list, charlie):
    batch = start_list().batches.get()
    assert deliver(batch, make_answer(5, "error"), make_answer(5, batchRequestId="another")) == ["filed", "unmatched"]
    assert retry(UnmatchedDelivery.objects.get(), charlie)
    item = refresh(Item(pk=FIRST_ID + 4))
    assert (item.outcome, item.request_id) == (Outcome.MATCHED, "another")


def test_an_answer_to_an_unknown_address_names_nobody(start_list):
    start_list()
    [fate] = file_deliveries([Delivery(DeliveryKind.ITEM, "nobody", make_answer(FIRST_ID))])
    assert (fate, UnmatchedDelivery.objects.get().item_id) == ("unmatched", None)


def test_a_batch_that_was_deleted_is_unknown_although_its_base_is_remembered(start_list):
    batch = start_list().batches.get()
    assert file_answer(batch, 1) is Filing.FILED
    Upload.objects.all().delete()
    assert file_answer(batch, 2) is Filing.UNKNOWN_BATCH


def test_bases_are_read_once_and_not_remembered_without_end(start_list, monkeypatch, django_assert_num_queries):
    tokens = [start_list().batches.get().token for _ in range(3)]
    with django_assert_num_queries(1):
        assert item_keys.find_bases(tokens) == item_keys.find_bases([*tokens, *tokens])
    with django_assert_num_queries(2):
        assert item_keys.find_bases(["nobody"]) == item_keys.find_bases(["nobody"]) == {}
    monkeypatch.setattr(item_keys, "MAX_KNOWN_BASES", 3)
    other = start_list().batches.get()
    assert item_keys.find_bases([other.token]) == {other.token: other.key_base}
    assert len(item_keys.known_bases) == 1


def test_a_vendor_that_acknowledges_nothing_is_adopted_by_an_answer(start_list):
    batch = start_list().batches.get()
    Batch.objects.update(status=BatchStatus.UNCONFIRMED, attempts=1, submitted_at=timezone.now() - timedelta(hours=1))
    assert file_answer(batch, 3) is Filing.FILED
    closing.adopt_answered(timezone.now())
    assert refresh(batch).status == BatchStatus.ACKNOWLEDGED
