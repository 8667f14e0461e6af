"""What each user has chosen for the tables of the pages: columns, rows per page, and saved views."""

from typing import Self

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.db.models import Q

DEFAULT_PAGE_SIZE = 25
EXPORT_TABLE = "export"
"""The table of the choices of an export, which are saved as presets."""
EVERYONE = "everyone"


class TableChoice(models.Model):
    """The columns of a table that a user wants to see, and how many rows per page."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    table = models.CharField(max_length=40)
    rows = models.PositiveSmallIntegerField(default=DEFAULT_PAGE_SIZE, db_default=DEFAULT_PAGE_SIZE)
    columns = models.CharField(
        max_length=1000, blank=True, default="", db_default="", help_text="As in ?columns=. Empty: all columns."
    )

    class Meta:
        verbose_name = "choice of columns"
        verbose_name_plural = "choices of columns"
        constraints = [models.UniqueConstraint(fields=["user", "table"], name="table_choice_once_per_user")]

    def __str__(self) -> str:
        return f"{self.table}: {self.rows} rows"


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def of_table(self, user: User, table: str) -> Self:
        """Keep the views that a user has saved for a table, in the order in which they were saved."""
        return self.filter(user=user, table=table).order_by("pk")

    def presets_for(self, user: User | None) -> Self:
        """Keep the presets of exports that a user may use: their own, and those shared with everyone or their role.

        Without a user, keep those that are shared with everyone.
        """
        may_use = Q(shared_with=EVERYONE)
        if user:
            may_use |= Q(user=user) | Q(shared_with__in=user.groups.values("name"))
        return self.filter(may_use, table=EXPORT_TABLE).select_related("user").order_by("pk")


class SavedView(models.Model):
    """A name that a user has given to the filters, order and columns of a table, or to the choices of an export."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_views")
    table = models.CharField(max_length=40)
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=2000, blank=True, help_text="The query string. It contains no typed words.")
    shared_with = models.CharField(
        max_length=20,
        blank=True,
        default="",
        db_default="",
        help_text="For presets of exports: a role, “everyone”, or empty for the user alone.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        verbose_name = "saved view"
        verbose_name_plural = "saved views"
        constraints = [models.UniqueConstraint(fields=["user", "table", "name"], name="saved_view_name_once")]

    def __str__(self) -> str:
        return self.name
