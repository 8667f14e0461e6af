"""Dates and times have one form on all pages, in the reader's time zone."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.utils.dateformat import format as format_date

from batches.tables.columns import DATETIME_FORMAT, DATETIME_WITH_SECONDS
from batches.templatetags import moments

MOMENT = datetime(2026, 11, 26, 14, 3, 5, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _november(time_machine):
    time_machine.move_to("2026-11-28T12:00:00Z")


def test_times_have_no_leading_zero_and_say_am_or_pm():
    assert moments.date_and_time(MOMENT) == "Nov 26, 2:03 PM"
    assert moments.date_and_seconds(MOMENT) == "Nov 26, 2:03:05 PM"
    assert moments.time_and_zone(MOMENT) == "2:03:05 PM UTC"


def test_another_year_is_named():
    assert moments.date_and_time(MOMENT.replace(year=2025, hour=0)) == "Nov 26, 2025, 12:03 AM"
    assert moments.full_date_and_time(MOMENT) == "Nov 26, 2026, 2:03:05 PM UTC"


def test_without_a_time_there_is_no_text():
    assert moments.date_and_time(None) == moments.date_and_seconds(None) == moments.full_date_and_time(None) == ""


def test_tables_show_the_same_forms():
    assert format_date(MOMENT, DATETIME_FORMAT) == moments.date_and_time(MOMENT)
    assert format_date(MOMENT, DATETIME_WITH_SECONDS) == moments.date_and_seconds(MOMENT)


def test_no_column_extends_the_form_of_times():
    apps = [Path(settings.BASE_DIR, app) for app in ("batches", "notices", "webhooks")]
    texts = [path.read_text() for app in apps for path in app.rglob("*.py") if "tables" in str(path.relative_to(app))]
    assert any("DATETIME_WITH_SECONDS" in text for text in texts)
    assert not any("{DATETIME_FORMAT}" in text for text in texts)


def test_no_template_has_a_form_of_its_own_for_times():
    texts = {path: path.read_text() for path in Path(settings.BASE_DIR, "templates").rglob("*.html")}
    own_forms = [str(path) for path, text in texts.items() if re.search(r'\|(?:date|time):"[^"]*[GgHh]:', text)]
    assert texts
    assert own_forms == []
