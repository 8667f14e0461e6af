"""Lists as users gave them to us, how their columns are read, and files of corrected rows."""

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone

from batches.statuses import (
    EDITABLE,
    NEXT_STEP,
    STARTED,
    UNSENT,
    WAITING_FOR_A_PERSON,
    Companies,
    ContinuationStatus,
    NameOrder,
    Priority,
    UploadStatus,
)

LOOK_BACK = 90
"""Days: how long an answer counts for another list, unless told."""


class UploadQuerySet(models.QuerySet):
    def with_creator(self):
        return self.select_related("created_by")

    def sources(self):
        """List the sources that lists were given, the most used first."""
        named = self.exclude(source="").order_by().values_list("source")
        return [source for source, _ in named.annotate(lists=models.Count("pk")).order_by("-lists", "source")[:50]]

    def active(self):
        return self.filter(status__in=[UploadStatus.CHECKING, UploadStatus.RUNNING, UploadStatus.PAUSED])

    def waiting_for_a_person(self):
        return self.filter(status__in=WAITING_FOR_A_PERSON)

    def finished(self):
        return self.filter(status__in=[UploadStatus.COMPLETE, UploadStatus.CANCELLED])


class Upload(models.Model):
    """A file of people that a user gave us, with how its columns are read and how it is to be traced."""

    name = models.CharField(max_length=200)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="uploads")
    created_at = models.DateTimeField(auto_now_add=True)
    status = models.CharField(max_length=12, choices=UploadStatus, default=UploadStatus.DRAFT, db_index=True)
    priority = models.PositiveSmallIntegerField(choices=Priority, default=Priority.NORMAL)
    problem = models.TextField(blank=True, help_text="Why the file could not be read.")
    source = models.CharField(max_length=100, blank=True, help_text="Where the list is from, as people call it.")

    file = models.FileField(upload_to="uploads/%Y/%m/")
    filename = models.CharField(max_length=255)
    layout = models.JSONField(default=dict, help_text="Encoding, delimiter, sheet and header row of the file.")
    columns = models.JSONField(default=list, help_text="The header row, as it was.")
    mapping = models.JSONField(default=dict, help_text="Field → positions of its columns, from 0, to be joined.")
    doubts = models.JSONField(default=dict, blank=True, help_text="Field → why its guessed column is asked about.")
    name_order = models.CharField(max_length=10, choices=NameOrder, default=NameOrder.FIRST_LAST)
    fixed = models.JSONField(default=dict, blank=True, help_text="Field → value that is the same for every row.")
    match = models.JSONField(default=list, blank=True, help_text="What a match must bring: phones, emails.")
    look_back = models.PositiveSmallIntegerField(
        default=LOOK_BACK, help_text="Days in which somebody who was traced is not asked for again; 0: always again."
    )
    companies = models.CharField(max_length=10, choices=Companies, default=Companies.MAIL)
    co_owners = models.BooleanField(default=False, help_text="Whether a row's second owner is traced as well.")
    used_template = models.ForeignKey("MappingTemplate", models.SET_NULL, null=True, blank=True, related_name="uploads")

    extra_columns = models.PositiveIntegerField(default=0, help_text="Cells that rows have beyond the header.")
    row_count = models.PositiveIntegerField("rows", default=0)
    blank_count = models.PositiveIntegerField(default=0)
    invalid_count = models.PositiveIntegerField(default=0)
    duplicate_count = models.PositiveIntegerField(default=0)
    reused_count = models.PositiveIntegerField(default=0)
    suppressed_count = models.PositiveIntegerField(default=0)
    company_count = models.PositiveIntegerField(default=0, help_text="Companies and the like that were left out.")
    by_mail_count = models.PositiveIntegerField(
        default=0, help_text="Companies and the like that are sent without names."
    )
    co_owner_count = models.PositiveIntegerField(default=0, help_text="Second owners, who have no row of their own.")
    row_estimate = models.PositiveIntegerField(default=0, help_text="How many rows the file seems to have.")
    batch_estimate = models.PositiveIntegerField(default=0, help_text="Calls that the list takes, planned at review.")
    checked_rows = models.PositiveIntegerField(default=0, help_text="Rows read so far.")
    heartbeat_at = models.DateTimeField(null=True, help_text="When the reading job last wrote.")
    checking_since = models.DateTimeField(null=True, help_text="When the reading of its rows was asked for.")
    start_asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", help_text="To be approved."
    )
    started_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    earlier_credits = models.DecimalField(
        max_digits=12, decimal_places=2, default=0, help_text="What answers have cost that were put aside."
    )
    digested_at = models.DateTimeField(
        null=True, editable=False, help_text="When its people were made findable; empty while some may not be."
    )
    digest_begun_at = models.DateTimeField(null=True, editable=False, help_text="Emptied when it is to begin anew.")

    objects = UploadQuerySet.as_manager()

    class Meta:
        verbose_name = "list"
        verbose_name_plural = "lists"
        ordering = ["-id"]
        indexes = [models.Index(fields=["completed_at"])]
        permissions = [("approve_upload", "Can approve lists that cost more than APPROVAL_ABOVE credits")]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("upload", args=[self.pk])

    @property
    def all_columns(self):
        """The names of its columns, with those of cells that rows have beyond the header."""
        width = len(self.columns)
        return [*self.columns, *(f"Column {number}" for number in range(width + 1, width + self.extra_columns + 1))]

    @property
    def next_step(self):
        """What a person does with it next, where it waits for one."""
        return NEXT_STEP.get(self.status, "")

    @property
    def can_rerun(self):
        """Whether people of it may be asked for once more."""
        return self.status in [*STARTED, UploadStatus.COMPLETE]

    @property
    def is_editable(self):
        """Whether its file and its columns may still be changed."""
        return self.status in EDITABLE

    @property
    def is_started(self):
        return self.status in STARTED

    @property
    def is_started_once(self):
        """Whether anything of it may have been sent."""
        return self.started_at is not None

    @property
    def item_count(self):
        """How many people are to be traced."""
        return self.row_count + self.co_owner_count - sum(self.unsent_counts.values())

    @property
    def unsent_counts(self):
        """Who is not sent: outcome → how many."""
        return {fate: getattr(self, f"{fate}_count") for fate in UNSENT}

    @property
    def read_percent(self):
        """How much of the file is read, as far as its length can be told beforehand: 0 to 99."""
        return min(99, 100 * self.checked_rows // self.row_estimate) if self.row_estimate else 0

    @property
    def read_seconds_left(self):
        """Until all of it is read, at the pace until now; None where that cannot be told yet."""
        if not self.checking_since or not 0 < self.checked_rows < self.row_estimate:
            return None
        spent = (timezone.now() - self.checking_since).total_seconds()
        return round(spent * (self.row_estimate - self.checked_rows) / self.checked_rows)


class MappingTemplate(models.Model):
    """How the columns of one kind of file are read, remembered by its column names and shared by the team."""

    name = models.CharField(max_length=200, unique=True)
    header = models.CharField(max_length=32, unique=True, help_text="The same for files with the same column names.")
    columns = models.JSONField(help_text="The header row that it was made for.")
    fields = models.JSONField(help_text="Field → names of its columns, each with its number among those of that name.")
    fixed = models.JSONField(default=dict, blank=True)
    options = models.JSONField(default=dict, help_text="Order of names, what a match must bring, who is sent how.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "template for columns"
        verbose_name_plural = "templates for columns"
        ordering = ["name"]

    def __str__(self):
        return self.name


class Continuation(models.Model):
    """A file with mended rows of an upload, to take the place of those that were invalid."""

    upload = models.ForeignKey(Upload, models.CASCADE, verbose_name="list", related_name="continuations")
    file = models.FileField(upload_to="uploads/%Y/%m/")
    filename = models.CharField(max_length=255)
    layout = models.JSONField()
    columns = models.JSONField()
    status = models.CharField(max_length=10, choices=ContinuationStatus, default=ContinuationStatus.CHECKING)
    problem = models.TextField(blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    heartbeat_at = models.DateTimeField(auto_now_add=True)
    mended_count = models.PositiveIntegerField(default=0, help_text="Rows that are not invalid any more.")
    invalid_count = models.PositiveIntegerField(default=0, help_text="Rows that still are.")
    ignored_count = models.PositiveIntegerField(default=0, help_text="Rows that are none of the list's invalid ones.")

    class Meta:
        verbose_name = "file of mended rows"
        verbose_name_plural = "files of mended rows"
        ordering = ["-id"]

    def __str__(self):
        return f"{self.filename} for {self.upload}"
