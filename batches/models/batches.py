"""Batches, the people in them, and the vendor's answers."""

import secrets
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Self

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.db.models import Case, Exists, F, Max, OuterRef, Q, Subquery, When
from django.db.models.functions import Coalesce
from django.urls import reverse

from batches.models.events import Event
from batches.models.uploads import Upload, in_visible_list
from batches.models.vendor_accounts import VendorAccount
from batches.statuses import (
    BATCH_AT_VENDOR,
    BATCH_GONE,
    BATCH_NEEDS_DECISION,
    BATCH_OPEN,
    OUTCOME_ANSWERED,
    OUTCOME_BORROWED,
    OUTCOME_COUNTED,
    OUTCOME_RERUNNABLE,
    BatchKind,
    BatchStatus,
    Emptied,
    MatchCheck,
    OddCredits,
    Outcome,
    OwnerKind,
    UploadStatus,
)

NEEDS_DIGEST = {"digested_at": None, "digest_begun_at": None}
"""Field values that mark a batch or an upload to be digested again. A digest under way will not count as complete."""

WAS_NEVER_SENT = Q(attempts=0, may_hold_resent=False, status__in=[BatchStatus.PLANNED, *BATCH_GONE])
"""The condition for batches that were never sent.

There may be thousands of them, and none of their people can have an answer.
"""

IS_UNDER_WAY = ~Q(status=BatchStatus.CLOSED) & ~WAS_NEVER_SENT
"""The condition for open batches in which people may have an answer. There are few of them."""

IS_TO_BE_COUNTED = Q(status__in=[BatchStatus.CLOSED, *BATCH_GONE], received=None)
"""The condition for batches whose received answers have to be counted, or counted again."""

IS_ANSWERED_ELSEWHERE = Q(batch=None) | Q(batch__lt=F("answered_via")) | Q(batch__gt=F("answered_via"))
"""The condition for answered items whose answer came to the address of a batch that they are not in.

There are few of them.
"""

IS_IN_DOUBT = Q(status=BatchStatus.UNCONFIRMED, doubted_at__isnull=False)
"""The condition for batches that were open when the database was last in use, and still await a decision."""

QUIET_PERIOD = timedelta(seconds=15)
"""If a batch has had no results for this long after its completion call, the vendor is no longer working on it."""


def make_token() -> str:
    """Return the secret part of a batch's callback addresses: 10 characters, 58 bits.

    It is short because each item of the request carries it, up to 1,000 times.
    """
    alphabet = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    return "".join(secrets.choice(alphabet) for _ in range(10))


def unreadable_deliveries() -> models.QuerySet[Any]:
    """Return the outer query's deliveries that cannot be read, and so belong to no item."""
    deliveries = apps.get_model("webhooks", "UnmatchedDelivery").objects.waiting()
    is_since_doubt = Q(received_at__gte=Coalesce(OuterRef("doubted_at"), "received_at"))
    return deliveries.filter(is_since_doubt, token=OuterRef("token"), item=None)


def resends_by_policy() -> models.QuerySet[Event]:
    """Return the events by which the policy has resent the outer query's batch."""
    return Event.objects.filter(batch=OuterRef("pk"), what=Event.RESEND_REQUESTED, user=None)


class BatchQuerySet(models.QuerySet["Batch"]):
    def visible_to(self, user: User | None) -> Self:
        return self.filter(in_visible_list(user))

    def with_upload(self) -> Self:
        return self.select_related("upload")

    def for_tables(self) -> Self:
        return self.with_upload().defer("request_ids", "completion")

    def under_way(self) -> Self:
        return self.filter(IS_UNDER_WAY)

    def at_vendor(self) -> Self:
        return self.filter(status__in=BATCH_AT_VENDOR)

    def needing_decision(self) -> Self:
        return self.filter(status__in=BATCH_NEEDS_DECISION)

    def to_be_counted(self) -> Self:
        return self.filter(IS_TO_BE_COUNTED)

    def in_doubt(self) -> Self:
        return self.filter(IS_IN_DOUBT)

    def with_sign_of_life(self) -> Self:
        """Keep batches that the vendor evidently has: with an answer or a completion call, or without pending people.

        Once a batch has been put in doubt, only what has arrived since then counts: anything older proves nothing about
        a call that this database does not know of.
        """
        items = Item.objects.filter(batch=OuterRef("pk")).order_by()
        is_answered_since_doubt = Q(batch__doubted_at=None) | Q(answered_at__gte=F("batch__doubted_at"))
        answered = items.filter(is_answered_since_doubt, outcome__in=OUTCOME_ANSWERED, answered_via=OuterRef("pk"))
        is_delivered_since_doubt = Q(batch__doubted_at=None) | Q(
            unmatched_deliveries__received_at__gte=F("batch__doubted_at")
        )
        unfiled = items.filter(is_delivered_since_doubt, unmatched_deliveries__token=OuterRef("token"))
        is_completed_since_doubt = Q(doubted_at=None) | Q(completed_at__gte=F("doubted_at"))
        is_completed = Q(completed_at__isnull=False) & is_completed_since_doubt
        has_nobody_pending = Q(status=BatchStatus.UNCONFIRMED) & ~Exists(items.filter(outcome=Outcome.PENDING))
        return self.filter(
            is_completed | Exists(answered) | Exists(unfiled) | Exists(unreadable_deliveries()) | has_nobody_pending
        )

    def possibly_answered_since(self, since: datetime) -> Self:
        """Keep batches that may have received answers since this moment. Late answers are not considered."""
        return self.filter(Q(status__in=BATCH_AT_VENDOR) | Q(closed_at__gte=since))

    def annotate_resent(self) -> Self:
        """Annotate `was_resent`: whether the policy has already sent the batch again."""
        return self.annotate(was_resent=Exists(resends_by_policy()))

    def not_resent(self) -> Self:
        """Keep batches that the policy has not sent again yet."""
        return self.exclude(Exists(resends_by_policy()))

    def in_progress(self, now: datetime) -> Self:
        """Keep batches that the vendor is working on, as far as anyone can tell.

        These batches have shown a sign of life within UNCONFIRMED_WAIT or, after the completion call, within
        QUIET_PERIOD. Batches that fall silent are left out, so that a lost call delays other batches only briefly.
        Batches in doubt are left out too.
        """
        wait_began = now - timedelta(seconds=settings.UNCONFIRMED_WAIT)
        quiet_period_began = now - QUIET_PERIOD
        items = Item.objects.filter(batch=OuterRef("pk"))
        has_recent_answer = Q(Exists(items.filter(answered_at__gt=wait_began)))
        shows_life = Q(submitted_at__gt=wait_began) | Q(acknowledged_at__gt=wait_began) | has_recent_answer
        has_very_recent_answer = Q(Exists(items.filter(answered_at__gt=quiet_period_began)))
        is_going_on = Q(completed_at=None) | Q(completed_at__gt=quiet_period_began) | has_very_recent_answer
        return self.filter(~IS_IN_DOUBT, shows_life, is_going_on, status__in=BATCH_AT_VENDOR)

    def due(self, now: datetime) -> Self:
        """Keep planned batches of running lists that may be sent now."""
        return self.filter(
            Q(next_try_at=None) | Q(next_try_at__lte=now),
            Q(upload__waits_until=None) | Q(upload__waits_until__lte=now),
            status=BatchStatus.PLANNED,
            upload__status=UploadStatus.RUNNING,
        )


class Batch(models.Model):
    """One call to the vendor: 10 to 1,000 people over the bulk endpoint, or one person over the single endpoint."""

    was_resent: bool
    """Annotated by `BatchQuerySet.annotate_resent`."""
    upload = models.ForeignKey(Upload, models.CASCADE, verbose_name="list", related_name="batches")
    number = models.PositiveIntegerField(help_text="Counted from 1 within the list.")
    token = models.CharField(max_length=10, unique=True, default=make_token, editable=False)
    # Never changes: answers may come long after the batch was sent.
    key_base = models.BigIntegerField(
        default=0,
        db_default=0,
        editable=False,
        help_text="What has to be added to the vendor's key of a person to get their id.",
    )
    # Written when the batch is claimed for its first call, and never changed afterwards (`account_choice.has_account`).
    account = models.ForeignKey(
        VendorAccount,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="batches",
        db_index=False,
        db_constraint=False,
        help_text="The vendor account that it was sent over. Empty: the default account.",
    )
    kind = models.CharField(max_length=6, choices=BatchKind, default=BatchKind.BULK)
    status = models.CharField(max_length=12, choices=BatchStatus, default=BatchStatus.PLANNED, db_index=True)
    size = models.PositiveIntegerField("people", help_text="People in the batch.")
    # Like other fields with a `db_column`, it was renamed: raw SQL has to use the old name.
    may_hold_resent = models.BooleanField(
        default=False, db_column="again", help_text="Some people in it may have been sent before."
    )
    split_from = models.ForeignKey(
        "self",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="pieces",
        help_text="The refused batch that this is a part of, at the first split.",
    )
    attempts = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True)
    problem = models.TextField(blank=True)
    doubted_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="When it was found open after a backup was restored, or after a long outage.",
    )

    vendor_id = models.CharField(max_length=64, blank=True, db_index=True)
    receive_count = models.PositiveIntegerField(null=True, blank=True)
    request_ids = models.JSONField(default=dict, blank=True, help_text="Item → the vendor's request id.")
    submitted_at = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    first_result_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True, help_text="When the completion call arrived.")
    completion = models.TextField(blank=True, help_text="Body of the completion call, unchanged.")
    vendor_processed = models.PositiveIntegerField(null=True, blank=True)
    vendor_matched = models.PositiveIntegerField(null=True, blank=True)
    vendor_errors = models.PositiveIntegerField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    duplicates = models.PositiveIntegerField(default=0, help_text="Repeated deliveries.")
    lost_many = models.BooleanField(
        default=False, db_default=False, help_text="More people got no answer than are re-run automatically."
    )

    # Set when the batch closes. Until then, they are counted from its items (batches/tracing/counts.py).
    matched = models.PositiveIntegerField(default=0)
    no_match = models.PositiveIntegerField(default=0)
    error = models.PositiveIntegerField(default=0)
    missing = models.PositiveIntegerField(default=0)
    moved = models.PositiveIntegerField(default=0, help_text="People who moved on to another batch.")
    credits = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    # Grows whenever an answer is stored that does not count (batches/tracing/filing.py).
    earlier_credits = models.DecimalField(
        max_digits=12, decimal_places=2, default=0, help_text="Cost of the earlier answers."
    )

    # Set when the batch is digested, from the digests of its items (batches/results/digests.py).
    digested_at = models.DateTimeField(
        null=True, editable=False, help_text="When its answers were digested. Empty if some are not."
    )
    digest_begun_at = models.DateTimeField(null=True, editable=False, help_text="Empty if it has to start again.")
    phones = models.PositiveIntegerField(default=0)
    mobiles = models.PositiveIntegerField(default=0)
    usable_mobiles = models.PositiveIntegerField(default=0, help_text="Neither do-not-call nor disconnected.")
    match_same = models.PositiveIntegerField(db_column="same", default=0, help_text="Found under the name asked for.")
    match_perhaps = models.PositiveIntegerField(db_column="perhaps", default=0)
    match_other = models.PositiveIntegerField(db_column="other", default=0, help_text="Found under another name.")
    cached = models.PositiveIntegerField(
        default=0, help_text="Matches that the vendor answered from its cache, at no cost."
    )

    odd_credits = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Answers whose credits cannot be counted."
    )
    charged = models.PositiveIntegerField(default=0, db_default=0, help_text="Matches that the vendor charged for.")
    match_cost = models.DecimalField(
        max_digits=8,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="Median cost of the charged matches, in credits.",
    )

    # Answers that came to its callback address, whichever batch their people are in now (batches/tracing/receipts.py).
    received = models.PositiveIntegerField(
        null=True, editable=False, help_text="Answers that count. Empty until they are counted (again)."
    )
    received_matched = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    received_errors = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    second_answers = models.PositiveIntegerField(
        default=0, db_default=0, editable=False, help_text="Answers beyond the one that counts."
    )
    second_matched = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    unmatched_answers = models.PositiveIntegerField(
        db_column="stray_answers", default=0, db_default=0, editable=False, help_text="Answers that could not be filed."
    )
    unmatched_matches = models.PositiveIntegerField(db_column="stray_matched", default=0, db_default=0, editable=False)
    unmatched_credits = models.DecimalField(
        db_column="stray_credits",
        max_digits=12,
        decimal_places=2,
        default=0,
        db_default=0,
        editable=False,
        help_text="Cost stated in unmatched deliveries.",
    )

    objects = BatchQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "batches"
        constraints = [models.UniqueConstraint(fields=["upload", "number"], name="batch_number_once_per_upload")]
        indexes = [
            models.Index(fields=["upload", "status"]),
            models.Index(fields=["submitted_at"]),
            # Contains every column that a month's totals are summed from, so that the rows need not be read.
            models.Index(
                fields=["closed_at"], include=[*OUTCOME_COUNTED, "credits", "earlier_credits"], name="batch_closed_at"
            ),
            # Few rows: users are notified of them.
            models.Index(fields=["closed_at"], condition=Q(lost_many=True), name="batch_lost_many"),
            # For bodies of completion calls that are to be deleted.
            models.Index(fields=["completed_at"], condition=~Q(completion=""), name="batch_completion_kept_since"),
            # For IS_TO_BE_COUNTED, which every database recognises as implying this simpler condition.
            models.Index(fields=["id"], condition=Q(received=None), name="batch_to_be_counted"),
        ]

    def __str__(self) -> str:
        return f"{self.upload_id}-{self.number}"

    def get_absolute_url(self) -> str:
        return reverse("batch", args=[self.pk])

    @property
    def is_open(self) -> bool:
        return self.status in BATCH_OPEN

    @property
    def needs_decision(self) -> bool:
        return self.status in BATCH_NEEDS_DECISION

    @property
    def is_in_doubt(self) -> bool:
        return self.status == BatchStatus.UNCONFIRMED and self.doubted_at is not None

    @property
    def decision_due_at(self) -> datetime | None:
        """When a decision about the batch is due if it is unconfirmed and no answer has arrived by then."""
        return self.submitted_at and self.submitted_at + timedelta(seconds=settings.UNCONFIRMED_WAIT)


def find_result() -> Case:
    """Return the expression for the result of a person: that of the answer, if the answer comes from another list."""
    reused = Subquery(Item.objects.filter(pk=OuterRef("same_as")).values("outcome"))
    return Case(When(outcome=Outcome.REUSED, then=reused), default=F("outcome"))


class ItemQuerySet(models.QuerySet["Item"]):
    def visible_to(self, user: User | None) -> Self:
        return self.filter(in_visible_list(user))

    def for_tables(self) -> Self:
        deferred = [
            "cells",
            "answer",
            "batch__request_ids",
            "batch__completion",
            "digest__search_terms",
            "digest__found",
        ]
        return self.with_results().select_related("upload", "batch", "digest").defer(*deferred)

    def with_results(self) -> Self:
        """Annotate people with their result. A reused answer has the result of the list that it comes from.

        The result is looked up person by person. A join could make PostgreSQL read all people of all lists.
        """
        return self.annotate(result=find_result())

    def with_result(self, outcomes: Collection[str]) -> Self:
        """Keep people who have one of these outcomes, or a reused answer with one of them."""
        has_outcome = Q(outcome__in=outcomes)
        if not set(outcomes) & set(OUTCOME_ANSWERED):
            return self.filter(has_outcome)
        answers = self.alias(answer_outcome=find_result())
        return answers.filter(has_outcome | Q(outcome=Outcome.REUSED, answer_outcome__in=outcomes))

    def in_pages(self, size: int, fields: Sequence[str]) -> Iterator[list[tuple[Any, ...]]]:
        """Yield the values of one upload's items in row order, as lists of at most `size` tuples.

        Each page is a statement of its own that starts after the previous page's last row. So the first page comes as
        quickly as any other, no snapshot stays open, and past pages take no memory.
        """
        last_row, last_owner = 0, 0
        ordered = self.order_by("row_number", "owner_number")
        while True:
            is_after = Q(row_number__gt=last_row) | Q(row_number=last_row, owner_number__gt=last_owner)
            # The index serves only `row_number__gte`; `is_after` is needed between the two owners of a row.
            remaining = ordered.filter(is_after, row_number__gte=last_row)
            page = list(remaining.values_list(*fields, "row_number", "owner_number")[:size])
            if page:
                yield [values[: len(fields)] for values in page]
            if len(page) < size:
                return
            *_, last_row, last_owner = page[-1]

    def newest(self, count: int) -> Self:
        """Keep the items whose ids are among the `count` newest ids of all lists. The newest come first."""
        highest_id = Item.objects.aggregate(highest=Max("pk"))["highest"] or 0
        return self.filter(pk__gt=highest_id - count).order_by("-pk")

    def unplanned(self) -> Self:
        return self.filter(outcome=Outcome.PENDING, batch=None, same_as=None)

    def waiting(self) -> Self:
        """Keep people who wait for the answer to the same person in another list."""
        return self.filter(outcome=Outcome.PENDING, batch=None, same_as__isnull=False)

    def with_unmatched_delivery(self) -> Self:
        """Keep people for whom an unmatched delivery waits to be filed (`UnmatchedDelivery`, in the app webhooks)."""
        tokens = Batch.objects.filter(upload=OuterRef("upload")).values("token")
        return self.filter(unmatched_deliveries__status="waiting", unmatched_deliveries__token__in=tokens)

    def without_unmatched_delivery(self) -> Self:
        """Keep people for whom no unmatched delivery waits. The answers of the others have been paid for already."""
        return self.exclude(Exists(Item.objects.filter(pk=OuterRef("pk")).with_unmatched_delivery()))

    def answered_unplanned(self) -> Self:
        """Keep people who are done but in no batch: their answer came after they had left their batch."""
        return self.filter(batch=None, outcome__in=OUTCOME_COUNTED)

    def in_flight(self, now: datetime) -> Self:
        """Keep people whom the vendor is tracing, as far as anyone can tell."""
        return self.filter(outcome=Outcome.PENDING, batch__in=Batch.objects.in_progress(now))


class Item(models.Model):
    """One person to trace: one row of an upload, or its second owner.

    The fields from `first_name` to `email` hold the normalised values that are sent; `cells` holds the original row.
    """

    # No index of its own: the constraint below has one that starts with `upload`.
    upload = models.ForeignKey(Upload, models.CASCADE, verbose_name="list", related_name="items", db_index=False)
    batch = models.ForeignKey(Batch, models.SET_NULL, null=True, blank=True, related_name="items", db_index=False)
    row_number = models.PositiveIntegerField("row", help_text="Row number as a spreadsheet shows it.")
    cells = models.JSONField(help_text="The original row.")
    fingerprint = models.CharField(
        max_length=32,
        blank=True,
        help_text="Equal for rows about the same person at the same address. Empty if the row cannot be sent.",
    )
    # For a duplicate: the first item of its list with the same person. For a reused item: the item that has the answer.
    # For a pending item: the item of another list whose answer it waits for. No constraint, because the value
    # stays even if the other list is deleted, and no index, because queries by it also filter by list.
    same_as = models.ForeignKey(
        "self", models.DO_NOTHING, null=True, blank=True, related_name="+", db_constraint=False, db_index=False
    )
    owner_number = models.PositiveSmallIntegerField(default=1, help_text="2 for the second owner in a row.")
    owner_kind = models.CharField(max_length=10, choices=OwnerKind, default=OwnerKind.PERSON)
    owner_name = models.CharField(
        max_length=255,
        blank=True,
        default="",
        db_default="",
        help_text="The name of an owner that is not a person, as in the file. It is not sent.",
    )

    first_name = models.CharField(max_length=255, blank=True)
    middle_name = models.CharField(max_length=255, blank=True)
    last_name = models.CharField(max_length=255, blank=True)
    address = models.CharField(max_length=255, blank=True)
    unit = models.CharField(max_length=255, blank=True)
    city = models.CharField(max_length=255, blank=True)
    state = models.CharField(max_length=2, blank=True)
    zip = models.CharField(max_length=10, blank=True)
    mail_address = models.CharField(max_length=255, blank=True)
    mail_unit = models.CharField(max_length=255, blank=True)
    mail_city = models.CharField(max_length=255, blank=True)
    mail_state = models.CharField(max_length=2, blank=True)
    mail_zip = models.CharField(max_length=10, blank=True)
    phone = models.CharField(max_length=10, blank=True)
    email = models.CharField(max_length=255, blank=True)

    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.PENDING)
    message = models.TextField(blank=True, help_text="The vendor's message, or what is wrong with the row.")
    problem_columns = models.TextField(blank=True, help_text="Columns with a problem.")
    findings = models.TextField(
        blank=True,
        default="",
        db_default="",
        help_text="The row's problems or, if it has none, its warnings: field:kind, each with a space on both sides.",
    )
    retries = models.PositiveSmallIntegerField(
        default=0, help_text="How often it was replanned because no answer came."
    )
    reruns = models.PositiveSmallIntegerField(default=0, help_text="How often a user re-ran it.")
    request_id = models.CharField(max_length=64, blank=True, help_text="The vendor's request id of the answer.")
    answer = models.TextField(blank=True, help_text="Body of the vendor's answer, unchanged.")
    credits = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    # No constraint and no full index, because it is written with every answer. Queries use `batch` or the index below.
    answered_via = models.ForeignKey(
        Batch,
        models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
        help_text="The batch whose callback address received the answer.",
    )

    emptied = models.CharField(
        max_length=7,
        choices=Emptied,
        blank=True,
        default="",
        db_default="",
        help_text="Why the row and the fields asked for are empty. Such a person is never sent again.",
    )

    objects = ItemQuerySet.as_manager()

    class Meta:
        verbose_name = "person"
        verbose_name_plural = "people"
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["upload", "row_number", "owner_number"], name="item_once_per_row_and_owner")
        ]
        indexes = [
            models.Index(fields=["batch", "outcome"]),
            models.Index(fields=["upload", "outcome"]),
            models.Index(fields=["fingerprint"]),
            # Few rows: people who were answered after they had been taken out of their batch to be replanned.
            models.Index(
                fields=["upload"], condition=Q(batch=None, outcome__in=OUTCOME_COUNTED), name="item_answered_unplanned"
            ),
            # Few rows: people who wait for the answer to the same person in another list.
            models.Index(
                fields=["upload"],
                condition=Q(outcome=Outcome.PENDING, batch=None, same_as__isnull=False),
                name="item_waiting",
            ),
            models.Index(
                fields=["answered_via"],
                condition=IS_ANSWERED_ELSEWHERE & Q(answered_via__isnull=False),
                name="item_answered_elsewhere",
            ),
            # For answers that are to be purged.
            models.Index(fields=["answered_at"], condition=~Q(answer=""), name="item_answer_kept_since"),
            # For the rows with a problem or a warning, in the order of the file.
            models.Index(fields=["upload", "row_number"], condition=~Q(findings=""), name="item_with_findings"),
            # Few rows: an answer came although the person had been erased.
            models.Index(
                fields=["answered_at"], condition=Q(emptied=Emptied.ERASED) & ~Q(answer=""), name="item_erased_answered"
            ),
        ]

    def __str__(self) -> str:
        return f"row {self.row_number}"

    def get_absolute_url(self) -> str:
        return reverse("item", args=[self.pk])

    @property
    def can_rerun(self) -> bool:
        return self.outcome in OUTCOME_RERUNNABLE and not self.emptied and self.upload.can_rerun

    @property
    def answer_item(self) -> "Item":
        """The item that holds this person's answer: the item itself or, for a duplicate or a reused item, another."""
        item = self
        while item.outcome in OUTCOME_BORROWED and item.same_as:
            item = item.same_as
        return item

    @property
    def shown_outcome(self) -> Outcome:
        """The outcome that pages show. For a reused answer, it is that of the list that the answer comes from."""
        return Outcome(self.answer_item.outcome if self.outcome == Outcome.REUSED else self.outcome)

    @property
    def name_parts(self) -> tuple[str, str, str]:
        """The first, middle and last name of the person asked for."""
        return self.first_name, self.middle_name, self.last_name

    @property
    def asked_name(self) -> str:
        """The name of the person asked for, as it is sent."""
        return " ".join(filter(None, self.name_parts))

    def find_same_person_ids(self) -> dict[int, list[int]]:
        """Return list id → ids of the items about this person, in all lists."""
        is_same = Q(fingerprint=self.fingerprint) if self.fingerprint else Q(pk=self.pk)
        ids: defaultdict[int, list[int]] = defaultdict(list)
        for upload_id, pk in Item.objects.filter(is_same).values_list("upload_id", "pk"):
            ids[upload_id].append(pk)
        return dict(ids)

    @property
    def shown_name(self) -> str:
        """The name that pages show: a company's as it is in the file, otherwise that of the person asked for."""
        if self.emptied:
            return f"({self.get_emptied_display().split()[0].lower()})"
        return self.owner_name or self.asked_name or "(no name)"

    @property
    def shown_message(self) -> str:
        """The message as pages show it. The vendor's words for an error are explained: it may say “Successful”."""
        if self.outcome != Outcome.ERROR:
            return self.message
        said = f" It said: “{self.message.rstrip('.')}”." if self.message else ""
        return f"The vendor failed on this person.{said} Re-running may help."

    @property
    def owner_tag(self) -> str:
        """The kind of an owner that is not a person, in lower case. Empty for people."""
        return "" if self.owner_kind == OwnerKind.PERSON else OwnerKind(self.owner_kind).label.lower()

    @property
    def asked_address(self) -> str:
        """The property's address on one line, or the mailing address if there is none."""
        has_property_address = self.address or self.city
        prefix = "" if has_property_address else "mail_"
        street, unit, city, state, zip_code = (
            getattr(self, prefix + name) for name in ["address", "unit", "city", "state", "zip"]
        )
        return ", ".join(filter(None, [f"{street} {unit}".strip(), city, f"{state} {zip_code}".strip()]))


class Digest(models.Model):
    """The parts of an item that are worth searching, filtering and exporting, stored when its batch closes.

    All of it is computed from the item, so a deleted digest can be made again.
    """

    item = models.OneToOneField(Item, models.CASCADE, primary_key=True, related_name="digest")
    # PostgreSQL has a GIN index on the terms (migration 0005), which names the column `words`.
    search_terms = models.TextField(
        db_column="words", help_text="Search terms of names, addresses, phones and emails: asked for and found."
    )
    found = models.TextField(blank=True, help_text="Contact details as JSON (batches/people/contacts.py).")
    answered_at = models.DateTimeField(null=True, help_text="When the digested answer arrived.")
    match = models.CharField(max_length=7, choices=MatchCheck, blank=True)
    phones = models.PositiveSmallIntegerField(default=0)
    mobiles = models.PositiveSmallIntegerField(default=0)
    usable_mobiles = models.PositiveSmallIntegerField(default=0)
    do_not_call = models.PositiveSmallIntegerField(default=0)
    emails = models.PositiveSmallIntegerField(default=0)
    deceased = models.BooleanField(null=True)
    cached = models.BooleanField(default=False, help_text="The vendor answered from its cache.")
    odd_credits = models.CharField(
        max_length=10,
        choices=OddCredits,
        blank=True,
        default="",
        db_default="",
        help_text="Why the credits are not counted.",
    )

    class Meta:
        # For details that are to be purged.
        indexes = [models.Index(fields=["answered_at"], condition=~Q(found=""), name="batches_digest_kept_since")]

    def __str__(self) -> str:
        return f"digest of item {self.item_id}"


class EarlierAnswer(models.Model):
    """An answer that was replaced by a re-run or came too late. It is kept because it may have been paid for."""

    item = models.ForeignKey(Item, models.CASCADE, verbose_name="person", related_name="earlier_answers")
    batch = models.ForeignKey(Batch, models.SET_NULL, null=True, related_name="earlier_answers")
    outcome = models.CharField(max_length=10, choices=Outcome)
    message = models.TextField(blank=True)
    request_id = models.CharField(max_length=64, blank=True, db_index=True)
    answer = models.TextField(blank=True)
    credits = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)
    answered_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        # For answers that are to be purged.
        indexes = [models.Index(fields=["answered_at"], condition=~Q(answer=""), name="earlier_answer_kept_since")]

    def __str__(self) -> str:
        return f"{self.get_outcome_display()}: {self.message}"
