"""The log of exports, and the layouts that teams have saved."""

from django.conf import settings
from django.db import models

from batches.models.uploads import Upload
from batches.statuses import ExportRequirement


class ExportLayout(models.Model):
    """The columns of an export, as a team has defined them."""

    name = models.CharField(max_length=100, unique=True)
    per = models.CharField(max_length=6, choices=[("person", "person"), ("phone", "phone")], default="person")
    columns = models.JSONField(help_text="Pairs of column name and field, in order.")
    originals = models.BooleanField(default=False, help_text="Whether the list's own columns come first.")
    needs = models.CharField(max_length=7, choices=ExportRequirement, blank=True, default="")
    types = models.JSONField(default=list, blank=True, help_text="Phone types to include. Empty: all.")
    max_phones = models.PositiveSmallIntegerField(
        db_column="most_phones", default=0, help_text="Phones per person at most. 0: all."
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "export layout"
        verbose_name_plural = "export layouts"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Export(models.Model):
    """A downloaded file of results: who downloaded it, with which options, and what was in it."""

    upload = models.ForeignKey(Upload, models.PROTECT, verbose_name="list", related_name="exports")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    layout = models.CharField(max_length=100)
    format = models.CharField(max_length=4)
    choices = models.JSONField(default=dict, help_text="Chosen rows and options.")
    rows = models.PositiveIntegerField(default=0)
    numbers = models.PositiveIntegerField(default=0, help_text="Phone numbers in the file.")
    size = models.PositiveBigIntegerField(default=0, help_text="Bytes.")
    sha256 = models.CharField(max_length=64, blank=True, verbose_name="SHA-256")
    ended_at = models.DateTimeField(null=True, help_text="When the last byte was sent, or the download was cancelled.")
    is_complete = models.BooleanField(default=False)
    item_ids = models.BinaryField(
        db_column="held",
        default=bytes,
        editable=False,
        help_text="The ids of the people in the file, as a packed IdSet.",
    )

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"export {self.pk} of list {self.upload_id}"


class ExportCertificate(models.Model):
    """What an export's file was made from and by which rules. It is written once, and names nobody who was traced."""

    export = models.OneToOneField(Export, models.CASCADE, primary_key=True, related_name="certificate")
    made_at = models.DateTimeField(auto_now_add=True, db_index=True)
    content = models.JSONField(help_text="See batches/exports/certificates.py.")

    def __str__(self) -> str:
        return f"certificate of export {self.pk}"
