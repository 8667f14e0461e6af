"""Files of results that left, and the layouts that such files can have."""

from django.conf import settings
from django.db import models

from batches.models.uploads import Upload
from batches.statuses import (
    Needs,
)


class ExportLayout(models.Model):
    """Which columns a file of results has, as the team has written it down."""

    name = models.CharField(max_length=100, unique=True)
    per = models.CharField(max_length=6, choices=[("person", "person"), ("phone", "phone")], default="person")
    columns = models.JSONField(help_text="Pairs of column name and field, in their order.")
    originals = models.BooleanField(default=False, help_text="Whether the list's own columns stand before them.")
    needs = models.CharField(max_length=7, choices=Needs, blank=True, default="")
    types = models.JSONField(default=list, blank=True, help_text="Types of phones; all where none is named.")
    most_phones = models.PositiveSmallIntegerField(default=0, help_text="Most phones of one person; 0: all.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "layout of files"
        verbose_name_plural = "layouts of files"
        ordering = ["name"]

    def __str__(self):
        return self.name


class Export(models.Model):
    """A file of results that left: who took it, with which choices, and what was in it."""

    upload = models.ForeignKey(Upload, models.PROTECT, verbose_name="list", related_name="exports")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    layout = models.CharField(max_length=100)
    format = models.CharField(max_length=4)
    choices = models.JSONField(default=dict, help_text="What was chosen, of rows and of numbers.")
    rows = models.PositiveIntegerField(default=0)
    numbers = models.PositiveIntegerField(default=0, help_text="Phone numbers in it.")
    size = models.PositiveBigIntegerField(default=0, help_text="Bytes.")
    sha256 = models.CharField(max_length=64, blank=True, verbose_name="SHA-256")
    ended_at = models.DateTimeField(
        null=True, help_text="When the last of it went out, or the download was broken off."
    )
    is_complete = models.BooleanField(default=False)
    held = models.BinaryField(default=bytes, editable=False, help_text="Whose rows were in it (batches/members.py).")

    class Meta:
        ordering = ["-id"]

    def __str__(self):
        return f"export {self.pk} of list {self.upload_id}"
