from django.conf import settings
from django.db import models
from django.urls import reverse


class StrayQuerySet(models.QuerySet):
    def waiting(self):
        return self.filter(status=Stray.Status.WAITING)


class Stray(models.Model):
    """A delivery that could not be filed: malformed, unknown, or one too many. Kept whole."""

    class Kind(models.TextChoices):
        ITEM = "item", "Item's answer"
        COMPLETION = "completion", "Completion call"

    class Status(models.TextChoices):
        WAITING = "waiting", "To be looked at"
        FILED = "filed", "Filed"
        ASIDE = "aside", "Set aside"

    received_at = models.DateTimeField(auto_now_add=True)
    kind = models.CharField(max_length=10, choices=Kind)
    token = models.CharField(max_length=64, blank=True, help_text="From the address that was called.")
    reason = models.CharField(max_length=200)
    body = models.BinaryField(help_text="As it came.")
    status = models.CharField(max_length=10, choices=Status, default=Status.WAITING, db_index=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True)

    objects = StrayQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]

    def __str__(self):
        return f"{self.get_kind_display()}: {self.reason}"

    def get_absolute_url(self):
        return reverse("stray", args=[self.pk])

    @property
    def text(self):
        """The body to look at; bytes that are no UTF-8 are shown as escapes."""
        return bytes(self.body).decode(errors="backslashreplace")
