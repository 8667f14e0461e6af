"""The Spend page, its file, budgets, and the start page of the reports."""

import csv
import io
import re

import pytest
from django.utils import timezone

from accounts.models import Team
from accounts.rights import Role
from batches.models import Batch, TeamBudget, Upload
from tests.factories import person
from tests.support.pages import read_page

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _noon_with_a_price(settings, time_machine):
    settings.PRICE_PER_CREDIT = 0.12
    time_machine.move_to("2026-11-26T12:00:00Z")


@pytest.fixture
def upload(finish_upload):
    finish_upload(12, name="roll.csv")
    Upload.objects.update(list_source="Travis County")
    Batch.objects.update(closed_at=timezone.now())
    return Upload.objects.get()


@pytest.fixture
def admin_browser(client, make_user):
    client.force_login(make_user("ada", Role.ADMINISTRATOR))
    return client


def get_text(browser, address="/spend/", **query):
    return read_page(browser.get(address, query))


def test_the_page_shows_the_total_the_days_and_what_was_paid_for(browser, upload):
    page = get_text(browser)
    for text in ("Nov 1 to 26", "$1.44", "100%", "of 12 people traced", "12 matches", "Travis County"):
        assert text in page
    assert "Nov 26: $1.44" in page
    assert "Nothing in Oct 1 to 26" in page
    assert "roll" in get_text(browser, by="list")


def test_without_a_price_costs_are_credits(browser, upload, settings):
    settings.PRICE_PER_CREDIT = 0
    page = get_text(browser)
    assert "12 credits" in page
    assert "$" not in page


def test_a_period_without_costs_says_so(browser, upload):
    page = get_text(browser, period="last-month")
    assert "Nothing was spent in this period." in page
    assert "$0.00" in page


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ({"since": "2026-11-20", "until": "2026-11-10"}, "The first day is after the last, or still to come."),
        ({"since": "2001-01-01", "until": "2026-11-10"}, "Choose a period of at most three years."),
        ({"since": "0001-01-01", "until": "0001-01-02"}, "Choose days from 2000 on."),
        ({"since": "x"}, "Enter a valid date."),
    ],
)
def test_wrong_days_are_explained(browser, query, problem):
    response = browser.get("/spend/", {"period": "custom"} | query)
    assert response.status_code == 422
    assert problem in read_page(response)


@pytest.mark.parametrize("query", [{"period": "x", "by": "y"}, {"period": "custom"}, {"since": "x"}])
def test_an_odd_address_shows_this_month(browser, upload, query):
    assert "Nov 1 to 26" in get_text(browser, **query)


def test_a_custom_period_includes_its_last_day(browser, upload):
    page = get_text(browser, period="custom", since="2026-11-26", until="9999-12-31")
    assert "$1.44" in page


def test_the_file_contains_what_the_page_shows(browser, upload):
    response = browser.get("/spend/export/", {"period": "month", "by": "source"})
    assert response["Content-Disposition"] == 'attachment; filename="spend-by-source-2026-11-01-2026-11-26.csv"'
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(text))) == [
        ["Source", "People", "Matches", "Match Rate", "Credits", "Cost (USD)", "Cost Per Match (USD)", "Share"],
        ["Travis County", "12", "12", "100%", "12.00", "1.44", "0.12", "100.0%"],
        ["Total", "12", "12", "100%", "12.00", "1.44", "0.12", "100.0%"],
    ]


def test_a_name_that_a_spreadsheet_would_run_is_escaped(browser, upload):
    Upload.objects.update(list_source="=HYPERLINK(1)")
    text = b"".join(browser.get("/spend/export/").streaming_content).decode()
    assert "\n=HYPERLINK" not in text


# Budgets


def test_administrators_set_a_budget_in_dollars(admin_browser, upload):
    team = Team.objects.get(name="Herndon")
    assert "Set a budget" in get_text(admin_browser)
    response = admin_browser.post(f"/team/teams/{team.pk}/budget/", {"amount": "5.00"}, follow=True)
    page = read_page(response)
    assert "Budget of Herndon: $5.00 a month." in page
    assert "Left of $5.00 this month" in page
    assert "$3.56" in page
    assert 'value="5.00"' in admin_browser.get(f"/team/teams/{team.pk}/budget/").content.decode()
    admin_browser.post(f"/team/teams/{team.pk}/budget/", {"amount": ""})
    assert TeamBudget.objects.get().credits is None
    assert "There are no limits." in get_text(admin_browser)


@pytest.mark.parametrize("amount", ["-1", "x", "1e99"])
def test_a_wrong_budget_is_refused(admin_browser, amount):
    team = Team.objects.get(name="Herndon")
    assert admin_browser.post(f"/team/teams/{team.pk}/budget/", {"amount": amount}).status_code == 422
    assert not TeamBudget.objects.exists()


def test_leads_see_their_teams_budget_and_cannot_change_it(browser, upload):
    team = Team.objects.get(name="Herndon")
    other = Team.objects.create(name="East")
    for each in (team, other):
        TeamBudget.objects.create(team=each, month="2026-11-01", credits=13, set_at=timezone.now())
    page = get_text(browser)
    assert "Nearly used up" in page
    assert "East" not in page
    assert f"/team/teams/{team.pk}/budget/" not in page
    assert browser.get(f"/team/teams/{team.pk}/budget/").status_code == 403


def test_the_limits_of_the_settings_are_shown_in_dollars(browser, upload, bob, settings):
    settings.DAILY_CREDIT_LIMIT, settings.UPLOAD_CREDIT_LIMIT, settings.APPROVAL_ABOVE = 100, 50, 25
    page = get_text(browser)
    for text in ("$12.00, of which", "left today", "$6.00 at most", "Above $3.00 started in one day", ": bob"):
        assert text in page


# Reports


def test_the_reports_page_leads_to_what_the_reader_may_open(browser, client, make_user):
    page = browser.get("/reports/").content.decode()
    for address in ("/spend/", "/scorecards/", "/reconciliation/"):
        assert f'href="{address}"' in page
    assert 'href="/audit/"' not in page
    client.force_login(make_user("ada", Role.ADMINISTRATOR))
    assert 'href="/audit/"' in client.get("/reports/").content.decode()


@pytest.mark.parametrize(
    ("address", "table", "query"), [("/spend/", "spend", "by=team"), ("/scorecards/", "scorecards", "by=list")]
)
def test_a_view_of_a_report_is_saved_under_a_name(browser, upload, address, table, query):
    browser.post(f"/tables/{table}/views/", {"name": "Mine", "query": query, "next": address})
    page = get_text(browser, address)
    assert f'href="{address}?{query}"' in page
    assert ">Mine</a>" in page


@pytest.fixture
def two_sources(upload, finish_upload):
    """Add a list of one person from another source. The name of this source comes first."""
    finish_upload([person(50)], name="cabell.csv")
    Upload.objects.filter(name="cabell").update(list_source="Cabell County")
    Batch.objects.update(closed_at=timezone.now())


@pytest.mark.parametrize(
    ("sort", "first", "direction"),
    [
        ("", "Travis County", "descending"),
        ("spent", "Cabell County", "ascending"),
        ("name", "Cabell County", "ascending"),
        ("-name", "Travis County", "descending"),
        ("-people", "Travis County", "descending"),
        ("people", "Cabell County", "ascending"),
        ("odd", "Travis County", "descending"),
    ],
)
def test_the_table_is_sorted_by_the_column_that_the_reader_chose(browser, two_sources, sort, first, direction):
    page = browser.get("/spend/", {"sort": sort}).content.decode()
    table = page[page.index("Where it went") :]
    assert min(("Travis County", "Cabell County"), key=table.index) == first
    assert re.findall(r'aria-sort="(\w+)"', table) == [direction]


def test_a_heading_leads_to_the_other_direction_and_the_file_has_the_same_order(browser, two_sources):
    page = browser.get("/spend/", {"sort": "people", "by": "list"}).content.decode()
    assert 'href="?sort=-people&amp;by=list"' in page
    assert 'href="?sort=-spent&amp;by=list"' in page
    response = browser.get("/spend/export/", {"sort": "people", "by": "list"})
    rows = list(csv.reader(io.StringIO(b"".join(response.streaming_content).decode("utf-8-sig"))))
    assert [row[0] for row in rows[1:]] == ["cabell", "roll", "Total"]
