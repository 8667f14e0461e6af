"""People in several lists are paid for once, whichever list is sent first."""

import json
from collections import Counter
from datetime import timedelta
from functools import partial

import pytest
import responses
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from batches.models import Batch, Item, Upload
from batches.statuses import BatchStatus, Outcome, UploadStatus
from batches.tracing import closing, dispatch, overlaps, packing, pausing
from batches.tracing.lifecycle import transition_batch
from tests.factories import answer_for, people
from tests.support.threads import run_at_once
from tests.tracing.test_dispatch import acknowledge, send_next
from webhooks.inbound import filing
from webhooks.models import DeliveryKind, UnmatchedDelivery

BATCH_URL = "https://vendor.example/v1/SkipTraceBatch"


@pytest.fixture(autouse=True)
def _vendor_settings(settings):
    settings.REALESTATEAPI_URL = "https://vendor.example"
    settings.ITEMS_IN_FLIGHT = 10_000


@pytest.fixture
def vendor():
    """Return a mock of a vendor that accepts every batch. `bought` counts purchases by street address."""
    bought = Counter()

    def accept(request):
        bought.update(skip["address"] for skip in json.loads(request.body)["skips"])
        return acknowledge(request)

    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.add_callback("POST", BATCH_URL, accept)
        mock.bought = bought
        yield mock


def answer_all(upload, outcome="matched"):
    """File an answer for everyone in a list who is in a batch and has none."""
    for item in Item.objects.filter(upload=upload, outcome=Outcome.PENDING).exclude(batch=None):
        filing.file_delivery(filing.Delivery(DeliveryKind.ITEM, item.batch.token, answer_for(item, outcome)))


def close_batches(now=None):
    for batch_id in closing.list_closable(now or timezone.now()):
        closing.close_batch(batch_id)


def run_everything():
    """Run the clock and the workers until nothing is left to do."""
    for _ in range(4):
        close_batches()
        for upload_id in [*overlaps.resolve_waiting(None), *packing.list_unplanned_uploads()]:
            packing.plan_upload(upload_id)
        send_next()
    closing.complete_uploads(timezone.now())


def count_outcomes(upload):
    return Counter(Item.objects.filter(upload=upload).values_list("outcome", flat=True))


@pytest.mark.django_db
def test_people_in_three_lists_are_paid_for_once(start_upload, vendor):
    first, second, third = [start_upload(30) for _ in range(3)]
    send_next()
    assert set(vendor.bought.values()) == {1}
    assert len(vendor.bought) == 30
    run_everything()
    answer_all(first)
    run_everything()
    assert set(vendor.bought.values()) == {1}
    assert count_outcomes(first) == {"matched": 30}
    assert count_outcomes(second) == count_outcomes(third) == {"reused": 30}
    assert Upload.objects.filter(status=UploadStatus.COMPLETE).count() == 3
    assert Upload.objects.get(pk=third.pk).reused_count == 30


@pytest.mark.django_db
def test_only_people_who_are_in_both_lists_wait(start_upload, vendor):
    start_upload(people(20))
    people_from_11_to_40 = people(40)[10:]
    later = start_upload(people_from_11_to_40)
    send_next()
    assert len(vendor.bought) == 40
    assert set(vendor.bought.values()) == {1}
    assert later.items.waiting().count() == 10
    batch = later.batches.get(status=BatchStatus.ACKNOWLEDGED)
    assert (batch.size, batch.moved) == (30, 10)


@pytest.mark.django_db
@pytest.mark.parametrize("is_answered", [False, True])
def test_people_who_are_shared_are_taken_out_without_a_query_for_each(start_upload, vendor, is_answered):
    counts = []
    for count, town in ((12, "Reston"), (24, "Vienna")):
        rows = people(count, City=town)
        first, second = start_upload(rows), start_upload(rows)
        dispatch.submit_batch(first.batches.get().pk)
        if is_answered:
            answer_all(first)
        with CaptureQueriesContext(connection) as queries:
            dispatch.submit_batch(second.batches.get().pk)
        assert count_outcomes(second) == {"reused" if is_answered else "pending": count}
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_people_answered_since_planning_are_not_paid_for(start_upload, vendor):
    first = start_upload(20)
    dispatch.submit_batch(first.batches.get().pk)
    people_from_11_to_40 = people(40)[10:]
    later = start_upload(people_from_11_to_40)
    answer_all(first)
    send_next()
    assert set(vendor.bought.values()) == {1}
    assert count_outcomes(later) == {"reused": 10, "pending": 20}


@pytest.mark.django_db
def test_people_are_sent_one_by_one_if_too_few_for_a_batch_do_not_wait(start_upload, vendor):
    start_upload(20)
    later = start_upload(24)
    send_next()
    packing.plan_upload(later.pk)
    assert list(later.batches.order_by("number").values_list("status", "kind")) == [
        ("dissolved", "bulk"),
        *[("planned", "single")] * 4,
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("outcome", ["error", None], ids=["an error", "no answer"])
def test_people_are_sent_if_the_answer_that_they_wait_for_does_not_come(start_upload, vendor, settings, outcome):
    settings.MISSING_RETRIES = 0
    first, later = start_upload(20), start_upload(20)
    send_next()
    if outcome:
        answer_all(first, outcome)
        close_batches()
    else:
        Batch.objects.update(completed_at=timezone.now())
        close_batches(timezone.now() + timedelta(hours=1))
    run_everything()
    answer_all(later)
    run_everything()
    assert count_outcomes(later) == {"matched": 20}
    assert set(vendor.bought.values()) == {2}


@pytest.mark.django_db
def test_people_waiting_for_a_cancelled_list_get_its_late_answers(start_upload, vendor, alice):
    first, later = start_upload(20), start_upload(20)
    send_next()
    pausing.cancel_upload(first, alice)
    run_everything()
    assert count_outcomes(later) == {"pending": 20}
    answer_all(first)
    run_everything()
    assert count_outcomes(later) == {"reused": 20}
    assert set(vendor.bought.values()) == {1}


@pytest.mark.django_db
def test_people_do_not_wait_for_a_list_that_was_cancelled_before_it_was_sent(start_upload, vendor, alice):
    first, later = start_upload(20), start_upload(20)
    pausing.cancel_upload(first, alice)
    run_everything()
    assert not later.items.waiting().exists()
    assert set(vendor.bought.values()) == {1}


@pytest.mark.django_db
def test_people_stop_waiting_for_a_batch_that_was_not_accepted(start_upload, vendor):
    first, later = start_upload(20), start_upload(20)
    send_next()
    Batch.objects.filter(upload=first).update(status=BatchStatus.SUBMITTING)
    transition_batch(first.batches.get().pk, BatchStatus.PLANNED)
    assert overlaps.resolve_waiting(None) == [later.pk]
    assert later.items.unplanned().count() == 20


@pytest.mark.django_db
def test_people_wait_for_an_unconfirmed_batch_until_a_user_decides(start_upload, vendor, alice):
    first, later = start_upload(20), start_upload(20)
    send_next()
    Batch.objects.filter(upload=first).update(status=BatchStatus.UNCONFIRMED)
    run_everything()
    assert later.items.waiting().count() == 20
    closing.close_manually(first.batches.get(), alice)
    run_everything()
    assert count_outcomes(later) == {"pending": 20}
    assert set(vendor.bought.values()) == {2}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "options", [{"settings": {"look_back": 0}}, {"match": ["emails"]}], ids=["no reuse", "other requirements"]
)
def test_people_do_not_wait_for_a_list_with_incompatible_settings(start_upload, vendor, options):
    start_upload(20)
    start_upload(20, **options)
    send_next()
    assert set(vendor.bought.values()) == {2}


@pytest.mark.django_db
def test_pages_show_that_people_wait_for_another_list(start_upload, vendor, browser):
    start_upload(20)
    later = start_upload(20)
    send_next()
    page = browser.get(f"/uploads/{later.pk}/").content.decode()
    assert "20 people are being traced in another list." in page
    assert "Being traced in" in browser.get(f"/items/{later.items.first().pk}/").content.decode()


@pytest.mark.django_db(transaction=True)
def test_people_in_two_batches_sent_at_the_same_time_are_paid_for_once(start_upload, vendor):
    lists = [start_upload(20) for _ in range(2)]
    run_at_once(*[partial(dispatch.submit_batch, upload.batches.get().pk) for upload in lists])
    assert set(vendor.bought.values()) == {1}
    assert sum(upload.items.waiting().count() for upload in lists) == 20


@pytest.mark.django_db
def test_people_of_a_paused_list_get_the_answers_that_they_wait_for(start_upload, vendor, alice):
    first, later = start_upload(20), start_upload(20)
    send_next()
    pausing.pause_upload(later, alice)
    answer_all(first)
    overlaps.resolve_waiting(None)
    assert count_outcomes(later) == {"reused": 20}
    assert Upload.objects.get(pk=later.pk).status == UploadStatus.PAUSED


def store_unmatched_delivery(item):
    """Store an item's delivery as one that could not be filed when it arrived."""
    return UnmatchedDelivery.objects.create(
        kind=DeliveryKind.ITEM, token=item.batch.token, reason="Not now.", body=answer_for(item), item=item
    )


@pytest.mark.django_db
def test_people_wait_for_an_answer_that_is_stored_but_not_filed_yet(start_upload, vendor, settings):
    settings.MISSING_RETRIES = 0
    first, _ = start_upload(12), start_upload(12)
    send_next()
    delivery = store_unmatched_delivery(first.items.first())
    close_batches(timezone.now() + timedelta(days=1))
    assert count_outcomes(first) == {"missing": 12}
    run_everything()
    # No answer came for the other eleven people, so they were sent again.
    assert Item.objects.waiting().count() == 1
    assert sorted(vendor.bought.values()) == [1] + [2] * 11
    UnmatchedDelivery.objects.filter(pk=delivery.pk).update(status=UnmatchedDelivery.Status.ASIDE)
    run_everything()
    assert Item.objects.waiting().count() == 0


@pytest.mark.django_db
def test_a_person_whose_answer_is_stored_but_not_filed_yet_is_not_sent(start_upload, vendor):
    upload = start_upload(14)
    batch, person = upload.batches.get(), upload.items.first()
    store_unmatched_delivery(person)
    dispatch.submit_batch(batch.pk)
    assert len(vendor.bought) == 13
    person.refresh_from_db()
    assert (person.batch, person.outcome) == (None, Outcome.PENDING)
