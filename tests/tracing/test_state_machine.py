"""Nothing is lost, nothing is paid for twice without a decision, and every list ends.

This is true for any order of calls, acknowledgements, results, completions, sweeps and decisions.

Hypothesis acts as vendor, clock, workers and staff in random orders. Only the socket to the vendor is faked.
"""

import contextlib
import json
from collections import Counter
from datetime import timedelta

import pytest
import responses
from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone
from hypothesis import HealthCheck, strategies
from hypothesis import settings as hypothesis_settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from batches.models import Batch, EarlierAnswer, Item, SendingBlock, Upload
from batches.statuses import BATCH_AT_VENDOR, BATCH_OPEN, OUTCOME_ANSWERED, BatchStatus, Outcome, UploadStatus
from batches.tracing import closing, decisions, dispatch, overlaps, packing, pausing
from batches.tracing.lifecycle import transition_upload
from tests.factories import answer_for
from webhooks.inbound import filing
from webhooks.models import DeliveryKind, UnmatchedDelivery

BATCH_URL = "https://vendor.example/v1/SkipTraceBatch"
SINGLE_URL = "https://vendor.example/v1/SkipTrace"
REPLIES = {
    "busy": (429, {"message": "Too many requests"}),
    "limit": (429, {"message": "You have reached your daily credit limit"}),
    "key": (401, {"error": "Invalid API key"}),
    "fails": (500, {}),
    "away": (503, {}),
    "refused": (400, {"message": "Something is wrong"}),
    "named": (400, {"message": '"[0].zip" must be digits'}),
}
SIZES = strategies.sampled_from([5, 12, 25, 45])
MAX_LISTS = 3
EXAMPLES = hypothesis_settings().max_examples * 2 // 5
"""Examples per policy. A thousand take several minutes."""
FATES = ["accepted", "accepted", "short", "results first", "lost", "killed", *REPLIES]
LATER = strategies.sampled_from([timedelta(), timedelta(minutes=3), timedelta(hours=2), timedelta(days=2)])


class Killed(BaseException):
    """The worker is killed during a call."""


class TracingMachine(RuleBasedStateMachine):
    """Vendor, clock, workers and staff. What the vendor accepted and delivered is compared with our records."""

    def __init__(self):
        super().__init__()
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.under_way, self.delivered, self.addresses = [], [], []
        self.accepted, self.allowed, self.calls, self.uploads = Counter(), Counter(), 0, []

    def teardown(self):
        try:
            self.run_to_completion()
            for outcome in (Outcome.ERROR, Outcome.MISSING):
                self.rerun(outcome)
                self.run_to_completion()
            self.every_answer_is_stored()
            self.closed_batches_count_their_items()
        finally:
            transaction.set_rollback(True)
            self.transaction.__exit__(None, None, None)

    @initialize(size=SIZES)
    def start_list(self, size):
        people = [
            {"fingerprint": str(n), "first_name": "Ada", "address": f"{n} Oak St", "city": "Herndon", "state": "VA"}
            for n in range(size)
        ]
        upload = Upload.objects.create(name="people", status=UploadStatus.RUNNING, row_count=size)
        rows = [Item(upload=upload, row_number=n, cells=[], **person) for n, person in enumerate(people)]
        Item.objects.bulk_create(rows)
        packing.plan_upload(upload.pk)
        self.uploads.append(upload)

    @precondition(lambda self: len(self.uploads) < MAX_LISTS)
    @rule(size=SIZES)
    def start_overlapping_list(self, size):
        """Start a list with the same people as the others: the smaller one is contained in the larger one."""
        self.start_list(size)

    # The vendor

    @rule(fate=strategies.sampled_from(FATES))
    def send(self, fate):
        for batch_id in dispatch.choose_batches(timezone.now() + timedelta(hours=1))[:1]:
            self.submit(batch_id, fate)

    def submit(self, batch_id, fate):
        with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
            mock.add_callback("POST", BATCH_URL, lambda request: self.reply(request, batch_id, fate))
            mock.add_callback("POST", SINGLE_URL, lambda request: self.reply_single(batch_id, fate))
            with contextlib.suppress(Killed):
                dispatch.submit_batch(batch_id)

    def reply(self, request, batch_id, fate):
        if fate in REPLIES:
            status, body = REPLIES[fate]
            return status, {}, json.dumps(body)
        self.calls += 1
        body, vendor_id = json.loads(request.body), f"vendor-{self.calls}"
        token = body["webcomplete_url"].rstrip("/").rsplit("/", 1)[1]
        skips = body["skips"][: max(len(body["skips"]) - 7, 1)] if fate == "short" else body["skips"]
        self.addresses.append((token, vendor_id))
        for skip in skips:
            self.accept(skip["key"])
            self.under_way.append((token, vendor_id, skip["key"]))
        if fate == "results first":
            for _ in range(3):
                self.deliver_one(len(self.under_way) - 1, "matched")
        if fate == "killed":
            raise Killed
        if fate == "lost":
            return 500, {}, "{}"
        ids = [{"key": skip["key"], "batchRequestId": "r"} for skip in skips]
        return 200, {}, json.dumps({"batchId": vendor_id, "receiveCount": len(skips), "batchRequestIds": ids})

    def reply_single(self, batch_id, fate):
        if fate in REPLIES:
            status, body = REPLIES[fate]
            return status, {}, json.dumps(body)
        item = Item.objects.get(batch=batch_id)
        self.accept(item.pk)
        if fate == "killed":
            raise Killed
        return (500, {}, "{}") if fate == "lost" else (200, {}, answer_for(item))

    def accept(self, key):
        self.accepted[key] += 1
        item = Item.objects.get(pk=key)
        allowed = 1 + self.allowed[key] + item.retries
        assert self.accepted[key] <= allowed, (
            f"item {key} was paid for {self.accepted[key]} times, but only {allowed} allowed"
        )
        elsewhere = Item.objects.filter(fingerprint=item.fingerprint).exclude(upload=item.upload)
        is_awaited = Q(outcome=Outcome.PENDING, batch__status__in=BATCH_AT_VENDOR)
        assert not elsewhere.filter(Q(outcome__in=[Outcome.MATCHED, Outcome.NO_MATCH]) | is_awaited).exists()

    @rule(index=strategies.integers(0, 200), outcome=strategies.sampled_from(["matched", "no_match", "error"]))
    def deliver(self, index, outcome):
        for _ in range(4):
            self.deliver_one(index, outcome)

    @precondition(lambda self: self.under_way)
    @rule(outcome=strategies.sampled_from(["matched", "error"]))
    def deliver_all(self, outcome):
        while self.under_way:
            self.deliver_one(0, outcome)

    def deliver_one(self, index, outcome):
        if self.under_way:
            token, vendor_id, key = self.under_way.pop(index % len(self.under_way))
            request_id = f"{vendor_id}-{key}"
            body = answer_for(Item(pk=key), outcome, batchId=vendor_id, batchRequestId=request_id)
            self.delivered.append((token, key, request_id, body))
            filing.file_delivery(filing.Delivery(DeliveryKind.ITEM, token, body))
            self.check_filing(Item.objects.get(pk=key), request_id)

    def check_filing(self, item, request_id):
        """Check that the item has the answer, or has another one, or was refused or reused."""
        is_filed = item.request_id == request_id and request_id in item.answer
        assert is_filed or item.outcome in {*OUTCOME_ANSWERED, Outcome.INVALID, Outcome.REUSED}

    @precondition(lambda self: self.delivered)
    @rule(index=strategies.integers(0, 200))
    def deliver_again(self, index):
        token, _, _, body = self.delivered[-1 - index % min(len(self.delivered), 10)]
        filing.file_delivery(filing.Delivery(DeliveryKind.ITEM, token, body))

    @precondition(lambda self: self.addresses)
    @rule(index=strategies.integers(0, 50))
    def complete(self, index):
        token, vendor_id = self.addresses[index % len(self.addresses)]
        filing.file_delivery(
            filing.Delivery(DeliveryKind.COMPLETION, token, json.dumps({"batchId": vendor_id}).encode())
        )

    @precondition(lambda self: self.under_way)
    @rule(index=strategies.integers(0, 200))
    def forget(self, index):
        """Lose an answer: the vendor never delivers it."""
        self.under_way.pop(index % len(self.under_way))

    # The clock

    @rule(later=LATER)
    def tick(self, later):
        now = timezone.now() + later
        closing.adopt_answered(now)
        closing.record_first_results(now)
        for batch_id in closing.list_closable(now):
            closing.close_batch(batch_id)
        overlaps.resolve_waiting(now)
        closing.complete_uploads(now)

    @rule(later=LATER)
    def sweep(self, later):
        now = timezone.now() + later
        decisions.mark_lost_calls(now)
        with self.allowing_resends():
            decisions.resend_by_policy(now)
        pausing.cancel_leftovers(now)
        for upload_id in packing.list_unplanned_uploads():
            packing.plan_upload(upload_id)

    # Staff

    @rule(index=strategies.integers(0, 20), way=strategies.sampled_from(["send again", "close", "one by one"]))
    def decide(self, index, way):
        troubled = list(Batch.objects.needing_decision().order_by("pk"))
        if troubled:
            batch = troubled[index % len(troubled)]
            if way == "close":
                closing.close_manually(batch, self.staff)
            elif way == "one by one" and batch.status == BatchStatus.REFUSED:
                decisions.send_singly(batch, self.staff)
            else:
                with self.allowing_resends():
                    decisions.send_again(batch, self.staff)

    @rule(outcome=strategies.sampled_from([Outcome.MISSING, Outcome.ERROR]))
    def rerun(self, outcome):
        before = set(Item.objects.filter(outcome=outcome).values_list("pk", flat=True))
        decisions.rerun(Item.objects.filter(outcome=outcome), self.staff)
        self.allowed.update(before & set(Item.objects.filter(outcome=Outcome.PENDING).values_list("pk", flat=True)))

    @rule()
    def try_unmatched_again(self):
        for delivery in UnmatchedDelivery.objects.waiting():
            filing.retry(delivery, self.staff)

    @rule()
    def unblock_sending(self):
        for block in SendingBlock.objects.in_force(timezone.now()):
            decisions.unblock(block, self.staff)

    @rule(index=strategies.integers(0, MAX_LISTS))
    def pause_or_resume(self, index):
        upload, running, paused = self.pick(index), UploadStatus.RUNNING, UploadStatus.PAUSED
        if not transition_upload(upload.pk, paused, only_if={"status": running}):
            transition_upload(upload.pk, running, only_if={"status": paused})

    @rule(index=strategies.integers(0, MAX_LISTS), chance=strategies.integers(0, 20))
    def cancel(self, index, chance):
        """Cancel a list. This is rare, because a cancelled list tests little."""
        if chance == 13:
            pausing.cancel_upload(self.pick(index), self.staff)

    def pick(self, index):
        return self.uploads[index % len(self.uploads)]

    # Invariants

    @invariant()
    def every_answer_is_stored(self):
        stored = set(Item.objects.values_list("pk", "request_id"))
        stored |= set(EarlierAnswer.objects.values_list("item", "request_id"))
        unmatched = [delivery.text for delivery in UnmatchedDelivery.objects.all()]
        for _, key, request_id, _ in self.delivered:
            assert (key, request_id) in stored or any(f'"{request_id}"' in text for text in unmatched)

    @invariant()
    def closed_batches_count_their_items(self):
        names = ["matched", "no_match", "error", "missing"]
        for batch in Batch.objects.filter(status=BatchStatus.CLOSED):
            found = Counter(dict(batch.items.order_by().values_list("outcome").annotate(Count("pk"))))
            assert [getattr(batch, name) for name in names] == [found[name] for name in names]
            assert batch.size - batch.moved == found.total()

    @invariant()
    def pending_people_are_in_an_open_batch_or_in_none(self):
        waiting = Item.objects.filter(outcome=Outcome.PENDING).exclude(batch=None)
        waiting = waiting.exclude(upload__status=UploadStatus.CANCELLED, batch__status=BatchStatus.CANCELLED)
        assert not waiting.exclude(batch__status__in=BATCH_OPEN).exists()

    @invariant()
    def complete_lists_have_nothing_open(self):
        complete = Item.objects.filter(upload__status=UploadStatus.COMPLETE)
        assert not complete.filter(outcome=Outcome.PENDING).exists()
        assert not Batch.objects.filter(upload__status=UploadStatus.COMPLETE, status__in=BATCH_OPEN).exists()

    # Completion

    def allowing_resends(self):
        return Allowance(self)

    def run_to_completion(self):
        """Check that every list ends once the vendor works and staff decide."""
        over = [UploadStatus.COMPLETE, UploadStatus.CANCELLED]
        for _ in range(30):
            self.unblock_sending()
            for upload in self.uploads:
                transition_upload(upload.pk, UploadStatus.RUNNING, only_if={"status": UploadStatus.PAUSED})
            self.sweep(timedelta(days=2))
            for batch in Batch.objects.needing_decision():
                closing.close_manually(batch, self.staff)
            for batch_id in dispatch.choose_batches(timezone.now() + timedelta(days=2)):
                self.submit(batch_id, "accepted")
            self.deliver_all("matched")
            self.tick(timedelta(days=2))
            if (
                not Upload.objects.exclude(status__in=over).exists()
                and not Batch.objects.filter(status__in=BATCH_OPEN).exists()
            ):
                return self.complete_lists_have_nothing_open()
        raise AssertionError(
            f"stuck: {list(Batch.objects.filter(status__in=BATCH_OPEN).values_list('status', 'attempts', 'size'))}"
        )


class Allowance:
    """Allow people to be paid for once more if their batch was unconfirmed and is resent within the block."""

    def __init__(self, orders):
        self.orders = orders

    def __enter__(self):
        self.unconfirmed = list(Batch.objects.filter(status=BatchStatus.UNCONFIRMED).values_list("pk", flat=True))

    def __exit__(self, *_):
        again = Item.objects.filter(batch__in=self.unconfirmed, batch__status=BatchStatus.PLANNED)
        self.orders.allowed.update(again.filter(outcome=Outcome.PENDING).values_list("pk", flat=True))


@pytest.mark.django_db
@pytest.mark.parametrize("policy", ["ask", "resend"])
def test_any_order_of_events_ends_well(settings, django_user_model, policy):
    settings.UNCONFIRMED_POLICY = policy
    settings.REALESTATEAPI_URL = "https://vendor.example"
    TracingMachine.staff = django_user_model.objects.create_user("alice")
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_state_machine_as_test(
        TracingMachine,
        settings=hypothesis_settings(
            max_examples=EXAMPLES, stateful_step_count=30, deadline=None, suppress_health_check=checks
        ),
    )
