"""Calls to the vendor, the people in them, and what came back for each."""

import secrets
from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Exists, Max, OuterRef, Q
from django.urls import reverse

from batches.models.events import Event
from batches.models.uploads import Upload
from batches.statuses import (
    AT_VENDOR,
    BORROWED,
    COUNTED,
    GONE,
    NEEDING_A_PERSON,
    OPEN,
    RERUNNABLE,
    BatchKind,
    BatchStatus,
    MatchCheck,
    Outcome,
    OwnerKind,
    UploadStatus,
)

UNDIGESTED = {"digested_at": None, "digest_begun_at": None}
"""Of a batch or an upload: something changed since; whoever digests it just now is not done with it."""

NEVER_SENT = Q(attempts=0, again=False, status__in=[BatchStatus.PLANNED, *GONE])
"""Of batches: there may be thousands, and nobody in them can have been answered."""

UNDER_WAY = ~Q(status=BatchStatus.CLOSED) & ~NEVER_SENT
"""Of batches: not closed, and some of their people may have been answered. They are few."""

QUIET = timedelta(seconds=15)
"""After the completion call and so long without a result, the vendor has nothing more of a batch before it."""


def make_token():
    """Return a batch's secret in its callback addresses: 10 characters, 59 bits.

    It stands in every item of the request, up to 1,000 times, so it is short.
    """
    alphabet = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    return "".join(secrets.choice(alphabet) for _ in range(10))


class BatchQuerySet(models.QuerySet):
    def with_upload(self):
        return self.select_related("upload")

    def for_lists(self):
        return self.with_upload().defer("request_ids", "completion")

    def under_way(self):
        return self.filter(UNDER_WAY)

    def at_vendor(self):
        return self.filter(status__in=AT_VENDOR)

    def needing_a_person(self):
        return self.filter(status__in=NEEDING_A_PERSON)

    def heard_since(self, since):
        """Those for which answers may have come since then, late ones aside."""
        return self.filter(Q(status__in=AT_VENDOR) | Q(closed_at__gte=since))

    def with_resent(self):
        """Whether the policy has sent them again already, as `was_resent`."""
        by_policy = Event.objects.filter(batch=OuterRef("pk"), what=Event.SENT_AGAIN, user=None)
        return self.annotate(was_resent=Exists(by_policy))

    def worked_on(self, now):
        """Those that the vendor has before it: one lost call, or a batch that falls silent, holds up no other for long.

        Heard of within UNCONFIRMED_WAIT; once said to be complete, within QUIET.
        """
        since, lately = now - timedelta(seconds=settings.UNCONFIRMED_WAIT), now - QUIET
        answered = Item.objects.filter(batch=OuterRef("pk"))
        is_heard_of = Q(submitted_at__gt=since) | Q(acknowledged_at__gt=since)
        is_heard_of |= Exists(answered.filter(answered_at__gt=since))
        is_going_on = Q(completed_at=None) | Q(completed_at__gt=lately)
        is_going_on |= Exists(answered.filter(answered_at__gt=lately))
        return self.filter(is_heard_of, is_going_on, status__in=AT_VENDOR)

    def due(self, now):
        """Those that may be sent now, the upload that has had least first, urgent ones before all."""
        return self.filter(
            Q(next_try_at=None) | Q(next_try_at__lte=now),
            status=BatchStatus.PLANNED,
            upload__status=UploadStatus.RUNNING,
        )


class Batch(models.Model):
    """One call to the vendor: 10 to 1,000 items over the bulk endpoint, or one over the single endpoint."""

    upload = models.ForeignKey(Upload, models.CASCADE, verbose_name="list", related_name="batches")
    number = models.PositiveIntegerField(help_text="From 1, within the upload.")
    token = models.CharField(max_length=10, unique=True, default=make_token, editable=False)
    kind = models.CharField(max_length=6, choices=BatchKind, default=BatchKind.BULK)
    status = models.CharField(max_length=12, choices=BatchStatus, default=BatchStatus.PLANNED, db_index=True)
    size = models.PositiveIntegerField("people", help_text="Items in it.")
    again = models.BooleanField(default=False, help_text="Some of its people may have been sent before.")
    split_from = models.ForeignKey(
        "self",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="pieces",
        help_text="The refused batch that it is a part of, however often that was split since.",
    )
    attempts = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True)
    problem = models.TextField(blank=True)

    vendor_id = models.CharField(max_length=64, blank=True, db_index=True)
    receive_count = models.PositiveIntegerField(null=True, blank=True)
    request_ids = models.JSONField(default=dict, blank=True, help_text="Item → the vendor's own number for it.")
    submitted_at = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    first_result_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True, help_text="When the vendor's completion call came.")
    completion = models.TextField(blank=True, help_text="The completion call as it came.")
    vendor_processed = models.PositiveIntegerField(null=True, blank=True)
    vendor_matched = models.PositiveIntegerField(null=True, blank=True)
    vendor_errors = models.PositiveIntegerField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    duplicates = models.PositiveIntegerField(default=0, help_text="Deliveries that came again.")

    # Frozen when the batch closes; while it runs they are read from its items (batches/tracing/counts.py).
    matched = models.PositiveIntegerField(default=0)
    no_match = models.PositiveIntegerField(default=0)
    error = models.PositiveIntegerField(default=0)
    missing = models.PositiveIntegerField(default=0)
    moved = models.PositiveIntegerField(default=0, help_text="Items that went on to a later batch.")
    credits = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    # Counted up, not frozen.
    earlier_credits = models.DecimalField(
        max_digits=12, decimal_places=2, default=0, help_text="What answers have cost that were put aside."
    )

    # Of a closed batch, from the digests of its items (batches/results/digests.py).
    digested_at = models.DateTimeField(
        null=True, editable=False, help_text="When its answers were digested; empty while some are not."
    )
    digest_begun_at = models.DateTimeField(null=True, editable=False, help_text="Emptied when it is to begin anew.")
    phones = models.PositiveIntegerField(default=0)
    mobiles = models.PositiveIntegerField(default=0)
    usable_mobiles = models.PositiveIntegerField(default=0, help_text="Neither do-not-call nor disconnected.")
    same = models.PositiveIntegerField(default=0, help_text="Found under the name that was asked for.")
    perhaps = models.PositiveIntegerField(default=0)
    other = models.PositiveIntegerField(default=0, help_text="Found under somebody else's name.")
    cached = models.PositiveIntegerField(default=0, help_text="Matches that the vendor had at hand.")

    objects = BatchQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "batches"
        constraints = [models.UniqueConstraint(fields=["upload", "number"], name="batch_number_once_per_upload")]
        indexes = [
            models.Index(fields=["upload", "status"]),
            models.Index(fields=["submitted_at"]),
            # With all that is added up over a month, so that the rows themselves need not be read.
            models.Index(
                fields=["closed_at"], include=[*COUNTED, "credits", "earlier_credits"], name="batch_closed_at"
            ),
        ]

    def __str__(self):
        return f"{self.upload_id}-{self.number}"

    def get_absolute_url(self):
        return reverse("batch", args=[self.pk])

    @property
    def is_open(self):
        return self.status in OPEN

    @property
    def needs_a_person(self):
        return self.status in NEEDING_A_PERSON

    @property
    def to_be_decided_at(self):
        """Until when the first answer for an unconfirmed batch is waited for."""
        return self.submitted_at and self.submitted_at + timedelta(seconds=settings.UNCONFIRMED_WAIT)


class ItemQuerySet(models.QuerySet):
    def for_lists(self):
        deferred = ["cells", "answer", "batch__request_ids", "batch__completion", "digest__words", "digest__found"]
        return self.select_related("upload", "batch", "digest").defer(*deferred)

    def in_pages(self, size, fields):
        """Values of one upload's items, in the order of its rows, as lists of at most `size` tuples.

        Each page is a statement of its own that begins behind the last row: it is quick from the first on, holds no
        snapshot, and takes no memory for those that are past.
        """
        after = (0, 0)
        ordered = self.order_by("row_number", "owner_number")
        while True:
            is_behind = Q(row_number__gt=after[0]) | Q(row_number=after[0], owner_number__gt=after[1])
            # The first condition alone can be looked up in the index; the second is for the owners of one row.
            behind = ordered.filter(is_behind, row_number__gte=after[0])
            page = list(behind.values_list(*fields, "row_number", "owner_number")[:size])
            if page:
                yield [values[:-2] for values in page]
            if len(page) < size:
                return
            after = page[-1][-2:]

    def newest(self, count):
        """About so many of those that were stored last, the last first."""
        last = Item.objects.aggregate(last=Max("pk"))["last"] or 0
        return self.filter(pk__gt=last - count).order_by("-pk")

    def unplanned(self):
        return self.filter(outcome=Outcome.PENDING, batch=None)

    def answered_unplanned(self):
        """Who is done, and in no batch: the answer came after they had been taken out of theirs."""
        return self.filter(batch=None, outcome__in=COUNTED)

    def in_flight(self, now):
        """People whose answer the vendor is working on."""
        return self.filter(outcome=Outcome.PENDING, batch__in=Batch.objects.worked_on(now))


class Item(models.Model):
    """One person to trace, one row of an upload. Its primary key is the vendor's `key`.

    The fields from first_name to email are what is sent, in normal form; `cells` is the row as it was.
    """

    # 32 bits: the vendor's OpenAPI file declares `key` as int32.
    id = models.AutoField(primary_key=True)
    # Found by way of the constraint below.
    upload = models.ForeignKey(Upload, models.CASCADE, verbose_name="list", related_name="items", db_index=False)
    batch = models.ForeignKey(Batch, models.SET_NULL, null=True, blank=True, related_name="items", db_index=False)
    row_number = models.PositiveIntegerField("row", help_text="The row of the file, as a spreadsheet counts.")
    cells = models.JSONField(help_text="The row as it was.")
    fingerprint = models.CharField(
        max_length=32,
        blank=True,
        help_text="Same for rows of one person at one address; empty for rows that cannot be sent.",
    )
    # Of a duplicate the first of its list, of somebody traced before the item that has the answer. Neither constraint
    # nor index: it is only followed, and who asked first stays whatever becomes of its list.
    same_as = models.ForeignKey(
        "self", models.DO_NOTHING, null=True, blank=True, related_name="+", db_constraint=False, db_index=False
    )
    owner_number = models.PositiveSmallIntegerField(default=1, help_text="2 for the second owner that a row names.")
    owner_kind = models.CharField(max_length=10, choices=OwnerKind, default=OwnerKind.PERSON)

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
    message = models.TextField(blank=True, help_text="The vendor's words, or what is wrong with the row.")
    problem_columns = models.TextField(blank=True, help_text="The columns that are wrong.")
    retries = models.PositiveSmallIntegerField(default=0, help_text="How often it was planned again unanswered.")
    reruns = models.PositiveSmallIntegerField(default=0, help_text="How often a person had it asked for once more.")
    request_id = models.CharField(max_length=64, blank=True, help_text="The vendor's own number for the answer.")
    answer = models.TextField(blank=True, help_text="The vendor's answer as it came.")
    credits = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    # Neither constraint nor index: it is written with every answer, and looked up by way of `batch`.
    answered_via = models.ForeignKey(
        Batch,
        models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
        help_text="The batch whose address the answer came to.",
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
            # Few: answered after they had been taken out of their batch to be planned again.
            models.Index(
                fields=["upload"], condition=Q(batch=None, outcome__in=COUNTED), name="item_answered_unplanned"
            ),
        ]

    def __str__(self):
        return f"row {self.row_number}"

    def get_absolute_url(self):
        return reverse("item", args=[self.pk])

    @property
    def can_rerun(self):
        return self.outcome in RERUNNABLE and self.upload.can_rerun

    @property
    def source(self):
        """The item whose answer is this one's: its own, or that of whom it is the same as."""
        source = self
        while source.outcome in BORROWED and source.same_as:
            source = source.same_as
        return source

    @property
    def asked_name(self):
        return " ".join(filter(None, [self.first_name, self.middle_name, self.last_name]))

    @property
    def asked_address(self):
        """The property's address, or the mailing address where there is none, on one line."""
        prefix = "" if self.address or self.city else "mail_"
        street, unit, city, state, zip_code = (
            getattr(self, prefix + name) for name in ["address", "unit", "city", "state", "zip"]
        )
        return ", ".join(filter(None, [f"{street} {unit}".strip(), city, f"{state} {zip_code}".strip()]))


class Digest(models.Model):
    """What is worth finding, filtering and exporting of an item; made in the background when its batch closes.

    It holds nothing that the item does not say, and may be deleted: it is made again.
    """

    item = models.OneToOneField(Item, models.CASCADE, primary_key=True, related_name="digest")
    # On PostgreSQL with an index on the words (migration 0005).
    words = models.TextField(help_text="Words of names, addresses, phones and emails, asked for and found.")
    found = models.TextField(blank=True, help_text="Contact details, as batches/contacts.py keeps them.")
    answered_at = models.DateTimeField(null=True, help_text="Of the answer that it was made from.")
    match = models.CharField(max_length=7, choices=MatchCheck, blank=True)
    phones = models.PositiveSmallIntegerField(default=0)
    mobiles = models.PositiveSmallIntegerField(default=0)
    usable_mobiles = models.PositiveSmallIntegerField(default=0)
    do_not_call = models.PositiveSmallIntegerField(default=0)
    emails = models.PositiveSmallIntegerField(default=0)
    deceased = models.BooleanField(null=True)
    cached = models.BooleanField(default=False, help_text="A match that the vendor had at hand.")

    class Meta:
        # For those that are to be forgotten.
        indexes = [models.Index(fields=["answered_at"], condition=~Q(found=""), name="batches_digest_kept_since")]

    def __str__(self):
        return f"digest of item {self.item_id}"


class EarlierAnswer(models.Model):
    """An answer beside the one that counts, as it was: put aside, or come too late. It may have been paid for."""

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

    def __str__(self):
        return f"{self.get_outcome_display()}: {self.message}"
