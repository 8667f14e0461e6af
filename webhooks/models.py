from django.db import models


class Stray(models.Model):
    """A delivery that could not be filed: malformed, unknown, or one too many. Kept whole."""

    class Kind(models.TextChoices):
        ITEM = "item", "Item's answer"
        COMPLETION = "completion", "Completion call"

    received_at = models.DateTimeField(auto_now_add=True)
    kind = models.CharField(max_length=10, choices=Kind)
    token = models.CharField(max_length=64, blank=True, help_text="From the address that was called.")
    reason = models.CharField(max_length=200)
    body = models.BinaryField(help_text="As it came.")

    class Meta:
        ordering = ["-id"]

    def __str__(self):
        return f"{self.get_kind_display()}: {self.reason}"

    @property
    def text(self):
        """The body to look at; bytes that are no UTF-8 are shown as escapes."""
        return bytes(self.body).decode(errors="backslashreplace")
