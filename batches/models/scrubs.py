"""Scrub files: lists of numbers that must not be called, such as the national registry, each with its date."""

from datetime import date, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.urls import reverse

from batches.statuses import ScrubCheckStatus, ScrubKind, ScrubStatus

MAX_SHOWN_CODES = 5


class ScrubSourceQuerySet(models.QuerySet["ScrubSource"]):
    def in_force(self) -> Self:
        return self.filter(status=ScrubStatus.READY)

    def shown(self) -> Self:
        """Keep what the page lists: files that are loading, in force, or could not be loaded."""
        return self.filter(status__in=[ScrubStatus.ORDERED, ScrubStatus.LOADING, ScrubStatus.READY, ScrubStatus.FAILED])

    def removable(self) -> Self:
        return self.shown().exclude(status=ScrubStatus.ORDERED)

    def named(self, kind: str, name: str) -> Self:
        """Keep the versions of one file: those of a kind that have the same name."""
        return self.filter(kind=kind, name__iexact=name)


class ScrubSource(models.Model):
    """A scrub file that was loaded. Its lines count from the moment at which all of them are there."""

    kind = models.CharField(max_length=10, choices=ScrubKind)
    name = models.CharField(max_length=200)
    as_of = models.DateField(help_text="The day for which the file is right.")
    status = models.CharField(max_length=8, choices=ScrubStatus, default=ScrubStatus.LOADING)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    state = models.CharField(max_length=2, blank=True, default="")
    area_codes = models.TextField(blank=True, default="", help_text="Those of its numbers.")
    is_change_list = models.BooleanField(
        default=False, help_text="Whether it adds and removes numbers of a file in force."
    )
    file = models.FileField(upload_to="uploads/%Y/%m/", blank=True, default="")
    filename = models.CharField(max_length=255, blank=True, default="")
    line_count = models.PositiveBigIntegerField(default=0)
    unreadable_count = models.PositiveBigIntegerField(default=0)
    unreadable = models.JSONField(default=list, help_text="The positions of the first unreadable lines.")
    number_count = models.PositiveBigIntegerField(default=0, help_text="Numbers in force.")
    added_count = models.PositiveBigIntegerField(default=0)
    removed_count = models.PositiveBigIntegerField(default=0)
    hit_count = models.PositiveBigIntegerField(default=0, help_text="Among the numbers we found.")
    problem = models.CharField(max_length=500, blank=True, default="")
    heartbeat_at = models.DateTimeField(null=True, help_text="When its worker last said that it is alive.")
    loaded_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField(
        null=True, help_text="When it was put in or out of force, until our numbers have been compared with it."
    )
    replaced_by = models.ForeignKey("self", models.SET_NULL, null=True, related_name="replaces")
    removed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    removed_at = models.DateTimeField(null=True)

    objects = ScrubSourceQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("scrub", args=[self.pk])

    @property
    def covers(self) -> str:
        """The state or the area codes that it is about; empty if it is about all, or that is not known."""
        codes = self.area_codes.split()
        if self.state or not codes:
            return self.state
        return ", ".join(codes[:MAX_SHOWN_CODES]) + (" …" if len(codes) > MAX_SHOWN_CODES else "")

    def is_stale(self, today: date) -> bool:
        """Return whether the file is too old to rely on: a registry must be loaded again every 31 days."""
        return self.kind in (ScrubKind.REGISTRY, ScrubKind.STATE) and today - self.as_of > timedelta(
            days=settings.DNC_STALE_DAYS
        )


class ScrubCheck(models.Model):
    """An order to have a provider check the numbers that we found. What it finds becomes a scrub file of its own.

    A number is claimed for a check before the provider is asked (`PhoneNumber.asked_in`), so nobody pays for it twice.
    """

    status = models.CharField(max_length=7, choices=ScrubCheckStatus, default=ScrubCheckStatus.WAITING)
    is_open = models.BooleanField(null=True, default=True, unique=True, help_text="Null once it has ended.")
    number_count = models.PositiveBigIntegerField(help_text="Numbers that were ordered.")
    price = models.DecimalField(max_digits=12, decimal_places=4)
    asked_count = models.PositiveBigIntegerField(default=0, help_text="Numbers that the provider has answered.")
    unsure_count = models.PositiveBigIntegerField(default=0, help_text="Numbers that it may have charged for.")
    problem = models.CharField(max_length=500, blank=True, default="")
    source = models.OneToOneField(ScrubSource, models.PROTECT, related_name="check_order")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    heartbeat_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"check {self.pk}"


class ScrubLine(models.Model):
    """A number in a scrub file. There are millions, so the number itself is the key."""

    pk = models.CompositePrimaryKey("number", "source")
    number = models.BigIntegerField()
    source = models.ForeignKey(ScrubSource, models.CASCADE, related_name="lines", db_constraint=False)

    def __str__(self) -> str:
        return f"line of {self.source_id}"
