"""Errors are logged and shown without personal data."""

import asyncio
import gc
import io
import json
import logging
import sys
from contextlib import contextmanager

import pytest

from batches import jobs
from batches.database import name_error
from skipportal.log_filters import JsonFormatter, NoAsyncioDetails, NoJobTracebacks, PrivateFormatter


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
    # The time and the process id may have the digits alone.
    assert "555-" not in text


@contextmanager
def log_as_json(logger_name):
    """Collect the lines that a logger writes as JSON."""
    stream, logger = io.StringIO(), logging.getLogger(logger_name)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logger.addHandler(handler)
    try:
        yield stream
    finally:
        logger.removeHandler(handler)


def test_a_line_about_a_handled_database_error_has_its_code_too():
    error = ValueError("Ada Abbott")
    error.__cause__ = FullDiskError("202-555-0148")
    with log_as_json("batches") as stream:
        logging.getLogger("batches").error("Could not store a delivery: %s", name_error(error))
    assert json.loads(stream.getvalue())["sqlstate"] == "53100"
    assert "Abbott" not in stream.getvalue()


def fail_with_a_person(*_):
    first_name, phone = "Ada Abbott", "202-555-0148"
    raise ValueError(f"{first_name}, {phone}")


@pytest.mark.django_db
def test_the_line_of_a_failed_page_has_the_request_and_no_person(browser, monkeypatch):
    monkeypatch.setattr("batches.reports.progress.count_uploads", fail_with_a_person)
    browser.raise_request_exception = False
    with log_as_json("django.request") as stream:
        response = browser.get("/", headers={"X-Request-ID": "0123456789abcdef-proxy"})
    [line] = map(json.loads, stream.getvalue().splitlines())
    assert line["request_id"] == response["X-Request-ID"] == "0123456789abcdef-proxy"
    assert "fail_with_a_person" in line["exception"]
    assert "Abbott" not in stream.getvalue()
    assert "555-" not in stream.getvalue()


@pytest.mark.django_db
def test_the_line_of_a_failed_job_has_its_batch_and_no_person(monkeypatch):
    monkeypatch.setattr(jobs, "close_old_connections", lambda: None)
    monkeypatch.setattr(jobs.dispatch, "submit_batch", fail_with_a_person)
    with log_as_json("batches.jobs") as stream:
        with pytest.raises(ValueError, match="Ada"):
            jobs.submit_batch(17)
        logging.getLogger("batches.jobs").error("It is over.")
    failed, after = map(json.loads, stream.getvalue().splitlines())
    assert (failed["job"], failed["batch_id"]) == ("submit_batch", 17)
    assert "batch_id" not in after
    assert "Abbott" not in stream.getvalue()


def test_a_task_that_fails_is_logged_without_its_exception():
    async def fail():
        fail_with_a_person()

    async def forget_a_task():
        asyncio.get_running_loop().create_task(fail())
        await asyncio.sleep(0)

    with log_as_json("asyncio") as stream:
        [handler] = logging.getLogger("asyncio").handlers
        handler.addFilter(NoAsyncioDetails())
        asyncio.run(forget_a_task())
        gc.collect()
    [line] = map(json.loads, stream.getvalue().splitlines())
    assert line["message"] == "Task exception was never retrieved"
    assert "Abbott" not in stream.getvalue()
