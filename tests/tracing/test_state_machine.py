"""No answer is lost, nobody is paid for twice without a decision, and every list ends.

This holds for any order of calls, acknowledgements, results, completion calls, sweeps and decisions, over accounts that
come and go. Hypothesis acts as vendor, clock, workers and staff in random orders. Only the connection to the vendor is
simulated.
"""

import contextlib
import json
from collections import Counter
from datetime import timedelta
from typing import NamedTuple

import pytest
import responses
from django.db import transaction
from django.db.models import Q
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

from accounts.models import Team
from batches.models import Batch, EarlierAnswer, Item, SendingBlock, Upload
from batches.statuses import BATCH_AT_VENDOR, BATCH_OPEN, OUTCOME_ANSWERED, BatchStatus, Outcome, UploadStatus
from batches.tracing import closing, decisions, dispatch, overlaps, packing, pausing, vendor_accounts
from batches.tracing.lifecycle import transition_upload
from tests.factories import answer_for
from webhooks.inbound import filing
from webhooks.models import DeliveryKind, UnmatchedDelivery

BATCH_URL = "https://vendor.example/v1/SkipTraceBatch"
SINGLE_URL = "https://vendor.example/v1/SkipTrace"
REFUSALS = {
    "busy": (429, {"message": "Too many requests"}),
    "daily limit": (429, {"message": "You have reached your daily credit limit"}),
    "wrong key": (401, {"error": "Invalid API key"}),
    "server error": (500, {}),
    "unavailable": (503, {}),
    "refused": (400, {"message": "Something is wrong"}),
    "person refused by name": (400, {"message": '"[0].zip" must be digits'}),
}
"""Replies with which the vendor accepts nothing, by name: a status and a body."""
LIST_SIZES = strategies.sampled_from([5, 12, 25, 45])
MAX_LISTS = 3
FIRST_ID = 10_000
"""Id of the first item: in a young database, keys and ids are the same."""
INDEXES = strategies.integers(0, 200)
"""Numbers that choose from sequences of any length, by their remainders."""
SHORTAGE = 7
"""People of a batch whom the vendor does not accept in a call that it accepts only in part."""
EXAMPLES = hypothesis_settings().max_examples * 2 // 5
"""Number of examples for each policy. A thousand take several minutes."""
FATES = ["accepted", "accepted", "partly accepted", "results first", "reply lost", "worker killed", *REFUSALS]
"""What may happen to a call to the vendor. "accepted" is twice as likely as the others."""
RARELY = strategies.sampled_from([False] * 20 + [True])
DELAYS = strategies.sampled_from([timedelta(), timedelta(minutes=3), timedelta(hours=2), timedelta(days=2)])


class Killed(BaseException):
    """The worker is killed during a call."""


class Answer(NamedTuple):
    """An answer to a person in a batch, which the vendor has delivered."""

    token: str
    item_id: int
    request_id: str
    body: bytes
    api_key: str


class TracingMachine(RuleBasedStateMachine):
    """Act as vendor, clock, workers and staff, and compare what the vendor did with our records."""

    def __init__(self):
        super().__init__()
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.uploads = []
        self.call_count = 0
        self.next_id = FIRST_ID
        # Answers that the vendor has yet to deliver:
        # (token, vendor's id of the batch, key of the item, its id, API key of the batch).
        self.under_way = []
        self.delivered = []
        # Batches that the vendor has accepted: (token, vendor's id of the batch, API key).
        self.accepted_batches = []
        # Token → API key that the batch was sent with.
        self.sent_with = {}
        # How often the vendor has accepted each item, and how often decisions allowed that again, by the item's id.
        self.accepted, self.allowed_again = Counter(), Counter()

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

    @initialize(size=LIST_SIZES)
    def start_list(self, size):
        upload = Upload.objects.create(name="people", status=UploadStatus.RUNNING, row_count=size, team=self.team)
        common = {"upload": upload, "cells": [], "first_name": "Ada", "address": "1 Oak St", "city": "Herndon"}
        common |= {"state": "VA"}
        Item.objects.bulk_create(
            Item(pk=self.next_id + number, row_number=number, fingerprint=str(number), **common)
            for number in range(size)
        )
        self.next_id += size
        packing.plan_upload(upload.pk)
        self.uploads.append(upload)

    @precondition(lambda self: len(self.uploads) < MAX_LISTS)
    @rule(size=LIST_SIZES)
    def start_overlapping_list(self, size):
        """Start a list with the same people as the others. The people of a shorter list are all in a longer one."""
        self.start_list(size)

    @rule(is_on=strategies.booleans())
    def switch_small_keys(self, is_on):
        """Have batches that are planned from now on use small keys, or ids."""
        self.settings.SMALL_KEYS = is_on

    @rule(which=strategies.lists(strategies.sampled_from([0, 1]), unique=True))
    def change_accounts(self, which):
        """Have the team's lists sent over these of the two accounts, or over the default account."""
        self.team.vendor_accounts.set(self.accounts[number] for number in which)

    @rule(number=strategies.sampled_from([0, 1]))
    def retire_or_reinstate(self, number):
        if not vendor_accounts.retire(self.accounts[number], self.staff):
            vendor_accounts.reinstate(self.accounts[number], self.staff)

    # The vendor

    @rule(fate=strategies.sampled_from(FATES))
    def send(self, fate):
        for batch_id in dispatch.choose_batches(timezone.now() + timedelta(hours=1))[:1]:
            self.submit(batch_id, fate)

    def submit(self, batch_id, fate):
        with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
            mock.add_callback("POST", BATCH_URL, lambda request: self.reply(request, fate))
            mock.add_callback("POST", SINGLE_URL, lambda request: self.reply_single(batch_id, fate))
            with contextlib.suppress(Killed):
                dispatch.submit_batch(batch_id)

    def reply(self, request, fate):
        if fate in REFUSALS:
            status, body = REFUSALS[fate]
            return status, {}, json.dumps(body)
        self.call_count += 1
        body, vendor_id = json.loads(request.body), f"vendor-{self.call_count}"
        token = body["webcomplete_url"].rstrip("/").rsplit("/", 1)[1]
        skips = body["skips"]
        if fate == "partly accepted":
            skips = skips[: max(len(skips) - SHORTAGE, 1)]
        api_key = request.headers["x-api-key"]
        assert self.sent_with.setdefault(token, api_key) == api_key, "A batch was sent over two accounts."
        self.accepted_batches.append((token, vendor_id, api_key))
        batch = Batch.objects.get(token=token)
        for skip in skips:
            item_id = batch.key_base + skip["key"]
            assert batch.items.filter(pk=item_id, outcome=Outcome.PENDING).exists()
            self.accept(item_id)
            self.under_way.append((token, vendor_id, skip["key"], item_id, api_key))
        if fate == "results first":
            for _ in range(3):
                self.deliver_one(len(self.under_way) - 1, "matched")
        if fate == "worker killed":
            raise Killed
        if fate == "reply lost":
            return 500, {}, "{}"
        ids = [{"key": skip["key"], "batchRequestId": "r"} for skip in skips]
        return 200, {}, json.dumps({"batchId": vendor_id, "receiveCount": len(skips), "batchRequestIds": ids})

    def reply_single(self, batch_id, fate):
        if fate in REFUSALS:
            status, body = REFUSALS[fate]
            return status, {}, json.dumps(body)
        item = Item.objects.get(batch=batch_id)
        self.accept(item.pk)
        if fate == "worker killed":
            raise Killed
        if fate == "reply lost":
            return 500, {}, "{}"
        return 200, {}, answer_for(item)

    def accept(self, item_id):
        """Count an item as accepted. Check that this was allowed, and that no other list has or awaits its answer."""
        self.accepted[item_id] += 1
        item = Item.objects.get(pk=item_id)
        allowed = 1 + self.allowed_again[item_id] + item.retries
        assert self.accepted[item_id] <= allowed, (
            f"item {item_id} was paid for {self.accepted[item_id]} times, but only {allowed} times were allowed"
        )
        in_other_lists = Item.objects.filter(fingerprint=item.fingerprint).exclude(upload=item.upload)
        is_answered = Q(outcome__in=[Outcome.MATCHED, Outcome.NO_MATCH])
        is_awaited = Q(outcome=Outcome.PENDING, batch__status__in=BATCH_AT_VENDOR)
        assert not in_other_lists.filter(is_answered | is_awaited).exists()

    @rule(index=INDEXES, outcome=strategies.sampled_from(["matched", "no_match", "error"]))
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
            token, vendor_id, key, item_id, api_key = self.under_way.pop(index % len(self.under_way))
            request_id = f"{vendor_id}-{key}"
            body = answer_for(Item(pk=key), outcome, batchId=vendor_id, batchRequestId=request_id)
            self.delivered.append(Answer(token, item_id, request_id, body, api_key))
            self.file(DeliveryKind.ITEM, token, body, api_key)
            self.check_filed(Item.objects.get(pk=item_id), request_id)

    def file(self, kind, token, body, api_key):
        """File a delivery with this key. Check that the key is accepted, and that those of other accounts are not."""
        for other_key, senders in self.senders.items():
            delivery = filing.Delivery(kind, token, body, senders)
            if other_key != api_key:
                assert filing.file_delivery(delivery) == filing.Fate.REFUSED
        delivery = filing.Delivery(kind, token, body, self.senders[api_key])
        assert filing.file_delivery(delivery) in {filing.Fate.FILED, filing.Fate.DUPLICATE, filing.Fate.UNMATCHED}

    def check_filed(self, item, request_id):
        """Check that an answer was filed with its item, unless the item has another answer or was refused or reused."""
        is_filed = item.request_id == request_id and request_id in item.answer
        assert is_filed or item.outcome in {*OUTCOME_ANSWERED, Outcome.INVALID, Outcome.REUSED}

    @precondition(lambda self: self.delivered)
    @rule(index=INDEXES)
    def deliver_again(self, index):
        """Deliver one of the last ten answers again."""
        recent = self.delivered[-10:]
        answer = recent[index % len(recent)]
        self.file(DeliveryKind.ITEM, answer.token, answer.body, answer.api_key)

    @precondition(lambda self: self.accepted_batches)
    @rule(index=INDEXES)
    def deliver_completion(self, index):
        token, vendor_id, api_key = self.accepted_batches[index % len(self.accepted_batches)]
        self.file(DeliveryKind.COMPLETION, token, json.dumps({"batchId": vendor_id}).encode(), api_key)

    @precondition(lambda self: self.under_way)
    @rule(index=INDEXES)
    def drop_answer(self, index):
        """Drop an answer, as if the vendor never delivered it."""
        self.under_way.pop(index % len(self.under_way))

    # The clock

    @rule(delay=DELAYS)
    def tick(self, delay):
        now = timezone.now() + delay
        closing.adopt_answered(now)
        closing.record_first_results(now)
        for batch_id in closing.list_closable(now):
            closing.close_batch(batch_id)
        overlaps.resolve_waiting(now)
        closing.complete_uploads(now)

    @rule(delay=DELAYS)
    def sweep(self, delay):
        now = timezone.now() + delay
        decisions.mark_lost_calls(now)
        with self.allowing_resends():
            decisions.resend_by_policy(now)
        pausing.cancel_leftovers(now)
        for upload_id in packing.list_unplanned_uploads():
            packing.plan_upload(upload_id)

    # Staff

    @rule(index=INDEXES, action=strategies.sampled_from(["send again", "close", "send one by one"]))
    def decide(self, index, action):
        undecided = list(Batch.objects.needing_decision().order_by("pk"))
        if undecided:
            batch = undecided[index % len(undecided)]
            if action == "close":
                closing.close_manually(batch, self.staff)
            elif action == "send one by one" and batch.status == BatchStatus.REFUSED:
                decisions.send_singly(batch, self.staff)
            else:
                with self.allowing_resends():
                    decisions.resend(batch, self.staff)

    @rule(outcome=strategies.sampled_from([Outcome.MISSING, Outcome.ERROR]))
    def rerun(self, outcome):
        candidates = set(Item.objects.filter(outcome=outcome).values_list("pk", flat=True))
        decisions.rerun(Item.objects.filter(outcome=outcome), self.staff)
        pending = set(Item.objects.filter(outcome=Outcome.PENDING).values_list("pk", flat=True))
        self.allowed_again.update(candidates & pending)

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
        upload = self.pick_list(index)
        if not transition_upload(upload.pk, UploadStatus.PAUSED, only_if={"status": UploadStatus.RUNNING}):
            transition_upload(upload.pk, UploadStatus.RUNNING, only_if={"status": UploadStatus.PAUSED})

    @rule(index=strategies.integers(0, MAX_LISTS), is_due=RARELY)
    def cancel(self, index, is_due):
        """Cancel a list. This is rare, because a cancelled list tests little."""
        if is_due:
            pausing.cancel_upload(self.pick_list(index), self.staff)

    def pick_list(self, index):
        return self.uploads[index % len(self.uploads)]

    # Invariants

    @invariant()
    def every_answer_is_stored(self):
        stored = set(Item.objects.values_list("pk", "request_id"))
        stored |= set(EarlierAnswer.objects.values_list("item", "request_id"))
        unmatched = [delivery.text for delivery in UnmatchedDelivery.objects.all()]
        for answer in self.delivered:
            is_unmatched = any(f'"{answer.request_id}"' in text for text in unmatched)
            assert (answer.item_id, answer.request_id) in stored or is_unmatched

    @invariant()
    def closed_batches_count_their_items(self):
        names = ["matched", "no_match", "error", "missing"]
        for batch in Batch.objects.filter(status=BatchStatus.CLOSED):
            outcomes = Counter(batch.items.values_list("outcome", flat=True))
            assert [getattr(batch, name) for name in names] == [outcomes[name] for name in names]
            assert batch.size - batch.moved == outcomes.total()

    @invariant()
    def pending_people_are_in_an_open_batch_or_in_none(self):
        pending = Item.objects.filter(outcome=Outcome.PENDING).exclude(batch=None)
        pending = pending.exclude(upload__status=UploadStatus.CANCELLED, batch__status=BatchStatus.CANCELLED)
        assert not pending.exclude(batch__status__in=BATCH_OPEN).exists()

    @invariant()
    def complete_lists_have_nothing_open(self):
        complete = Item.objects.filter(upload__status=UploadStatus.COMPLETE)
        assert not complete.filter(outcome=Outcome.PENDING).exists()
        assert not Batch.objects.filter(upload__status=UploadStatus.COMPLETE, status__in=BATCH_OPEN).exists()

    # Completion

    def allowing_resends(self):
        return ResendAllowance(self)

    def run_to_completion(self):
        """Check that every list ends once the vendor works and staff decide."""
        final = [UploadStatus.COMPLETE, UploadStatus.CANCELLED]
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
            running_lists = Upload.objects.exclude(status__in=final)
            open_batches = Batch.objects.filter(status__in=BATCH_OPEN)
            if not running_lists.exists() and not open_batches.exists():
                self.complete_lists_have_nothing_open()
                return
        raise AssertionError(f"stuck batches: {list(open_batches.values_list('status', 'attempts', 'size'))}")


class ResendAllowance:
    """A context in which unconfirmed batches may be resent: their people may then be paid for once more."""

    def __init__(self, machine):
        self.machine = machine

    def __enter__(self):
        self.unconfirmed = list(Batch.objects.filter(status=BatchStatus.UNCONFIRMED).values_list("pk", flat=True))

    def __exit__(self, *_):
        resent = Item.objects.filter(batch__in=self.unconfirmed, batch__status=BatchStatus.PLANNED)
        self.machine.allowed_again.update(resent.filter(outcome=Outcome.PENDING).values_list("pk", flat=True))


@pytest.mark.django_db
@pytest.mark.parametrize("policy", ["ask", "resend"])
def test_every_list_ends_without_losses_in_any_order_of_events(settings, django_user_model, make_account, policy):
    settings.UNCONFIRMED_POLICY = policy
    settings.REALESTATEAPI_URL = "https://vendor.example"
    TracingMachine.settings = settings
    TracingMachine.accounts = [make_account("first", "Herndon", items_in_flight=30), make_account("second")]
    TracingMachine.team = Team.objects.get(name="Herndon")
    keys = {account.key: account.pk for account in TracingMachine.accounts} | {settings.REALESTATEAPI_KEY: None}
    TracingMachine.senders = {key: frozenset([account]) for key, account in keys.items()}
    TracingMachine.staff = django_user_model.objects.create_superuser("alice")
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_state_machine_as_test(
        TracingMachine,
        settings=hypothesis_settings(
            max_examples=EXAMPLES, stateful_step_count=30, deadline=None, suppress_health_check=checks
        ),
    )
