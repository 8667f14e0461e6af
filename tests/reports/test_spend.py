"""The periods, sums and chart of the Spend page."""

from datetime import date
from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.models import Team
from accounts.rights import Role
from batches.models import Batch, Item, Upload
from batches.reports import spend
from batches.statuses import BatchStatus, Outcome, UploadStatus
from batches.tracing import budgets
from tests.factories import person

TODAY = date(2026, 11, 26)


@pytest.mark.parametrize(
    ("key", "days", "before"),
    [
        ("week", "Nov 23 to 26", "Nov 16 to 19"),
        ("month", "Nov 1 to 26", "Oct 1 to 26"),
        ("last-month", "Oct 1 to 31", "Sep 1 to 30"),
        ("quarter", "Oct 1 to Nov 26", "Jul 1 to Aug 26"),
    ],
)
def test_a_period_is_compared_with_as_many_days_of_the_one_before(key, days, before):
    period = spend.find_period(key, TODAY)
    assert spend.format_days(period.first, period.last) == days
    assert spend.format_days(period.before_first, period.before_last) == before


def test_the_end_of_a_long_month_is_compared_with_the_whole_short_one():
    period = spend.find_period("month", date(2026, 3, 31))
    assert (period.before_first, period.before_last) == (date(2026, 2, 1), date(2026, 2, 28))


def test_a_custom_period_is_compared_with_the_days_before_it():
    period = spend.find_period("custom", TODAY, date(2026, 1, 3), date(2026, 1, 9))
    assert (period.days, period.before_first, period.before_last) == (7, date(2025, 12, 27), date(2026, 1, 2))
    assert spend.format_days(period.before_first, period.before_last) == "Dec 27, 2025 to Jan 2, 2026"


@pytest.mark.parametrize(
    ("first", "unit", "bars"),
    [(date(2026, 11, 1), "day", 26), (date(2026, 1, 1), "week", 48), (date(2025, 1, 15), "month", 23)],
)
def test_long_periods_have_a_bar_for_each_week_or_month(first, unit, bars):
    plot = spend.draw_plot(spend.find_period("custom", TODAY, first, TODAY), [], TODAY)
    assert (plot.unit, len(plot.bars)) == (unit, bars)
    assert (plot.bars[0].first, plot.bars[-1].last) == (first, TODAY)
    gaps = [(after.first - bar.last).days for bar, after in zip(plot.bars, plot.bars[1:], strict=False)]
    assert set(gaps) == {1}


@pytest.mark.parametrize(
    ("amount", "top"),
    [("0", "1"), ("0.48", "0.5"), ("1", "1"), ("11", "20"), ("428.64", "500"), ("1000", "1000"), ("6100", "8000")],
)
def test_the_scale_ends_at_a_round_number(amount, top):
    assert spend.round_up_scale(Decimal(amount)) == Decimal(top)


@pytest.mark.django_db
class TestSums:
    @pytest.fixture(autouse=True)
    def _noon(self, time_machine, settings):
        time_machine.move_to("2026-11-26T12:00:00Z")

    @pytest.fixture
    def make_batch(self, make_upload):
        """Return a function that makes a list with a closed batch of 20 people, of whom 10 matched at a credit each."""
        numbers = iter(range(100))

        def make(closed_at, user=None, **fields):
            options = {"user": user} if user else {}
            upload = make_upload([person(1000 + next(numbers))], **options)
            Upload.objects.filter(pk=upload.pk).update(status=UploadStatus.COMPLETE, **fields)
            counts = {"matched": 10, "no_match": 8, "error": 1, "missing": 1, "credits": 10, "earlier_credits": 1}
            upload.batches.create(
                number=1, size=20, status=BatchStatus.CLOSED, closed_at=closed_at, attempts=1, **counts
            )
            return upload

        return make

    def load(self, user, by="source", key="month"):
        return spend.load_spend(user, spend.find_period(key, TODAY), by, timezone.now())

    def test_closed_batches_are_summed_by_day_and_group(self, make_batch, alice):
        make_batch("2026-11-01T00:00:00Z", list_source="Roll")
        make_batch("2026-11-26T11:00:00Z", list_source="Roll")
        make_batch("2026-11-26T11:00:00Z")
        make_batch("2026-10-26T23:59:59Z", list_source="Roll")
        for outside in ("2026-10-31T23:59:59Z", "2026-09-30T23:59:59Z"):
            make_batch(outside, list_source="Roll")
        report = self.load(alice)
        assert (report.total.credits, report.total.done, report.total.matched) == (33, 60, 30)
        assert (report.before.credits, report.change) == (11, "200% more than Oct 1 to 26 (11 credits)")
        found = [(group.name, group.credits, group.done, group.match_rate) for group in report.groups]
        assert found == [("Roll", 22, 40, 53), ("No source given", 11, 20, 53)]
        costs = {bar.label: bar.counts.credits for bar in report.plot.used_bars}
        assert costs == {"Nov 1": 11, "Nov 26": 22}

    def test_groups_are_lists_uploaders_or_teams(self, make_batch, alice, make_user):
        zoe = make_user("zoe", Role.MEMBER)
        first = make_batch("2026-11-02T00:00:00Z", name="Roll A")
        make_batch("2026-11-02T00:00:00Z", user=zoe, team=None, name="Roll B")
        ada = make_user("ada", Role.ADMINISTRATOR, team=None)
        lists = self.load(ada, "list").groups
        assert next((group.name, group.address) for group in lists) == ("Roll A", first.get_absolute_url())
        assert sorted(group.name for group in self.load(ada, "uploader").groups) == ["alice", "zoe"]
        assert sorted(group.name for group in self.load(ada, "team").groups) == ["Herndon", "No team"]

    def test_leads_see_what_their_team_spent_and_members_what_their_own_lists_cost(self, make_batch, alice, make_user):
        zoe, other = make_user("zoe", Role.MEMBER), make_user("yan", Role.LEAD, team="East")
        make_batch("2026-11-02T00:00:00Z")
        make_batch("2026-11-02T00:00:00Z", user=zoe)
        seen = {user: self.load(user).total.credits for user in (alice, zoe, other)}
        assert seen == {alice: 22, zoe: 11, other: 0}

    def test_open_batches_count_for_today_with_what_they_have_cost_so_far(self, start_upload, alice):
        upload = start_upload(12)
        Batch.objects.update(
            status=BatchStatus.ACKNOWLEDGED, attempts=1, submitted_at=timezone.now(), earlier_credits=2
        )
        answered = list(Item.objects.values_list("pk", flat=True)[:3])
        Item.objects.filter(pk__in=answered).update(outcome=Outcome.MATCHED, credits=1, answered_at=timezone.now())
        report = self.load(alice, "list")
        assert [(group.name, group.credits, group.matched) for group in report.groups] == [(upload.name, 5, 3)]
        assert report.plot.bars[-1].counts.credits == 5
        assert self.load(alice, key="last-month").total.credits == 0

    def test_late_answers_of_people_in_a_dissolved_batch_or_in_none_count_for_their_day(self, start_upload, alice):
        start_upload(12)
        Batch.objects.update(status=BatchStatus.DISSOLVED, attempts=1, submitted_at="2026-11-20T12:00:00Z")
        first, second = Item.objects.values_list("pk", flat=True)[:2]
        late = {"outcome": Outcome.MATCHED, "credits": 1, "answered_at": "2026-11-21T12:00:00Z"}
        Item.objects.filter(pk=first).update(**late)
        Item.objects.filter(pk=second).update(batch=None, **late)
        report = self.load(alice)
        assert (report.total.credits, report.total.matched) == (2, 2)
        assert {bar.label for bar in report.plot.used_bars} == {"Nov 21"}

    def test_the_sums_of_groups_and_days_agree_with_the_total(self, make_batch, alice, monkeypatch):
        monkeypatch.setattr(spend, "MAX_GROUPS", 2)
        for day in range(1, 6):
            make_batch(f"2026-11-0{day}T12:00:00Z", name=f"List {day}")
        report = self.load(alice, "list")
        assert sum(bar.counts.credits for bar in report.plot.bars) == report.total.credits == 55
        assert (len(report.shown_groups), report.others.name, report.others.credits) == (2, "3 more", 33)
        rows = list(spend.export_rows(report, "list"))
        assert [row[0] for row in rows] == ["List", "List 1", "List 2", "List 3", "List 4", "List 5", "Total"]

    def test_the_number_of_queries_does_not_depend_on_the_number_of_batches(
        self, make_batch, start_upload, alice, django_assert_max_num_queries
    ):
        def count():
            with django_assert_max_num_queries(40) as captured:
                self.load(alice)
            return len(captured)

        make_batch("2026-11-02T00:00:00Z")
        start_upload(12)
        Batch.objects.exclude(status=BatchStatus.CLOSED).update(status=BatchStatus.ACKNOWLEDGED, attempts=1)
        self.load(alice)
        before = count()
        for day in range(3, 9):
            make_batch(f"2026-11-0{day}T00:00:00Z", list_source=f"Source {day}")
        assert count() == before <= 15

    def test_a_team_without_lists_has_a_balance(self, alice, make_user):
        budgets.set_budget(Team.objects.get(name="Herndon"), Decimal(50), None)
        assert [each.left for each in self.load(alice).balances] == [50]
        assert self.load(make_user("zoe", Role.MEMBER)).balances == []

    def test_the_month_has_a_budget_if_every_team_with_lists_has_one(self, make_batch, alice, make_user):
        ada, zoe = make_user("ada", Role.ADMINISTRATOR), make_user("zoe", Role.MEMBER)
        yan = make_user("yan", Role.LEAD, team="East")
        now = timezone.now()
        make_batch("2026-11-02T00:00:00Z")
        assert spend.load_month_budget(alice, now) is None
        budgets.set_budget(Team.objects.get(name="Herndon"), Decimal(50), ada)
        assert [spend.load_month_budget(user, now) for user in (alice, ada, zoe, yan)] == [50, 50, None, None]
        make_batch("2026-11-02T00:00:00Z", user=yan)
        assert spend.load_month_budget(ada, now) is None
        budgets.set_budget(Team.objects.get(name="East"), Decimal(20), ada)
        assert [spend.load_month_budget(user, now) for user in (alice, ada, yan)] == [50, 70, 20]
