"""Uploaded lists, mapping templates, and corrected files."""

from collections.abc import Iterable
from datetime import datetime
from typing import Self

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.urls import reverse
from django.utils import timezone

from accounts.access import sees_all_lists, sees_list, visible_lists
from batches.models.purposes import Purpose
from batches.statuses import (
    OUTCOME_NOT_SENT,
    UPLOAD_ARCHIVABLE,
    UPLOAD_EDITABLE,
    UPLOAD_FINISHED,
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
"""Days for which an answer is reused in other lists, unless the user chooses another number."""

MAX_SOURCES = 50
"""How many sources are suggested for a new list."""


MAX_TAGS = 20
"""How many tags one list may have."""


NEEDS_RETENTION = {"inputs_deleted_at": None, "file_deleted_at": None}
"""Changes to an upload whose retention time starts again."""


class TagQuerySet(models.QuerySet["Tag"]):
    def of_lists(self, uploads: models.QuerySet["Upload"]) -> Self:
        """Keep the tags that at least one of these lists has."""
        return self.filter(pk__in=Upload.tags.through.objects.filter(upload__in=uploads).values("tag_id"))


class Tag(models.Model):
    """A word that users mark lists with, to find them again."""

    name = models.CharField(max_length=40, unique=True)

    objects = TagQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class UploadQuerySet(models.QuerySet["Upload"]):
    def visible_to(self, user: User | None) -> Self:
        return self.filter(visible_lists(user))

    def visible_keys(self, user: User | None) -> models.QuerySet["Upload", int]:
        """Return the ids of the lists that a user sees, for a subquery."""
        return self.visible_to(user).order_by().values_list("pk", flat=True)

    def with_creator(self) -> Self:
        return self.select_related("created_by", "owner", "purpose")

    def for_rows(self) -> Self:
        """Load what a row of the dashboard says, without how the file is read."""
        left_out = ["file_format", "columns", "mapping", "uncertain", "constants", "match_requirements", "warnings"]
        return self.select_related("created_by", "owner").defer(*left_out)

    def owned_by(self, user: User) -> Self:
        """Keep the lists that a user is responsible for: those handed to the user, or uploaded and never handed on."""
        return self.filter(models.Q(owner=user) | models.Q(owner=None, created_by=user))

    def archived(self) -> Self:
        return self.exclude(archived_at=None)

    def unarchived(self) -> Self:
        return self.filter(archived_at=None)

    def list_sources(self) -> list[str]:
        """Return the most frequent sources, at most MAX_SOURCES, by how many lists have them."""
        sources = self.exclude(list_source="").order_by().values("list_source").annotate(lists=models.Count("pk"))
        return list(sources.order_by("-lists", "list_source").values_list("list_source", flat=True)[:MAX_SOURCES])

    def containing(self, words: Iterable[str]) -> Self:
        """Keep the lists whose name or source contains every word."""
        in_either = (models.Q(name__icontains=word) | models.Q(list_source__icontains=word) for word in words)
        return self.filter(*in_either)

    def active(self) -> Self:
        return self.filter(status__in=[UploadStatus.CHECKING, UploadStatus.RUNNING, UploadStatus.PAUSED])

    def needing_action(self) -> Self:
        """Keep the lists that wait for a user. Archived lists wait for nobody."""
        return self.unarchived().filter(status__in=UPLOAD_NEEDS_ACTION)

    def waiting_for_budget(self) -> Self:
        return self.filter(status=UploadStatus.RUNNING).exclude(wait_reason="")

    def finished(self) -> Self:
        return self.filter(status__in=UPLOAD_FINISHED)

    def finished_since(self, moment: datetime) -> Self:
        """Keep lists that have finished since this moment, the last one first."""
        return self.finished().filter(completed_at__gte=moment).order_by("-completed_at", "-pk")

    def unfinished(self) -> Self:
        return self.exclude(status__in=UPLOAD_FINISHED)


def in_visible_list(user: User | None, field: str = "upload") -> models.Q:
    """Return the condition that `field` of a record is a list that a user sees."""
    if sees_all_lists(user):
        return models.Q()
    return models.Q((f"{field}__in", Upload.objects.visible_keys(user)))


class Upload(models.Model):
    """A list: an uploaded file of people, with its column mapping and trace settings."""

    name = models.CharField(max_length=200)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="uploads")
    # A team with lists cannot be deleted: nobody would see them.
    team = models.ForeignKey("accounts.Team", models.PROTECT, null=True, blank=True, related_name="uploads")
    created_at = models.DateTimeField(auto_now_add=True)
    status = models.CharField(max_length=12, choices=UploadStatus, default=UploadStatus.DRAFT, db_index=True)
    priority = models.PositiveSmallIntegerField(choices=Priority, default=Priority.NORMAL)
    front_at = models.DateTimeField(
        null=True, editable=False, help_text="When it was last moved to the front of the queue."
    )
    problem = models.TextField(blank=True, help_text="Why the file could not be read.")
    list_source = models.CharField(
        db_column="source", max_length=100, blank=True, help_text="Where the list comes from, as the user names it."
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The user responsible for the list, if it was handed on by the one who uploaded it.",
    )
    note = models.TextField(blank=True, default="", db_default="", help_text="What colleagues should know about it.")
    tags = models.ManyToManyField(Tag, blank=True, related_name="uploads")
    purpose = models.ForeignKey(
        Purpose, models.PROTECT, null=True, blank=True, related_name="+", help_text="What the list is used for."
    )
    purpose_note = models.CharField(max_length=200, blank=True, default="", db_default="")
    archived_at = models.DateTimeField(
        null=True, editable=False, help_text="When it was archived. Archived lists are left out of the table of lists."
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
    refreshes_stale = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Whether earlier answers whose Do Not Call flags are stale are traced again instead of reused.",
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
        null=True, editable=False, help_text="No sending before then: the daily credit limit or a budget is reached."
    )
    wait_reason = models.CharField(
        max_length=250,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text="Why it is not sent, if a team's budget is used up.",
    )
    completed_at = models.DateTimeField(null=True)
    earlier_credits = models.DecimalField(
        max_digits=12, decimal_places=2, default=0, help_text="Cost of the earlier answers."
    )
    inputs_deleted_at = models.DateTimeField(
        null=True, editable=False, help_text="When its rows were emptied after INPUT_RETENTION_DAYS."
    )
    file_deleted_at = models.DateTimeField(
        null=True, editable=False, help_text="When its files were deleted after FILE_RETENTION_DAYS."
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
            # For rows that are to be emptied, and files that are to be deleted.
            models.Index(
                fields=["completed_at"], condition=models.Q(inputs_deleted_at=None), name="upload_inputs_kept_since"
            ),
            models.Index(
                fields=["completed_at"], condition=models.Q(file_deleted_at=None), name="upload_file_kept_since"
            ),
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
    def responsible(self) -> User | None:
        """The user responsible for the list: its owner or, until it is handed on, the one who uploaded it."""
        return self.owner or self.created_by

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None

    @property
    def can_be_archived(self) -> bool:
        """Whether nothing is happening to the list and nobody is asked to approve it."""
        return self.status in UPLOAD_ARCHIVABLE

    @property
    def next_step(self) -> str:
        """What the user has to do next, or "" if the list does not wait for a user."""
        return UPLOAD_NEXT_STEP.get(self.status, "")

    @property
    def can_rerun(self) -> bool:
        """Whether people of the list may be re-run."""
        return self.status in [*UPLOAD_STARTED, UploadStatus.COMPLETE]

    @property
    def is_editable(self) -> bool:
        """Whether the list's file and columns may still be changed."""
        return self.status in UPLOAD_EDITABLE

    @property
    def is_started(self) -> bool:
        """Whether batches of the list may be planned and sent: it is running or paused."""
        return self.status in UPLOAD_STARTED

    def waits(self, now: datetime) -> bool:
        """Return whether nothing of the list is sent now, because the daily credit limit or a budget is reached."""
        return self.waits_until is not None and self.waits_until > now

    def waits_for_tomorrow(self, now: datetime) -> bool:
        """Return whether the list waits for the next day because the daily credit limit is reached."""
        return self.waits(now) and not self.wait_reason

    @property
    def was_ever_started(self) -> bool:
        """Whether the list was ever started, so that some of its people may have been sent."""
        return self.started_at is not None

    @property
    def item_count(self) -> int:
        """The number of people to trace."""
        return self.row_count + self.co_owner_count - sum(self.unsent_counts.values())

    @property
    def unsent_counts(self) -> dict[Outcome, int]:
        """Outcome → number of people, for the outcomes of people who are never sent."""
        return {outcome: getattr(self, f"{outcome}_count") for outcome in OUTCOME_NOT_SENT}

    def is_visible_to(self, user: User) -> bool:
        """Return whether a user sees this list, without a query for each list."""
        return sees_list(user, self.created_by_id, self.team_id)

    @property
    def read_percent(self) -> int:
        """Estimated percentage of the file that has been read, from 0 to 99."""
        return min(99, 100 * self.checked_rows // self.row_estimate) if self.row_estimate else 0

    @property
    def read_seconds_left(self) -> int | None:
        """Estimated seconds until the file is read, at the average pace so far. None if it cannot be estimated."""
        if not self.checking_since or not 0 < self.checked_rows < self.row_estimate:
            return None
        seconds_spent = (timezone.now() - self.checking_since).total_seconds()
        rows_left = self.row_estimate - self.checked_rows
        return round(seconds_spent * rows_left / self.checked_rows)


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
        indexes = [
            # For files that are to be deleted.
            models.Index(fields=["created_at"], condition=~models.Q(file=""), name="correction_file_kept_since")
        ]

    def __str__(self) -> str:
        return f"{self.filename or 'edited rows'} for {self.upload}"

    @property
    def is_edit(self) -> bool:
        """Whether the rows were edited on the page rather than uploaded as a file."""
        return self.previous_cells is not None
