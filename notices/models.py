"""What people are told, each thing once, and which of it they want by mail."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from batches.models import Batch, Upload


class Kind(models.TextChoices):
    COMPLETE = "complete", "Complete"
    FAILED = "failed", "Could not be read"
    NOBODY = "nobody", "Nobody to trace"
    READY = "ready", "Ready to start"
    APPROVAL = "approval", "To be approved"
    UNCONFIRMED = "unconfirmed", "Unconfirmed"
    REFUSED = "refused", "Refused"
    HOLD = "hold", "Nothing is sent"


class Mails(models.TextChoices):
    EVERYTHING = "everything", "Everything"
    NEEDED = "needed", "Only when I am needed"
    NOTHING = "nothing", "Nothing"


class NoticeQuerySet(models.QuerySet):
    def unread(self):
        return self.filter(read_at=None)

    def to_mail(self, now):
        return self.filter(mail_due_at__lte=now)

    def mark_read(self):
        """Mark notices as read, so that they are not mailed any more. Return how many were unread."""
        return self.unread().update(read_at=timezone.now(), mail_due_at=None)


class Notice(models.Model):
    """One thing that one person is told. Holds no personal data but a list's name."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notices", db_index=False)
    kind = models.CharField(max_length=12, choices=Kind)
    upload = models.ForeignKey(Upload, models.CASCADE, null=True, blank=True, related_name="notices")
    batch = models.ForeignKey(Batch, models.CASCADE, null=True, blank=True, related_name="notices")
    text = models.CharField(max_length=400)
    # Both together with the kind say what is told: a list that completes once more does so at another moment.
    subject = models.PositiveBigIntegerField(help_text="The number of the list, batch or hold.")
    at = models.DateTimeField(help_text="The moment that it tells of.")
    created_at = models.DateTimeField(default=timezone.now, db_index=True)
    read_at = models.DateTimeField(null=True, blank=True)

    mail_due_at = models.DateTimeField(null=True, blank=True, help_text="Empty: not to be mailed, or not any more.")
    mail_claim = models.CharField(max_length=16, blank=True, editable=False, help_text="Whose try the last one was.")
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

    def __str__(self):
        return self.text

    def get_absolute_url(self):
        """Return the address that marks the notice as read on the way to what it is about."""
        return reverse("notice", args=[self.pk])

    @property
    def target(self):
        """The address of what it is about."""
        if self.batch_id:
            return reverse("batch", args=[self.batch_id])
        return reverse("upload", args=[self.upload_id]) if self.upload_id else reverse("dashboard")


class Preference(models.Model):
    """What a person wants to be mailed; made when it is first saved."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="preference")
    mails = models.CharField(max_length=10, choices=Mails, default=Mails.EVERYTHING)

    def __str__(self):
        return self.get_mails_display()
