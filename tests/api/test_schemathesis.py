"""Every operation answers generated inputs, valid and invalid ones, as the OpenAPI document says."""

import contextlib

import hypothesis
import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from schemathesis import GenerationMode

from api import auth, routes
from batches.files import isolated_reader, parsing
from tests.factories import people, to_csv

pytestmark = pytest.mark.django_db
MAX_EXAMPLES = 10
"""How many valid and how many invalid inputs are generated for each operation."""

FILE = to_csv(people(3))

schema = schemathesis.openapi.from_dict(routes.api.get_openapi_schema())
schema.app = WSGIHandler()
# `schema.parametrize` would give the tests of all operations one name, and workers could not tell them apart.
OPERATIONS = [found.ok() for found in schema.get_all_operations()]


@pytest.fixture
def records(make_upload, start_upload):
    """Return the ids of a running list, of a list that is ready, and of a person."""
    running = start_upload(12)
    return [running.pk, make_upload(people(2)).pk, running.items.first().pk]


@pytest.fixture
def _no_limits(settings, monkeypatch):
    """Allow any number of calls, including those that try wrong tokens."""
    settings.API_RATE = 0
    monkeypatch.setattr(auth, "WRONG_TOKENS_PER_MINUTE", 0)


@pytest.fixture
def _read_files_here(monkeypatch):
    """Read files in this process, to save time."""
    monkeypatch.setattr(isolated_reader, "examine", parsing.examine)


@pytest.fixture
def _one_connection():
    """Keep the connection of the test's transaction open after a request, as Django's test client does."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.parametrize("operation", OPERATIONS, ids=[operation.label for operation in OPERATIONS])
@pytest.mark.parametrize("mode", GenerationMode, ids=[mode.value for mode in GenerationMode])
@pytest.mark.usefixtures("_no_limits", "_one_connection", "_read_files_here")
def test_answers_are_as_documented(operation, mode, token, records):
    _, secret = token

    @hypothesis.settings(max_examples=MAX_EXAMPLES, suppress_health_check=list(hypothesis.HealthCheck), deadline=None)
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def call(case):
        key = case.path_parameters.get("pk")
        if isinstance(key, int):
            # Most generated ids do not exist.
            case.path_parameters["pk"] = records[key % len(records)]
        if isinstance(case.body, dict):
            # No schema can say which columns or users exist, which values suit a field, or which day is today.
            unknowable = ("mapping", "fixed", "owner", "tags", "received_at")
            case.body = {name: value for name, value in case.body.items() if name not in unknowable}
            if "file" in case.body:
                case.body["file"] = FILE
        case.call_and_validate(
            headers={"Authorization": f"Bearer {secret}"},
            # Parameters that an operation does not know are ignored.
            excluded_checks=[schemathesis.checks.negative_data_rejection],
        )

    # An operation without any input has no invalid input.
    with contextlib.suppress(hypothesis.errors.Unsatisfiable):
        call()
