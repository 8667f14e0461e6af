"""Nothing is lost, nothing is bought twice without a decision, and everything comes to an end.

That holds whatever the order of calls, acknowledgements, results, completions, sweeps and decisions.

Hypothesis plays vendor, clock, workers and staff in random orders; only the socket to the vendor is faked.
"""

import contextlib
import json
from collections import Counter
from datetime import timedelta

import pytest
import responses
from django.db import transaction
from django.db.models import Count
from django.utils import timezone
from hypothesis import HealthCheck, strategies
from hypothesis import settings as how_much
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from batches.models import Batch, EarlierAnswer, Hold, Item, Upload
from batches.statuses import ANSWERED, OPEN, BatchStatus, Outcome, UploadStatus
from batches.tracing import closing, decisions, dispatch, packing, pausing
from batches.tracing.lifecycle import move_upload
from tests.factories import answer_for
from webhooks.inbound import filing
from webhooks.models import Stray

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
EXAMPLES = how_much().max_examples * 2 // 5
"""Of each policy. A thousand take some minutes."""
FATES = ["taken", "taken", "short", "results first", "lost", "killed", *REPLIES]
LATER = strategies.sampled_from([timedelta(), timedelta(minutes=3), timedelta(hours=2), timedelta(days=2)])


class Killed(BaseException):
    """The worker ends in the middle of a call."""


class Orders(RuleBasedStateMachine):
    """Vendor, clock, workers and staff. What the vendor took and delivered is kept beside what the portal says."""

    def __init__(self):
        super().__init__()
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.under_way, self.delivered, self.addresses = [], [], []
        self.taken, self.allowed, self.calls, self.is_cancelled = Counter(), Counter(), 0, False

    def teardown(self):
        try:
            self.come_to_an_end()
            for outcome in (Outcome.ERROR, Outcome.MISSING):
                self.rerun(outcome)
                self.come_to_an_end()
            self.every_answer_is_stored()
            self.closed_batches_count_their_items()
        finally:
            transaction.set_rollback(True)
            self.transaction.__exit__(None, None, None)

    @initialize(size=strategies.sampled_from([5, 12, 25, 45]))
    def start_list(self, size):
        self.upload = Upload.objects.create(name="people", status=UploadStatus.RUNNING, row_count=size)
        people = [
            Item(
                upload=self.upload,
                row_number=n,
                cells=[],
                first_name="Ada",
                address=f"{n} Oak St",
                city="Herndon",
                state="VA",
            )
            for n in range(size)
        ]
        Item.objects.bulk_create(people)
        packing.plan_upload(self.upload.pk)

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
            self.take(skip["key"])
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
        self.take(item.pk)
        if fate == "killed":
            raise Killed
        return (500, {}, "{}") if fate == "lost" else (200, {}, answer_for(item))

    def take(self, key):
        self.taken[key] += 1
        allowed = 1 + self.allowed[key] + Item.objects.get(pk=key).retries
        assert self.taken[key] <= allowed, f"item {key} is bought {self.taken[key]} times, {allowed} are decided"

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
            filing.take(filing.Delivery(Stray.Kind.ITEM, token, body))
            self.check_filing(Item.objects.get(pk=key), request_id)

    def check_filing(self, item, request_id):
        """It is the item's answer, or a stray because the item has another one or is refused."""
        is_filed = item.request_id == request_id and request_id in item.answer
        assert is_filed or item.outcome in {*ANSWERED, Outcome.INVALID}

    @precondition(lambda self: self.delivered)
    @rule(index=strategies.integers(0, 200))
    def deliver_again(self, index):
        token, _, _, body = self.delivered[-1 - index % min(len(self.delivered), 10)]
        filing.take(filing.Delivery(Stray.Kind.ITEM, token, body))

    @precondition(lambda self: self.addresses)
    @rule(index=strategies.integers(0, 50))
    def complete(self, index):
        token, vendor_id = self.addresses[index % len(self.addresses)]
        filing.take(filing.Delivery(Stray.Kind.COMPLETION, token, json.dumps({"batchId": vendor_id}).encode()))

    @precondition(lambda self: self.under_way)
    @rule(index=strategies.integers(0, 200))
    def forget(self, index):
        """The vendor never delivers it."""
        self.under_way.pop(index % len(self.under_way))

    # The clock

    @rule(later=LATER)
    def tick(self, later):
        now = timezone.now() + later
        closing.adopt_answered(now)
        closing.note_first_results(now)
        for batch_id in closing.list_closable(now):
            closing.close_batch(batch_id)
        closing.complete_uploads(now)

    @rule(later=LATER)
    def sweep(self, later):
        now = timezone.now() + later
        decisions.find_lost_calls(now)
        with self.may_be_bought_again():
            decisions.resend_by_policy(now)
        pausing.cancel_leftovers(now)
        for upload_id in packing.list_unplanned():
            packing.plan_upload(upload_id)

    # Staff

    @rule(index=strategies.integers(0, 20), way=strategies.sampled_from(["send again", "give up", "one by one"]))
    def decide(self, index, way):
        troubled = list(Batch.objects.needing_a_person().order_by("pk"))
        if troubled:
            batch = troubled[index % len(troubled)]
            if way == "give up":
                closing.give_up(batch, self.staff)
            elif way == "one by one" and batch.status == BatchStatus.REFUSED:
                decisions.send_singly(batch, self.staff)
            else:
                with self.may_be_bought_again():
                    decisions.send_again(batch, self.staff)

    @rule(outcome=strategies.sampled_from([Outcome.MISSING, Outcome.ERROR]))
    def rerun(self, outcome):
        before = set(Item.objects.filter(outcome=outcome).values_list("pk", flat=True))
        decisions.rerun(Item.objects.filter(outcome=outcome), self.staff)
        self.allowed.update(before & set(Item.objects.filter(outcome=Outcome.PENDING).values_list("pk", flat=True)))

    @rule()
    def try_strays_again(self):
        for stray in Stray.objects.waiting():
            filing.try_again(stray, self.staff)

    @rule()
    def lift_holds(self):
        for hold in Hold.objects.in_force(timezone.now()):
            decisions.lift(hold, self.staff)

    @rule()
    def pause_or_resume(self):
        running, paused = UploadStatus.RUNNING, UploadStatus.PAUSED
        if not move_upload(self.upload.pk, paused, only_if={"status": running}):
            move_upload(self.upload.pk, running, only_if={"status": paused})

    @rule(luck=strategies.integers(0, 20))
    def cancel(self, luck):
        """Seldom: a list that is cancelled has nothing more to show."""
        if luck == 13:
            self.is_cancelled = pausing.cancel_upload(self.upload, self.staff) or self.is_cancelled

    # What always holds

    @invariant()
    def every_answer_is_stored(self):
        stored = set(Item.objects.values_list("pk", "request_id"))
        stored |= set(EarlierAnswer.objects.values_list("item", "request_id"))
        strays = [stray.text for stray in Stray.objects.all()]
        for _, key, request_id, _ in self.delivered:
            assert (key, request_id) in stored or any(f'"{request_id}"' in stray for stray in strays)

    @invariant()
    def closed_batches_count_their_items(self):
        names = ["matched", "no_match", "error", "missing"]
        for batch in Batch.objects.filter(status=BatchStatus.CLOSED):
            found = Counter(dict(batch.items.order_by().values_list("outcome").annotate(Count("pk"))))
            assert [getattr(batch, name) for name in names] == [found[name] for name in names]
            assert batch.size - batch.moved == found.total()

    @invariant()
    def who_is_waited_for_is_in_an_open_batch_or_in_none(self):
        waiting = Item.objects.filter(outcome=Outcome.PENDING).exclude(batch=None)
        if self.is_cancelled:
            waiting = waiting.exclude(batch__status=BatchStatus.CANCELLED)
        assert not waiting.exclude(batch__status__in=OPEN).exists()

    @invariant()
    def a_complete_list_waits_for_nothing(self):
        complete = Item.objects.filter(upload__status=UploadStatus.COMPLETE)
        assert not complete.filter(outcome=Outcome.PENDING).exists()
        assert not Batch.objects.filter(upload__status=UploadStatus.COMPLETE, status__in=OPEN).exists()

    # And the end

    def may_be_bought_again(self):
        return Allowance(self)

    def come_to_an_end(self):
        """Once the vendor keeps its promises and staff decide, the list is complete."""
        if not hasattr(self, "upload"):
            return
        for _ in range(30):
            self.lift_holds()
            move_upload(self.upload.pk, UploadStatus.RUNNING, only_if={"status": UploadStatus.PAUSED})
            self.sweep(timedelta(days=2))
            for batch in Batch.objects.needing_a_person():
                closing.give_up(batch, self.staff)
            for batch_id in dispatch.choose_batches(timezone.now() + timedelta(days=2)):
                self.submit(batch_id, "taken")
            self.deliver_all("matched")
            self.tick(timedelta(days=2))
            if Upload.objects.get(pk=self.upload.pk).status == UploadStatus.COMPLETE:
                return self.a_complete_list_waits_for_nothing()
            if self.is_cancelled and not Batch.objects.filter(status__in=OPEN).exists():
                return None
        raise AssertionError(
            f"stuck: {list(Batch.objects.filter(status__in=OPEN).values_list('status', 'attempts', 'size'))}"
        )


class Allowance:
    """Whoever is in a batch that is unconfirmed now and to be sent again then may be bought once more."""

    def __init__(self, orders):
        self.orders = orders

    def __enter__(self):
        self.unconfirmed = list(Batch.objects.filter(status=BatchStatus.UNCONFIRMED).values_list("pk", flat=True))

    def __exit__(self, *_):
        again = Item.objects.filter(batch__in=self.unconfirmed, batch__status=BatchStatus.PLANNED)
        self.orders.allowed.update(again.filter(outcome=Outcome.PENDING).values_list("pk", flat=True))


@pytest.mark.django_db
@pytest.mark.parametrize("policy", ["ask", "resend"])
def test_any_order_comes_to_a_good_end(settings, django_user_model, policy):
    settings.UNCONFIRMED_POLICY = policy
    settings.REALESTATEAPI_URL = "https://vendor.example"
    Orders.staff = django_user_model.objects.create_user("alice")
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_state_machine_as_test(
        Orders,
        settings=how_much(max_examples=EXAMPLES, stateful_step_count=30, deadline=None, suppress_health_check=checks),
    )
