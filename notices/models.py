"""Notices to users, each created only once, and the users' choices of which notices are mailed."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from batches.models import Batch, Upload


class Kind(models.TextChoices):
    """What a notice is about."""

    COMPLETE = "complete", "Complete"
    FAILED = "failed", "Could not be read"
    NOBODY = "nobody", "Nobody to trace"
    READY = "ready", "Ready to start"
    APPROVAL = "approval", "Awaiting approval"
    DECLINED = "declined", "Approval declined"
    UNCONFIRMED = "unconfirmed", "Unconfirmed"
    REFUSED = "refused", "Refused"
    MISSING = "missing", "Many without an answer"
    SENDING_BLOCKED = "blocked", "Sending blocked"
    RECONCILIATION = "books", "Reconciliation"
    BUDGET = "budget", "Budget nearly used up"
    BUDGET_USED_UP = "budget_used", "Budget used up"
    SECURITY = "security", "Your account"


class MailPreference(models.TextChoices):
    """Which notices a user wants by mail."""

    EVERYTHING = "everything", "All notices"
    NEEDED = "needed", "Only when I am needed"
    NOTHING = "nothing", "None"


class NoticeQuerySet(models.QuerySet["Notice"]):
    def unread(self) -> "NoticeQuerySet":
        return self.filter(read_at=None)

    def to_mail(self, now: datetime) -> "NoticeQuerySet":
        return self.filter(mail_due_at__lte=now)

    def mark_read(self) -> int:
        """Mark notices as read, so that they are no longer mailed. Return how many were unread."""
        return self.unread().update(read_at=timezone.now(), mail_due_at=None)


class Notice(models.Model):
    """A notice to one user. It contains no personal data other than the name of a list."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notices", db_index=False)
    kind = models.CharField(max_length=12, choices=Kind)
    upload = models.ForeignKey(Upload, models.CASCADE, null=True, blank=True, related_name="notices")
    batch = models.ForeignKey(Batch, models.CASCADE, null=True, blank=True, related_name="notices")
    text = models.CharField(max_length=400)
    # `kind`, `subject`, `at` and `user` identify a notice. `at` is one of them because a list can complete again.
    subject = models.PositiveBigIntegerField(help_text="The id of the list, batch, block or team.")
    at = models.DateTimeField(help_text="When it happened.")
    created_at = models.DateTimeField(default=timezone.now, db_index=True)
    read_at = models.DateTimeField(null=True, blank=True)

    mail_due_at = models.DateTimeField(
        null=True, blank=True, help_text="When to mail it. Empty if it is not to be mailed, or has been."
    )
    mail_claim = models.CharField(max_length=16, blank=True, editable=False, help_text="The claim of the last attempt.")
    mail_attempts = models.PositiveSmallIntegerField(default=0)
    mailed_at = models.DateTimeField(null=True, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["kind", "at", "subject", "user"], name="told_once_to_each")]
        indexes = [
            models.Index(fields=["user", "id"]),
            models.Index(fields=["user", "id"], name="notices_unread", condition=Q(read_at=None)),
            models.Index(fields=["mail_due_at"], name="notices_to_mail", condition=Q(mail_due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.text

    def get_absolute_url(self) -> str:
        """Return the address that marks the notice as read and redirects to `target`."""
        return reverse("notice", args=[self.pk])

    @property
    def target(self) -> str:
        """Return the address of what the notice is about."""
        if self.batch_id:
            return reverse("batch", args=[self.batch_id])
        if self.kind == Kind.RECONCILIATION:
            return reverse("reconciliation")
        if self.kind in (Kind.BUDGET, Kind.BUDGET_USED_UP):
            return reverse("spend")
        if self.kind == Kind.SECURITY:
            return reverse("security")
        return reverse("upload", args=[self.upload_id]) if self.upload_id else reverse("dashboard")


class Preference(models.Model):
    """A user's choice of notices by mail. It is created when the user first saves the settings."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="preference")
    mails = models.CharField(max_length=10, choices=MailPreference, default=MailPreference.EVERYTHING)

    def __str__(self) -> str:
        return self.get_mails_display()
