"""Uploaded lists, mapping templates, and corrected files."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone

from batches.statuses import (
    OUTCOME_NOT_SENT,
    UPLOAD_EDITABLE,
    UPLOAD_NEEDS_ACTION,
    UPLOAD_NEXT_STEP,
    UPLOAD_STARTED,
    CompanyHandling,
    CorrectionStatus,
    NameOrder,
    Outcome,
    Priority,
    UploadStatus,
)

DEFAULT_LOOK_BACK_DAYS = 90
"""How long an answer counts for another list, unless the user says otherwise."""


class UploadQuerySet(models.QuerySet["Upload"]):
    def with_creator(self) -> Self:
        return self.select_related("created_by")

    def list_sources(self) -> list[str]:
        """Return the most used sources, up to 50, the most frequent first."""
        named = self.exclude(list_source="").order_by().values_list("list_source")
        return [source for source, _ in named.annotate(lists=models.Count("pk")).order_by("-lists", "list_source")[:50]]

    def active(self) -> Self:
        return self.filter(status__in=[UploadStatus.CHECKING, UploadStatus.RUNNING, UploadStatus.PAUSED])

    def needing_action(self) -> Self:
        return self.filter(status__in=UPLOAD_NEEDS_ACTION)

    def finished(self) -> Self:
        return self.filter(status__in=[UploadStatus.COMPLETE, UploadStatus.CANCELLED])


class Upload(models.Model):
    """A list: an uploaded file of people, with its column mapping and trace settings."""

    name = models.CharField(max_length=200)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="uploads")
    created_at = models.DateTimeField(auto_now_add=True)
    status = models.CharField(max_length=12, choices=UploadStatus, default=UploadStatus.DRAFT, db_index=True)
    priority = models.PositiveSmallIntegerField(choices=Priority, default=Priority.NORMAL)
    problem = models.TextField(blank=True, help_text="Why the file could not be read.")
    list_source = models.CharField(
        db_column="source", max_length=100, blank=True, help_text="Where the list comes from, as the user names it."
    )

    file = models.FileField(upload_to="uploads/%Y/%m/")
    filename = models.CharField(max_length=255)
    sha256 = models.CharField(
        "SHA-256",
        max_length=64,
        blank=True,
        default="",
        db_default="",
        help_text="Of the file's bytes. Empty for files that were uploaded before hashes were stored.",
    )
    file_format = models.JSONField(
        db_column="layout", default=dict, help_text="Encoding, delimiter, sheet and header row of the file."
    )
    columns = models.JSONField(default=list, help_text="The original header row.")
    mapping = models.JSONField(default=dict, help_text="Field → positions of its columns, from 0. Several are joined.")
    uncertain = models.JSONField(
        db_column="doubts", default=dict, blank=True, help_text="Field → why its guessed column needs to be confirmed."
    )
    name_order = models.CharField(max_length=10, choices=NameOrder, default=NameOrder.FIRST_LAST)
    constants = models.JSONField(
        db_column="fixed", default=dict, blank=True, help_text="Field → the value for every row."
    )
    match_requirements = models.JSONField(
        db_column="match", default=list, blank=True, help_text="What a match must include: phones, emails."
    )
    look_back = models.PositiveSmallIntegerField(
        default=DEFAULT_LOOK_BACK_DAYS,
        help_text="Days for which earlier answers are reused. 0: never.",
    )
    companies = models.CharField(max_length=10, choices=CompanyHandling, default=CompanyHandling.MAIL)
    co_owners = models.BooleanField(default=False, help_text="Whether a row's second owner is traced as well.")
    used_template = models.ForeignKey("MappingTemplate", models.SET_NULL, null=True, blank=True, related_name="uploads")

    extra_columns = models.PositiveIntegerField(default=0, help_text="Cells that rows have beyond the header.")
    row_count = models.PositiveIntegerField("rows", default=0)
    warnings = models.JSONField(
        default=list, blank=True, help_text="What is left out of its rows, or odd in them: column, kind, count, rows."
    )
    blank_count = models.PositiveIntegerField(default=0)
    invalid_count = models.PositiveIntegerField(default=0)
    duplicate_count = models.PositiveIntegerField(default=0)
    reused_count = models.PositiveIntegerField(default=0)
    suppressed_count = models.PositiveIntegerField(default=0)
    company_count = models.PositiveIntegerField(default=0, help_text="Organisations that were skipped.")
    by_mail_count = models.PositiveIntegerField(
        default=0, help_text="Organisations that are traced by mailing address."
    )
    co_owner_count = models.PositiveIntegerField(default=0, help_text="Second owners, who have no row of their own.")
    row_estimate = models.PositiveIntegerField(default=0, help_text="Estimated number of rows in the file.")
    batch_estimate = models.PositiveIntegerField(default=0, help_text="Estimated number of batches, at review.")
    checked_rows = models.PositiveIntegerField(default=0, help_text="Rows checked so far.")
    heartbeat_at = models.DateTimeField(null=True, help_text="Last sign of life of the job that checks the rows.")
    checking_since = models.DateTimeField(null=True, help_text="When the check of its rows was requested.")
    start_asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Who requested approval.",
    )
    revision = models.PositiveIntegerField(
        default=1, db_default=1, help_text="Grows with every change to what the review shows."
    )
    started_at = models.DateTimeField(null=True)
    waits_until = models.DateTimeField(
        null=True, editable=False, help_text="No sending before then: the daily credit limit is reached."
    )
    completed_at = models.DateTimeField(null=True)
    earlier_credits = models.DecimalField(
        max_digits=12, decimal_places=2, default=0, help_text="Cost of the earlier answers."
    )
    digested_at = models.DateTimeField(
        null=True, editable=False, help_text="When all its people became searchable. Empty if some may not be."
    )
    digest_begun_at = models.DateTimeField(null=True, editable=False, help_text="Empty if it has to start again.")

    objects = UploadQuerySet.as_manager()

    class Meta:
        verbose_name = "list"
        verbose_name_plural = "lists"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["completed_at"]),
            models.Index(fields=["sha256"], condition=~models.Q(sha256=""), name="upload_sha256"),
        ]
        permissions = [("approve_upload", "Can approve lists that cost more than APPROVAL_ABOVE credits")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("upload", args=[self.pk])

    @property
    def all_columns(self) -> list[str]:
        """The column names, followed by generated ones for cells beyond the header."""
        width = len(self.columns)
        return [*self.columns, *(f"Column {number}" for number in range(width + 1, width + self.extra_columns + 1))]

    @property
    def next_step(self) -> str:
        """The user's next step, or "" if the list does not wait for a user."""
        return UPLOAD_NEXT_STEP.get(self.status, "")

    @property
    def can_rerun(self) -> bool:
        """Whether its people may be re-run."""
        return self.status in [*UPLOAD_STARTED, UploadStatus.COMPLETE]

    @property
    def is_editable(self) -> bool:
        """Whether its file and columns may still be changed."""
        return self.status in UPLOAD_EDITABLE

    @property
    def is_started(self) -> bool:
        return self.status in UPLOAD_STARTED

    def waits(self, now: datetime) -> bool:
        """Return whether it waits for the next day because the daily credit limit is reached."""
        return self.waits_until is not None and self.waits_until > now

    @property
    def is_started_once(self) -> bool:
        """Whether it was ever started, so that some of it may have been sent."""
        return self.started_at is not None

    @property
    def item_count(self) -> int:
        """The number of people to trace."""
        return self.row_count + self.co_owner_count - sum(self.unsent_counts.values())

    @property
    def unsent_counts(self) -> dict[Outcome, int]:
        """Outcome → number of people, for those who are never sent."""
        return {outcome: getattr(self, f"{outcome}_count") for outcome in OUTCOME_NOT_SENT}

    @property
    def read_percent(self) -> int:
        """Estimated percentage of the file that has been read, from 0 to 99."""
        return min(99, 100 * self.checked_rows // self.row_estimate) if self.row_estimate else 0

    @property
    def read_seconds_left(self) -> int | None:
        """Estimated seconds until the file is read, at the average pace so far. None if it cannot be estimated."""
        if not self.checking_since or not 0 < self.checked_rows < self.row_estimate:
            return None
        spent = (timezone.now() - self.checking_since).total_seconds()
        return round(spent * (self.row_estimate - self.checked_rows) / self.checked_rows)


class MappingTemplate(models.Model):
    """A saved column mapping, found by the column names of a file and shared by everyone."""

    name = models.CharField(max_length=200, unique=True)
    header = models.CharField(max_length=32, unique=True, help_text="Equal for files with the same column names.")
    columns = models.JSONField(help_text="The header row it was made for.")
    fields = models.JSONField(help_text="Field → names of its columns, each with its index among columns of that name.")
    constants = models.JSONField(db_column="fixed", default=dict, blank=True)
    options = models.JSONField(default=dict, help_text="The other trace settings of the list.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "mapping template"
        verbose_name_plural = "mapping templates"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Correction(models.Model):
    """Rows that replace invalid rows of their list: a corrected file, or cells that were edited on the page."""

    upload = models.ForeignKey(Upload, models.CASCADE, verbose_name="list", related_name="corrections")
    file = models.FileField(upload_to="uploads/%Y/%m/")
    filename = models.CharField(max_length=255)
    file_format = models.JSONField(db_column="layout")
    columns = models.JSONField()
    status = models.CharField(max_length=10, choices=CorrectionStatus, default=CorrectionStatus.CHECKING)
    problem = models.TextField(blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    heartbeat_at = models.DateTimeField(auto_now_add=True)
    max_people = models.PositiveIntegerField(
        db_column="most_people",
        default=0,
        db_default=0,
        help_text="People in it at most. 0 until the spending limits are checked.",
    )
    corrected_count = models.PositiveIntegerField(
        db_column="mended_count", default=0, help_text="Rows that are valid now."
    )
    invalid_count = models.PositiveIntegerField(default=0, help_text="Rows that are still invalid.")
    ignored_count = models.PositiveIntegerField(default=0, help_text="Rows that match no invalid row of the list.")
    previous_cells = models.JSONField(
        null=True,
        blank=True,
        editable=False,
        help_text="Row number → its cells before they were edited on the page. Empty for a file.",
    )

    class Meta:
        # The table keeps its old name: renaming it would lock it.
        db_table = "batches_continuation"
        verbose_name = "corrected file"
        verbose_name_plural = "corrected files"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.filename or 'edited rows'} for {self.upload}"

    @property
    def is_edit(self) -> bool:
        """Whether the rows were edited on the page, and not uploaded as a file."""
        return self.previous_cells is not None
