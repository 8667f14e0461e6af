"""Errors are logged and shown without personal data."""

import json
import logging
import sys

import pytest

from batches import jobs
from skipportal.log_filters import JsonFormatter, NoJobTracebacks, PrivateFormatter


def format_failure(text):
    try:
        raise ValueError(text)
    except ValueError:
        record = logging.LogRecord("django.request", logging.ERROR, __file__, 1, "It failed.", None, sys.exc_info())
    return PrivateFormatter("%(message)s").format(record)


def test_the_message_of_an_exception_is_not_logged():
    text = format_failure("invalid row: Ada Abbott, 202-555-0148")
    assert "Abbott" not in text
    assert "format_failure" in text
    assert text.endswith("ValueError")


def test_rqs_own_records_of_failed_jobs_are_dropped():
    is_kept = NoJobTracebacks().filter
    assert not is_kept(logging.LogRecord("rq.worker", logging.ERROR, "", 1, "Ada Abbott", None, None))
    assert is_kept(logging.LogRecord("batches.jobs", logging.ERROR, "", 1, "A job failed", None, None))


@pytest.mark.django_db
def test_a_failed_job_is_logged_without_the_message_of_the_exception(monkeypatch, caplog):
    text = "Ada Abbott"

    def fail(_):
        raise ValueError(text)

    monkeypatch.setattr(jobs, "close_old_connections", lambda: None)
    monkeypatch.setattr(jobs.row_import, "check_rows", fail)
    with pytest.raises(ValueError, match="Ada"):
        jobs.check_rows(5)
    record = next(record for record in caplog.records if record.name == "batches.jobs")
    assert PrivateFormatter("%(message)s").format(record).startswith("The job check_rows(5,) failed.")
    assert "Abbott" not in PrivateFormatter("%(message)s").format(record)


@pytest.mark.django_db
def test_a_failing_page_shows_no_details(browser, monkeypatch, client):
    def fail(*_):
        raise ValueError("Ada Abbott")

    monkeypatch.setattr("batches.reports.progress.count_uploads", fail)
    browser.raise_request_exception = False
    response = browser.get("/")
    assert response.status_code == 500
    assert "Something went wrong" in response.content.decode()
    assert "Abbott" not in response.content.decode()


class FullDiskError(Exception):
    sqlstate = "53100"


def test_a_line_of_json_has_the_code_of_a_database_error_but_not_its_message():
    name, number = "Ada Abbott", "202-555-0148"
    try:
        raise ValueError(name) from FullDiskError(number)
    except ValueError:
        record = logging.LogRecord("batches", logging.ERROR, "", 1, "List %s failed.", (7,), sys.exc_info())
    text = JsonFormatter().format(record)
    line = json.loads(text)
    assert line | {"level": "ERROR", "logger": "batches", "message": "List 7 failed.", "sqlstate": "53100"} == line
    assert "Abbott" not in text
    assert "555" not in text
