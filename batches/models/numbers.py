"""What is known about each number that was found, whatever list it is in."""

from typing import Self

from django.db import models
from django.db.models import Q

HAS_MARKS = Q(listed__gt="") | Q(scrubs__gt="") | Q(has_calls=True)
"""Something is known about the number besides what the vendor says."""


class PhoneNumberQuerySet(models.QuerySet["PhoneNumber"]):
    def marked(self) -> Self:
        return self.filter(HAS_MARKS)


class PhoneNumber(models.Model):
    """The facts of one number. All of them are computed from answers and from our own lists, so it can be made again.

    `batches/numbers/found.py` writes what answers say, and `batches/numbers/refresh.py` what our own lists say.
    """

    digits = models.BigIntegerField(primary_key=True)
    flag = models.BooleanField(null=True, help_text="Whether the vendor says that it is on the Do Not Call list.")
    flag_at = models.DateField(null=True, help_text="The day of the answer with the flag.")
    is_connected = models.BooleanField(null=True)
    connected_at = models.DateField(null=True)
    last_seen = models.CharField(max_length=10, blank=True, default="", help_text="As the vendor writes it.")
    people = models.CharField(max_length=200, blank=True, default="", help_text="Hashes of the names it was found for.")
    people_count = models.PositiveSmallIntegerField(default=0)
    listed = models.CharField(max_length=20, blank=True, default="", help_text="Why it is on the do-not-contact list.")
    listed_at = models.DateField(null=True)
    listed_by = models.CharField(max_length=200, blank=True, default="")
    listed_reason = models.CharField(max_length=200, blank=True, default="")
    scrubs = models.TextField(blank=True, default="", help_text="The ids of the scrub files that it is in.")
    has_calls = models.BooleanField(default=False)
    calls = models.JSONField(default=list, help_text="The latest call of each outcome: outcome, day, by, person.")
    asked_in = models.BigIntegerField(null=True, help_text="The ScrubCheck that asked a provider about it last.")
    found_at = models.DateTimeField(help_text="When the latest answer with it arrived.")

    objects = PhoneNumberQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["digits"], condition=HAS_MARKS, name="phone_number_marked"),
            # For numbers that are to be deleted.
            models.Index(fields=["found_at"], name="phone_number_found_at"),
        ]

    def __str__(self) -> str:
        return "phone number"


class NumberBackfill(models.Model):
    """How far the numbers in answers that were digested before this table existed have been recorded.

    Also how far the numbers of people who were erased before this was known here have been marked.
    """

    last_item = models.BigIntegerField(default=0)
    done_at = models.DateTimeField(null=True)
    last_number = models.BigIntegerField(default=0, db_default=0)
    erased_marked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"backfill of numbers up to item {self.last_item}"
