"""Batches are chosen and sent, and every reply of the vendor is handled."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import responses
from django.db import OperationalError, connection
from django.db.models import F
from django.utils import timezone

from batches import jobs
from batches.models import Batch, Event, Item, Receiver, SendingBlock, Upload
from batches.statuses import BatchStatus, Outcome, Priority, UploadStatus
from batches.tracing import account_choice, decisions, dispatch, filing, packing, pausing, receivers, spending
from batches.vendor import protocol
from batches.vendor.protocol import MAX_BODY_BYTES
from tests.factories import answer_for, people, person

pytestmark = pytest.mark.django_db
BATCH_URL = "https://vendor.example/v1/SkipTraceBatch"
SINGLE_URL = "https://vendor.example/v1/SkipTrace"


@pytest.fixture(autouse=True)
def _vendor_settings(settings):
    settings.REALESTATEAPI_URL = "https://vendor.example"


@pytest.fixture
def vendor():
    """Return a mock of the vendor, to which tests add replies."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def acknowledge(request, refused=0):
    """Reply to a batch as the vendor does. The last `refused` people are not accepted."""
    skips = json.loads(request.body)["skips"]
    accepted = skips[: len(skips) - refused]
    body = {
        "acknowledged": True,
        "batchId": "vendor-batch",
        "receiveCount": len(accepted),
        "batchRequestIds": [{"key": skip["key"], "batchRequestId": f"r{skip['key']}"} for skip in accepted],
    }
    return 200, {}, json.dumps(body)


def accept_batches(vendor, **options):
    vendor.add_callback("POST", BATCH_URL, lambda request: acknowledge(request, **options))


def refresh(batch):
    return Batch.objects.get(pk=batch.pk)


def send_next():
    """Send the batches that may be sent now."""
    for batch_id in dispatch.choose_batches(timezone.now()):
        dispatch.submit_batch(batch_id)


def test_a_started_list_is_planned_into_valid_batches(start_upload):
    upload = start_upload(1009)
    first, second = upload.batches.order_by("number")
    assert first.kind == second.kind == "bulk"
    assert first.size + second.size == 1009
    assert not upload.items.unplanned().exists()


def test_fewer_than_ten_people_are_sent_one_by_one(start_upload):
    assert list(start_upload(9).batches.values_list("size", "kind")) == [(1, "single")] * 9


def test_planning_a_list_again_changes_nothing(start_upload):
    upload = start_upload(25)
    assert packing.plan_upload(upload.pk) == 0
    assert upload.batches.count() == 1


def test_as_many_batches_are_planned_as_the_review_estimated(make_upload, alice):
    upload = make_upload(people(1009))
    spending.start(upload, alice)
    assert packing.plan_upload(upload.pk) == upload.batch_estimate == 2


def test_an_acknowledgement_is_stored_with_its_batch(start_upload, vendor):
    accept_batches(vendor)
    batch = start_upload(12).batches.get()
    assert dispatch.submit_batch(batch.pk) is None
    batch = refresh(batch)
    assert (batch.status, batch.vendor_id, batch.receive_count) == (BatchStatus.ACKNOWLEDGED, "vendor-batch", 12)
    assert batch.request_ids == {str(item.pk): f"r{item.pk}" for item in batch.items.all()}


def test_a_batch_is_sent_with_the_addresses_of_its_webhooks(start_upload, vendor):
    accept_batches(vendor)
    batch = start_upload(12).batches.get()
    dispatch.submit_batch(batch.pk)
    [call] = vendor.calls
    body = json.loads(call.request.body)
    assert body["webcomplete_url"].endswith(f"/webhooks/complete/{batch.token}/")
    assert {skip["webhook_url"] for skip in body["skips"]} == {f"http://127.0.0.1:8000/webhooks/item/{batch.token}/"}
    assert len(call.request.body) <= MAX_BODY_BYTES


def test_bodies_are_almost_as_large_as_allowed(start_upload, vendor):
    accept_batches(vendor)
    upload = start_upload([person(number, Address=f"{'x' * 200} {number} Oak St") for number in range(1, 1201)])
    for batch in upload.batches.all():
        dispatch.submit_batch(batch.pk)
    sizes = [len(call.request.body) for call in vendor.calls]
    assert MAX_BODY_BYTES - 1_000 < max(sizes) <= MAX_BODY_BYTES


def test_a_batch_submitted_twice_is_sent_once(start_upload, vendor):
    accept_batches(vendor)
    batch = start_upload(12).batches.get()
    dispatch.submit_batch(batch.pk)
    dispatch.submit_batch(batch.pk)
    assert len(vendor.calls) == 1


def test_items_that_the_vendor_did_not_accept_are_replanned(start_upload, vendor):
    accept_batches(vendor, refused=11)
    upload = start_upload(30)
    batch = upload.batches.get()
    assert dispatch.submit_batch(batch.pk) == upload.pk
    batch = refresh(batch)
    assert batch.problem == "The vendor accepted 19 of 30 people."
    assert (batch.items.count(), batch.moved) == (19, 11)
    assert packing.plan_upload(upload.pk) == 1
    assert upload.batches.get(number=2).size == 11


def test_a_batch_that_was_not_accepted_is_retried_later(start_upload, vendor):
    accept_batches(vendor, refused=12)
    batch, before = start_upload(12).batches.get(), timezone.now()
    assert dispatch.submit_batch(batch.pk) is None
    batch = refresh(batch)
    assert (batch.status, batch.problem) == (BatchStatus.PLANNED, "The vendor accepted none of the people.")
    assert batch.next_try_at > before + timedelta(seconds=1)


def test_an_item_that_was_accepted_but_not_listed_is_not_replanned(start_upload, vendor):
    def omit_one_request_id(request):
        status, headers, body = acknowledge(request, refused=1)
        return status, headers, json.dumps(json.loads(body) | {"receiveCount": 12})

    vendor.add_callback("POST", BATCH_URL, omit_one_request_id)
    batch = start_upload(12).batches.get()
    assert dispatch.submit_batch(batch.pk) is None
    assert batch.items.count() == 12


def test_a_single_person_is_sent_over_the_single_endpoint(start_upload, vendor):
    item = start_upload(1).items.get()
    answer = answer_for(item)
    vendor.post(SINGLE_URL, body=answer)
    dispatch.submit_batch(item.batch_id)
    item.refresh_from_db()
    assert (item.outcome, item.answer) == (Outcome.MATCHED, answer.decode())
    assert json.loads(vendor.calls[0].request.body) == {
        "first_name": "Ada",
        "last_name": "Abbott",
        "address": "1 Oak St",
        "city": "Herndon",
        "state": "VA",
        "zip": "20170",
    }
    jobs.tick()
    assert refresh(item.batch).status == BatchStatus.CLOSED


def test_a_person_refused_by_the_single_endpoint_becomes_invalid(start_upload, vendor):
    upload = start_upload(1)
    vendor.post(SINGLE_URL, status=400, json={"message": '"zip" must be digits'})
    batch = upload.batches.get()
    dispatch.submit_batch(batch.pk)
    assert upload.items.get().outcome == Outcome.INVALID
    assert dispatch.submit_batch(batch.pk) == upload.pk
    assert refresh(batch).status == BatchStatus.DISSOLVED
    jobs.tick()
    assert Upload.objects.get().status == UploadStatus.COMPLETE


def test_a_404_is_an_answer_only_if_it_has_the_format_of_one(start_upload, vendor):
    first, second = start_upload(2).items.all()
    vendor.post(SINGLE_URL, status=404, body=answer_for(first, "no_match"))
    vendor.post(SINGLE_URL, status=404, json={"statusCode": 404, "error": "Not Found"})
    for item in (first, second):
        dispatch.submit_batch(item.batch_id)
    assert Item.objects.get(pk=first.pk).outcome == Outcome.NO_MATCH
    assert Item.objects.get(pk=second.pk).outcome == Outcome.PENDING
    assert "Check REALESTATEAPI_URL" in Batch.objects.get(pk=second.batch_id).problem


def test_no_more_calls_are_made_in_a_second_than_the_vendor_accepts(start_upload):
    """However often the clock is woken."""
    now = timezone.now()
    waiting = start_upload(12).batches.get()
    number = dispatch.protocol.SINGLE_CALLS_PER_SECOND
    made = [
        Batch(upload=waiting.upload, number=99 + n, token=f"t{n}", size=1, status=BatchStatus.CLOSED, submitted_at=now)
        for n in range(number)
    ]
    Batch.objects.bulk_create(made[1:])
    assert dispatch.choose_batches(now) == [waiting.pk]
    Batch.objects.bulk_create(made[:1])
    assert dispatch.choose_batches(now) == []
    assert dispatch.choose_batches(now + account_choice.ONE_SECOND) == [waiting.pk]


def test_a_batch_is_sent_again_later_if_the_vendor_is_busy(start_upload, vendor, stopped_time):
    vendor.post(BATCH_URL, status=429, json={"message": "Too many requests"})
    batch = start_upload(12).batches.get()
    dispatch.submit_batch(batch.pk)
    batch = refresh(batch)
    assert batch.status == BatchStatus.PLANNED
    assert timedelta(0) < batch.next_try_at - stopped_time < timedelta(seconds=2)
    assert dispatch.choose_batches(stopped_time) == []
    assert dispatch.choose_batches(stopped_time + timedelta(seconds=2)) == [batch.pk]


@pytest.mark.parametrize(("failures", "shortest", "longest"), [(1, 1, 1.5), (4, 8, 12), (7, 60, 90), (50, 60, 90)])
def test_delays_double_up_to_a_minute_with_a_random_addition(failures, shortest, longest, stopped_time):
    delay = (dispatch.next_attempt_at(failures) - stopped_time).total_seconds()
    assert shortest <= delay <= longest


def test_a_batch_is_unconfirmed_after_a_server_error_of_the_vendor(start_upload, vendor):
    vendor.post(BATCH_URL, status=500)
    batch = start_upload(12).batches.get()
    dispatch.submit_batch(batch.pk)
    assert refresh(batch).status == BatchStatus.UNCONFIRMED
    jobs.sweep()
    assert refresh(batch).status == BatchStatus.UNCONFIRMED
    assert len(vendor.calls) == 1


def test_a_batch_is_unconfirmed_if_its_sender_has_died(start_upload):
    batch = start_upload(12).batches.get()
    Batch.objects.filter(pk=batch.pk).update(status=BatchStatus.SUBMITTING, submitted_at=timezone.now())
    decisions.mark_lost_calls(timezone.now())
    assert refresh(batch).status == BatchStatus.SUBMITTING
    decisions.mark_lost_calls(timezone.now() + timedelta(seconds=101))
    assert refresh(batch).status == BatchStatus.UNCONFIRMED


@pytest.mark.parametrize(("policy", "status"), [("ask", BatchStatus.UNCONFIRMED), ("resend", BatchStatus.PLANNED)])
def test_an_unconfirmed_batch_is_resent_only_if_the_policy_says_so(start_upload, settings, policy, status):
    settings.UNCONFIRMED_POLICY = policy
    batch = start_upload(12).batches.get()
    Batch.objects.filter(pk=batch.pk).update(status=BatchStatus.UNCONFIRMED, submitted_at=timezone.now())
    decisions.resend_by_policy(timezone.now())
    assert refresh(batch).status == BatchStatus.UNCONFIRMED
    decisions.resend_by_policy(timezone.now() + timedelta(seconds=settings.UNCONFIRMED_WAIT + 1))
    assert refresh(batch).status == status


def test_the_policy_resends_a_batch_that_a_user_has_resent_before(start_upload, settings, alice):
    settings.UNCONFIRMED_POLICY = "resend"
    batch = start_upload(12).batches.get()
    Batch.objects.update(status=BatchStatus.UNCONFIRMED)
    assert decisions.resend(batch, alice)
    Batch.objects.update(status=BatchStatus.UNCONFIRMED, submitted_at=timezone.now())
    decisions.resend_by_policy(timezone.now() + timedelta(seconds=settings.UNCONFIRMED_WAIT + 1))
    assert refresh(batch).status == BatchStatus.PLANNED


def test_the_policy_resends_only_once(start_upload, settings):
    settings.UNCONFIRMED_POLICY = "resend"
    batch = start_upload(12).batches.get()
    after_wait = timezone.now() + timedelta(seconds=settings.UNCONFIRMED_WAIT + 1)
    for status in (BatchStatus.PLANNED, BatchStatus.UNCONFIRMED):
        Batch.objects.update(status=BatchStatus.UNCONFIRMED, submitted_at=timezone.now())
        decisions.resend_by_policy(after_wait)
        assert refresh(batch).status == status


def test_an_unconfirmed_batch_delays_others_only_until_a_decision_is_due(start_upload, settings):
    unconfirmed, waiting = start_upload(25).batches.get(), start_upload(20).batches.get()
    settings.ITEMS_IN_FLIGHT = 30
    Batch.objects.filter(pk=unconfirmed.pk).update(status=BatchStatus.UNCONFIRMED, submitted_at=timezone.now())
    assert dispatch.choose_batches(timezone.now()) == []
    assert dispatch.choose_batches(timezone.now() + timedelta(seconds=settings.UNCONFIRMED_WAIT)) == [waiting.pk]


def test_an_item_that_a_refusal_names_becomes_invalid_and_the_others_are_sent_again(start_upload, vendor):
    vendor.post(BATCH_URL, status=400, json={"message": '"[3].zip" must be digits'})
    upload = start_upload(12)
    batch = upload.batches.get()
    dispatch.submit_batch(batch.pk)
    refused = upload.items.get(outcome=Outcome.INVALID)
    assert refused.address == "4 Oak St"
    assert refused.message == 'Refused by the vendor: "[3].zip" must be digits'
    batch, upload = refresh(batch), Upload.objects.get()
    assert (batch.status, batch.size, batch.items.count()) == (BatchStatus.PLANNED, 11, 11)
    assert (upload.invalid_count, upload.item_count) == (1, 11)


def test_a_duplicate_of_a_refused_person_is_sent_instead(start_upload, vendor):
    vendor.post(BATCH_URL, status=400, json={"message": '"[0].phone" must be ten digits'})
    upload = start_upload([*people(12), person(1, Phone="2025550148"), person(1)])
    dispatch.submit_batch(upload.batches.get().pk)
    rows = upload.items.filter(address="1 Oak St").order_by("row_number").values_list("outcome", "same_as__row_number")
    assert list(rows) == [("invalid", None), ("pending", None), ("duplicate", 14)]
    upload.refresh_from_db()
    assert (upload.invalid_count, upload.duplicate_count, upload.item_count) == (1, 1, 12)
    packing.plan_upload(upload.pk)
    assert upload.items.get(row_number=14).batch.number == 2


@pytest.mark.parametrize("field", ["webhook_url", "key", "match_requirements.operator"])
def test_a_refusal_of_fields_that_we_add_makes_no_item_invalid(start_upload, vendor, field):
    vendor.post(BATCH_URL, status=400, json={"message": f'"[0].{field}" must be valid'})
    upload = start_upload(12)
    batch = upload.batches.get()
    dispatch.submit_batch(batch.pk)
    assert refresh(batch).status == BatchStatus.REFUSED
    assert not upload.items.exclude(outcome=Outcome.PENDING).exists()


def test_a_late_reply_does_not_affect_a_newer_attempt(start_upload, vendor):
    batch = start_upload(12).batches.get()

    def start_another_attempt(request):
        Batch.objects.update(status=BatchStatus.SUBMITTING, attempts=2)
        return 503, {}, "{}"

    vendor.add_callback("POST", BATCH_URL, start_another_attempt)
    dispatch.submit_batch(batch.pk)
    assert refresh(batch).status == BatchStatus.SUBMITTING


def test_a_batch_that_became_too_small_is_dissolved_and_replanned(start_upload, vendor):
    upload = start_upload(12)
    batch = upload.batches.get()
    upload.items.filter(row_number__lte=4).update(outcome=Outcome.MATCHED)
    assert dispatch.submit_batch(batch.pk) == upload.pk
    assert refresh(batch).status == BatchStatus.DISSOLVED
    packing.plan_upload(upload.pk)
    assert list(upload.batches.exclude(pk=batch.pk).values_list("size", flat=True)) == [1] * 9
    assert len(vendor.calls) == 0


def test_a_small_batch_refused_as_a_whole_awaits_a_decision(start_upload, vendor):
    vendor.post(BATCH_URL, status=400, json={"message": "No."})
    batch = start_upload(19).batches.get()
    dispatch.submit_batch(batch.pk)
    assert (refresh(batch).status, refresh(batch).problem) == (BatchStatus.REFUSED, "No.")


def refuse_batches_with(*numbers):
    """Return a function that refuses, without a reason, every batch that contains one of these people."""
    refused = {f"{number} Oak St" for number in numbers}

    def reply(request):
        sent = {skip["address"] for skip in json.loads(request.body)["skips"]}
        if sent & refused:
            return 400, {}, json.dumps({"message": "Something is wrong."})
        return acknowledge(request)

    return reply


def send_all(upload):
    """Send planned batches, and the batches into which they are split, until none is left."""
    while batch := upload.batches.filter(status=BatchStatus.PLANNED).order_by("number").first():
        dispatch.submit_batch(batch.pk)


def test_one_bad_item_among_800_is_found_in_at_most_13_calls(start_upload, vendor):
    vendor.add_callback("POST", BATCH_URL, refuse_batches_with(377))
    upload = start_upload(800)
    send_all(upload)
    refused = upload.batches.get(status=BatchStatus.REFUSED)
    assert 10 <= refused.items.count() < 20
    assert refused.items.filter(address="377 Oak St").exists()
    accepted = Item.objects.filter(batch__status=BatchStatus.ACKNOWLEDGED).count()
    assert accepted == 800 - refused.items.count()
    assert len(vendor.calls) <= 13
    accepted_keys = []
    for call in vendor.calls:
        if call.response.status_code == 200:
            accepted_keys += [skip["key"] for skip in json.loads(call.request.body)["skips"]]
    assert len(accepted_keys) == len(set(accepted_keys))


def test_two_bad_items_are_found(start_upload, vendor):
    vendor.add_callback("POST", BATCH_URL, refuse_batches_with(3, 300))
    upload = start_upload(400)
    send_all(upload)
    refused = upload.items.filter(batch__status=BatchStatus.REFUSED)
    assert refused.filter(address__in=["3 Oak St", "300 Oak St"]).count() == 2
    assert refused.count() < 40


def test_splitting_ends_if_every_batch_is_refused(start_upload, vendor):
    vendor.post(BATCH_URL, status=400, json={"message": "No."})
    upload = start_upload(800)
    send_all(upload)
    assert len(vendor.calls) <= 13
    assert not upload.items.exclude(outcome=Outcome.PENDING).exists()
    assert Item.objects.filter(batch__status=BatchStatus.REFUSED).count() == 800


def test_a_user_can_send_a_refused_batch_one_by_one(start_upload, vendor, alice):
    vendor.post(BATCH_URL, status=400, json={"message": "No."})
    upload = start_upload(12)
    batch = upload.batches.get()
    dispatch.submit_batch(batch.pk)
    assert decisions.send_singly(refresh(batch), alice)
    assert not decisions.send_singly(refresh(batch), alice)
    assert set(upload.batches.exclude(pk=batch.pk).values_list("kind", "size", "status")) == {("single", 1, "planned")}
    assert upload.batches.count() == 13
    assert Event.objects.get(what="split").user == alice


def test_nothing_is_sent_while_sending_is_blocked(start_upload, vendor):
    batch = start_upload(12).batches.get()
    SendingBlock.objects.create(reason="The vendor's daily credit limit is reached.")
    dispatch.submit_batch(batch.pk)
    assert refresh(batch).status == BatchStatus.PLANNED
    assert len(vendor.calls) == 0


@pytest.mark.usefixtures("_real_receiver_check")
def test_no_batch_is_sent_before_a_receiver_is_alive(start_upload, vendor):
    accept_batches(vendor)
    batch = start_upload(12).batches.get()
    assert dispatch.choose_batches(timezone.now()) == []
    dispatch.submit_batch(batch.pk)
    assert (refresh(batch).status, len(vendor.calls)) == (BatchStatus.PLANNED, 0)
    receivers.record_heartbeat("web:1", "web")
    send_next()
    assert refresh(batch).status == BatchStatus.ACKNOWLEDGED


@pytest.mark.usefixtures("_real_receiver_check")
def test_no_batch_is_sent_without_a_recent_heartbeat_of_a_receiver(start_upload):
    start_upload(12)
    receivers.record_heartbeat("web:1", "web")
    Receiver.objects.update(until=F("until") - Receiver.LIFETIME - timedelta(seconds=1))
    assert dispatch.choose_batches(timezone.now()) == []


@pytest.mark.usefixtures("_real_receiver_check")
def test_a_single_person_is_sent_without_a_receiver(start_upload, vendor):
    item = start_upload(1).items.get()
    vendor.post(SINGLE_URL, body=answer_for(item))
    send_next()
    assert Item.objects.get().outcome == Outcome.MATCHED


def test_a_batch_with_an_answer_is_adopted_instead_of_sent_again(start_upload, vendor):
    batch = start_upload(12).batches.get()
    body = answer_for(batch.items.first())
    filing.file_answer(batch.token, protocol.decode_answer(body), body.decode())
    Batch.objects.update(attempts=1)
    dispatch.submit_batch(batch.pk)
    assert refresh(batch).status == BatchStatus.ACKNOWLEDGED
    assert len(vendor.calls) == 0


def test_only_the_first_of_two_acknowledgements_counts(start_upload, vendor):
    batch = start_upload(12).batches.get()

    def acknowledge_first(request):
        Batch.objects.update(status=BatchStatus.ACKNOWLEDGED, vendor_id="the first")
        return acknowledge(request, refused=2)

    vendor.add_callback("POST", BATCH_URL, acknowledge_first)
    assert dispatch.submit_batch(batch.pk) is None
    assert (refresh(batch).vendor_id, batch.items.count()) == ("the first", 12)
    assert Event.objects.last().what == "acknowledged twice"


def test_an_acknowledgement_is_stored_when_the_database_is_available_again(start_upload, vendor, monkeypatch):
    accept_batches(vendor)
    batch = start_upload(12).batches.get()
    transition_batch = dispatch.transition_batch
    failures = [OperationalError, OperationalError]

    def fail_twice(batch_id, to, **changes):
        if to == BatchStatus.ACKNOWLEDGED and failures:
            raise failures.pop()
        return transition_batch(batch_id, to, **changes)

    monkeypatch.setattr(dispatch, "transition_batch", fail_twice)
    dispatch.submit_batch(batch.pk)
    assert refresh(batch).status == BatchStatus.ACKNOWLEDGED
    assert Event.objects.filter(what="acknowledged").count() == 1


def test_a_wrong_key_blocks_sending_until_a_user_unblocks_it(start_upload, vendor):
    vendor.post(BATCH_URL, status=401, json={"error": "Invalid API key"})
    first, second = start_upload(12).batches.get(), start_upload(13).batches.get()
    dispatch.submit_batch(first.pk)
    assert SendingBlock.objects.get().until is None
    assert refresh(first).status == BatchStatus.PLANNED
    assert dispatch.choose_batches(timezone.now() + timedelta(days=2)) == []
    SendingBlock.objects.update(unblocked_at=timezone.now())
    assert set(dispatch.choose_batches(timezone.now())) == {first.pk, second.pk}


def test_the_daily_limit_blocks_sending_until_midnight(start_upload, vendor):
    vendor.post(BATCH_URL, status=429, json={"message": "You have reached your daily credit limit"})
    batch = start_upload(12).batches.get()
    dispatch.submit_batch(batch.pk)
    assert dispatch.choose_batches(timezone.now()) == []
    assert dispatch.choose_batches(timezone.now() + timedelta(days=1)) == [batch.pk]


def test_people_in_flight_are_limited(start_upload, settings, vendor):
    accept_batches(vendor)
    settings.ITEMS_IN_FLIGHT = 30
    start_upload(25)
    start_upload([person(number) for number in range(101, 121)])
    send_next()
    assert Item.objects.in_flight(timezone.now()).count() == 25
    Item.objects.in_flight(timezone.now()).filter(row_number__lte=16).update(outcome=Outcome.MATCHED)
    send_next()
    assert Item.objects.in_flight(timezone.now()).count() == 30


def test_a_batch_above_the_limit_is_sent_if_nothing_is_in_flight(start_upload, settings, vendor):
    accept_batches(vendor)
    settings.ITEMS_IN_FLIGHT = 10
    start_upload(25)
    send_next()
    assert Item.objects.in_flight(timezone.now()).count() == 25


def test_the_list_that_has_been_sent_least_is_next(start_upload, settings, vendor):
    accept_batches(vendor)
    large = start_upload(2500)
    send_next()
    small = start_upload(60)
    settings.ITEMS_IN_FLIGHT = 100_000
    chosen = [Batch.objects.get(pk=pk).upload for pk in dispatch.choose_batches(timezone.now())]
    assert chosen == [small, large, large]


def test_urgent_lists_go_before_all_others(start_upload):
    low = start_upload(12, priority=Priority.LOW)
    normal = start_upload(13)
    urgent = start_upload(14, priority=Priority.URGENT)
    chosen = dispatch.choose_batches(timezone.now())
    assert [Batch.objects.get(pk=pk).upload for pk in chosen] == [urgent, normal, low]


def test_a_paused_list_sends_nothing(start_upload, vendor):
    upload = start_upload(12)
    Upload.objects.update(status=UploadStatus.PAUSED)
    assert dispatch.choose_batches(timezone.now()) == []
    dispatch.submit_batch(upload.batches.get().pk)
    assert upload.batches.get().status == BatchStatus.PLANNED
    assert len(vendor.calls) == 0


def test_a_cancelled_list_is_not_sent_but_its_answers_are_still_filed(start_upload, alice, vendor):
    accept_batches(vendor)
    upload = start_upload(1009)
    first, second = upload.batches.order_by("number")
    dispatch.submit_batch(first.pk)
    assert pausing.cancel_upload(upload, alice)
    assert refresh(second).status == BatchStatus.CANCELLED
    item = first.items.first()
    answer = protocol.decode_answer(answer_for(item))
    assert filing.file_answer(first.token, answer, "{}") == filing.Filing.FILED
    assert dispatch.choose_batches(timezone.now()) == []


def test_no_batch_of_a_cancelled_list_stays_open(start_upload, alice):
    upload = start_upload(12)
    batch = upload.batches.get()
    pausing.cancel_upload(upload, alice)
    Batch.objects.update(status=BatchStatus.UNCONFIRMED)
    assert not decisions.resend(batch, alice)
    Batch.objects.update(status=BatchStatus.PLANNED)
    jobs.sweep()
    assert refresh(batch).status == BatchStatus.CANCELLED


def test_the_history_contains_no_personal_data(start_upload, vendor):
    accept_batches(vendor)
    batch = start_upload(12).batches.get()
    dispatch.submit_batch(batch.pk)
    assert list(Event.objects.values_list("what", flat=True)) == [
        "uploaded",
        "columns chosen",
        "checked",
        "purpose stated",
        "started",
        "planned",
        "sent",
        "acknowledged",
    ]
    assert not any("Oak" in event.detail for event in Event.objects.all())


@pytest.mark.django_db(transaction=True)
def test_planning_a_long_list_continues_while_others_write(make_upload, alice, monkeypatch):
    """On SQLite, a connection with an open cursor cannot write after another connection has written."""
    upload = make_upload(people(3500))
    spending.start(upload, alice)
    make_batch = packing.make_batch

    def make_batch_after_another_write(*args):
        with ThreadPoolExecutor(1) as other_thread:
            other_thread.submit(write_over_another_connection, upload.pk).result()
        return make_batch(*args)

    monkeypatch.setattr(packing, "make_batch", make_batch_after_another_write)
    assert packing.plan_upload(upload.pk) == 4


def write_over_another_connection(pk):
    Upload.objects.filter(pk=pk).update(name="changed")
    connection.close()


def test_a_batch_sent_again_is_not_split_by_a_late_refusal(start_upload, alice):
    batch = start_upload(30).batches.get()
    Batch.objects.update(status=BatchStatus.REFUSED, attempts=1)
    before = refresh(batch)
    Batch.objects.update(status=BatchStatus.SUBMITTING, attempts=2)
    assert not decisions.send_singly(before, alice)
    assert not packing.bisect(before)
    assert packing.dissolve(before) is None
    assert refresh(batch).status == BatchStatus.SUBMITTING
    assert batch.items.count() == 30


def trace_single_person(start_upload, vendor, before_reply):
    """Trace a single person. Call `before_reply` with the item before the reply, which is a match for two credits."""
    item = start_upload(1).items.get()

    def reply(_):
        before_reply(item)
        return 200, {}, answer_for(item, credits=2, batchRequestId=None, requestId="single-call")

    vendor.add_callback("POST", SINGLE_URL, reply)
    dispatch.submit_batch(item.batch_id)
    return Item.objects.get()


def test_a_reply_about_a_person_with_an_answer_becomes_an_earlier_answer(start_upload, vendor):
    def file_another_answer(item):
        Item.objects.update(outcome=Outcome.MATCHED, answer="{}", request_id="late", answered_at=timezone.now())

    item = trace_single_person(start_upload, vendor, file_another_answer)
    assert (item.request_id, item.earlier_answers.get().request_id) == ("late", "single-call")
    assert Upload.objects.get().earlier_credits == 2


def test_a_reply_about_a_missing_person_is_filed(start_upload, vendor):
    item = trace_single_person(start_upload, vendor, lambda _: Item.objects.update(outcome=Outcome.MISSING))
    assert (item.outcome, item.request_id, item.earlier_answers.count()) == (Outcome.MATCHED, "single-call", 0)


def test_a_batch_is_still_split_after_many_refusals_that_name_an_item(start_upload, vendor):
    for _ in range(packing.MAX_FRUITLESS_REFUSALS):
        vendor.post(BATCH_URL, status=400, json={"message": '"[0].zip" must be digits'})
    vendor.post(BATCH_URL, status=400, json={"message": "Something is wrong."})
    upload = start_upload(50)
    batch = upload.batches.get()
    for _ in range(packing.MAX_FRUITLESS_REFUSALS + 1):
        dispatch.submit_batch(batch.pk)
    assert refresh(batch).status == BatchStatus.DISSOLVED
    assert upload.batches.filter(status=BatchStatus.PLANNED).count() == 2


def test_a_user_can_have_a_refused_batch_split_further(start_upload, vendor, alice):
    vendor.post(BATCH_URL, status=400, json={"message": "No."})
    upload = start_upload(800)
    send_all(upload)
    refused = upload.batches.filter(status=BatchStatus.REFUSED).order_by("-size").first()
    size = refused.size
    assert decisions.resend(refused, alice)
    send_all(upload)
    assert refresh(refused).status == BatchStatus.DISSOLVED
    assert upload.batches.filter(size__lte=size // 2 + 1, split_from__isnull=False).exists()


def test_a_person_refused_after_their_batch_was_refused_becomes_invalid(start_upload, vendor, alice):
    vendor.post(BATCH_URL, status=400, json={"message": "No."})
    vendor.post(SINGLE_URL, status=400, json={"message": "No."})
    upload = start_upload(12)
    dispatch.submit_batch(upload.batches.get().pk)
    decisions.send_singly(upload.batches.get(), alice)
    send_all(upload)
    assert set(upload.items.values_list("outcome", "message")) == {(Outcome.INVALID, "Refused by the vendor: No.")}


def test_the_first_busy_reply_causes_a_short_delay_even_after_many_attempts(start_upload, vendor, stopped_time):
    batch = start_upload(12).batches.get()
    Batch.objects.update(attempts=9)
    vendor.post(BATCH_URL, status=503)
    dispatch.submit_batch(batch.pk)
    assert refresh(batch).next_try_at - stopped_time < timedelta(seconds=2)
