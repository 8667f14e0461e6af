"""Leads and administrators are warned once a month of a budget that is nearly or wholly used up."""

from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.models import Team
from accounts.rights import Role
from batches.models import Batch, Upload
from batches.statuses import UploadStatus
from batches.tracing import budgets
from notices import triggers
from notices.models import Kind, Notice

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _noon_in_november(settings, time_machine):
    settings.PRICE_PER_CREDIT = 0.12
    time_machine.move_to("2026-11-12T12:00:00Z")


@pytest.fixture
def team(alice, make_user):
    """Return a team with a lead (alice) and a member. Other teams have an administrator and a lead."""
    make_user("zoe", Role.MEMBER)
    make_user("ada", Role.ADMINISTRATOR, team="Leesburg")
    make_user("yan", Role.LEAD, team="East")
    return Team.objects.get(name="Herndon")


@pytest.fixture
def spend_credits(finish_upload, team):
    """Return a function that makes the team spend 12 credits in November, with the given budget."""

    def spend_credits(budget):
        finish_upload(12)
        Batch.objects.update(closed_at=timezone.now())
        budgets.set_budget(team, Decimal(budget), None)

    return spend_credits


def notify():
    """Return (user name, kind) of all notices about budgets."""
    triggers.notify_budgets(timezone.now())
    return sorted(Notice.objects.values_list("user__username", "kind"))


def test_nobody_is_warned_below_80_percent(spend_credits):
    spend_credits(16)
    assert notify() == []


def test_leads_of_the_team_and_administrators_are_warned_once_a_month(spend_credits, time_machine):
    spend_credits(15)
    warned = [("ada", Kind.BUDGET), ("alice", Kind.BUDGET)]
    assert notify() == warned
    assert notify() == warned
    notice = Notice.objects.first()
    assert notice.text == "Team Herndon has spent 80% of its budget for November: $1.44 of $1.80."
    assert notice.target == "/spend/"
    time_machine.move_to("2026-12-12T12:00:00Z")
    assert notify() == warned
    Batch.objects.update(closed_at=timezone.now())
    assert notify() == sorted(2 * warned)


def test_a_used_up_budget_is_reported_in_a_notice_of_its_own(spend_credits, team):
    spend_credits(15)
    notify()
    budgets.set_budget(team, Decimal(12), None)
    used_up = [("ada", Kind.BUDGET_USED_UP), ("alice", Kind.BUDGET_USED_UP)]
    assert notify() == sorted([("ada", Kind.BUDGET), ("alice", Kind.BUDGET), *used_up])
    assert Notice.objects.first().text == (
        "Team Herndon's budget for November is used up. An administrator can raise it. "
        "Until then, or until the month ends, its lists wait."
    )


def test_a_list_that_waits_although_nobody_is_in_flight_is_reported(spend_credits):
    spend_credits(100)
    Upload.objects.update(status=UploadStatus.RUNNING, wait_reason="Too little for the next batch.")
    assert notify() == [("ada", Kind.BUDGET_USED_UP), ("alice", Kind.BUDGET_USED_UP)]
    assert "has $10.56 left, too little for the next batch" in Notice.objects.first().text
