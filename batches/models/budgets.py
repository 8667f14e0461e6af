"""What a team may spend in a calendar month."""

from datetime import date
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef
from django.utils import timezone


class TeamBudgetQuerySet(models.QuerySet["TeamBudget"]):
    def in_force(self, month: date) -> Self:
        """Keep the budget of each team that applies in a month, given by its first day. Teams without one are left out.

        A budget applies from its month on, until a later one replaces it.
        """
        later = TeamBudget.objects.filter(team=OuterRef("team"), month__lte=month, month__gt=OuterRef("month"))
        return self.filter(~Exists(later), month__lte=month, credits__isnull=False)


class TeamBudget(models.Model):
    """What a team may spend in each calendar month, from one month on.

    Earlier rows stay, so that it is known which budget a past month had.
    """

    team = models.ForeignKey("accounts.Team", models.CASCADE, related_name="budgets")
    month = models.DateField(help_text="The first day of the month from which it applies, in the portal's time zone.")
    credits = models.DecimalField(
        max_digits=16, decimal_places=4, null=True, blank=True, help_text="Empty: no budget from this month on."
    )
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    set_at = models.DateTimeField(default=timezone.now)

    objects = TeamBudgetQuerySet.as_manager()

    class Meta:
        verbose_name = "budget"
        verbose_name_plural = "budgets"
        ordering = ["team", "-month"]
        constraints = [models.UniqueConstraint(fields=["team", "month"], name="budget_once_per_month")]

    def __str__(self) -> str:
        return f"{self.team} from {self.month:%B %Y}"
