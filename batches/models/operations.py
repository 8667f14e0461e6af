"""What keeps the system running: stops of all sending, leases, results by the minute."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class HoldQuerySet(models.QuerySet):
    def in_force(self, now):
        return self.filter(Q(until=None) | Q(until__gt=now), lifted_at=None)


class Hold(models.Model):
    """Nothing is sent while a hold is in force: a refused key, or the vendor's daily credit limit."""

    reason = models.TextField()
    since = models.DateTimeField(auto_now_add=True)
    until = models.DateTimeField(null=True, blank=True, help_text="Ends by itself then; without it, staff lift it.")
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True)

    objects = HoldQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]

    def __str__(self):
        return self.reason


class Lease(models.Model):
    """Who acts, of several that could. It is held until `until`, by the database's clock."""

    name = models.CharField(max_length=20, primary_key=True)
    holder = models.CharField(max_length=100)
    until = models.DateTimeField()

    def __str__(self):
        return f"{self.name}: {self.holder}"


class Minute(models.Model):
    """How many results came in one minute, for the chart of the last hour."""

    at = models.DateTimeField(primary_key=True, help_text="When it began.")
    matched = models.PositiveIntegerField(default=0)
    no_match = models.PositiveIntegerField(default=0)
    error = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField(null=True, help_text="When the last of them came.")

    class Meta:
        ordering = ["at"]

    def __str__(self):
        return f"{self.at:%H:%M}"

    @property
    def total(self):
        return self.matched + self.no_match + self.error
