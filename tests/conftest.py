import gc
import shutil

import django_rq
import hypothesis
import pytest
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.db import connection
from django.utils import timezone

from batches import jobs
from batches.files import isolated_reader, parsing
from batches.intake import row_import, uploads
from batches.intake.trace_settings import TraceSettings
from batches.models import Receiver, Upload
from batches.results import digests
from batches.statuses import BatchStatus
from batches.tracing import closing, dispatch, filing, lifecycle, packing, spending
from batches.tracing.lifecycle import transition_batch
from batches.vendor import protocol
from batches.views import live
from tests.factories import answer_for, people, to_csv
from tests.support.services import make_directory
from webhooks import tasks as webhook_tasks
from webhooks.inbound import filing as inbound_filing

# The time to generate examples depends on the load of the machine.
ALLOW_SLOW = {"suppress_health_check": [hypothesis.HealthCheck.too_slow]}
hypothesis.settings.register_profile("whole", **ALLOW_SLOW)
hypothesis.settings.register_profile("fast", max_examples=25, **ALLOW_SLOW)
hypothesis.settings.load_profile("whole")


def pytest_collection_finish():
    """Exclude objects that live until the end from garbage collection: all of Django, and thousands of tests."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _right_database(request):
    """Fail if tests meant for PostgreSQL are run on SQLite."""
    assert connection.vendor == request.config.getoption("database")


@pytest.fixture(autouse=True)
def _plain_settings(settings, tmp_path, monkeypatch):
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    django_rq.get_connection("vendor").flushdb()
    # Do not show what another test has cached.
    monkeypatch.setattr(live, "FRESH_SECONDS", 0)
    cache.clear()


@pytest.fixture
def time_machine(time_machine, monkeypatch):
    """Change the database's clock along with the time machine."""
    for module in (jobs, dispatch, lifecycle, inbound_filing, webhook_tasks):
        monkeypatch.setattr(module, "read_now", timezone.now)
    statement = filing.file_statement
    monkeypatch.setattr(
        filing, "file_statement", lambda outcome: statement(outcome).replace("statement_timestamp()", "%(now)s")
    )
    return time_machine


@pytest.fixture
def short_directory():
    """Create a directory that other users can read, with a short path."""
    directory = make_directory()
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def _no_receiver():
    """Read from the database whether a receiver is alive. Without this fixture, there always is one."""


@pytest.fixture(autouse=True)
def _live_receiver(request, monkeypatch):
    """Make a receiver alive, unless a test uses `_no_receiver`."""
    if "_no_receiver" not in request.fixturenames:
        monkeypatch.setattr(Receiver, "is_any_alive", lambda: True)


@pytest.fixture
def alice(django_user_model):
    """Return a user who works with lists."""
    return django_user_model.objects.create_user("alice", password="alice-password")


@pytest.fixture
def bob(django_user_model):
    """Return a user who may approve lists."""
    user = django_user_model.objects.create_user("bob", password="bob-password")
    user.user_permissions.add(Permission.objects.get(codename="approve_upload"))
    return user


@pytest.fixture
def charlie(django_user_model):
    """Return a staff user."""
    return django_user_model.objects.create_superuser("charlie", password="charlie-password")


@pytest.fixture
def browser(client, alice):
    """Return Django's test client, logged in as alice."""
    client.force_login(alice)
    return client


@pytest.fixture
def staff(client, charlie):
    """Return Django's test client, logged in as charlie."""
    client.force_login(charlie)
    return client


@pytest.fixture
def make_upload(alice, monkeypatch):
    """Make an upload with checked rows, from rows or a file's bytes. Its file is read in this process, to save time."""

    def make(*args, **options):
        with monkeypatch.context() as here:
            here.setattr(isolated_reader, "examine", parsing.examine)
            here.setattr(isolated_reader, "rows", parsing.rows)
            return make_here(*args, **options)

    def make_here(rows, name="people.csv", mapping=None, fixed=None, match=(), user=alice, settings=None, **options):
        content = rows if isinstance(rows, bytes) else to_csv(rows)
        upload = uploads.receive(ContentFile(content, name=name), user, **options)
        changes = {
            "mapping": mapping or upload.mapping,
            "constants": fixed or {},
            "match_requirements": list(match),
        } | (settings or {})
        uploads.accept_settings(upload, TraceSettings.from_upload(upload, **changes), user)
        row_import.check_rows(upload.pk)
        upload.refresh_from_db()
        return upload

    return make


@pytest.fixture
def start_upload(make_upload, alice):
    """Start an upload. It is planned, but nothing is sent yet."""

    def start(count_or_rows, **options):
        rows = people(count_or_rows) if isinstance(count_or_rows, int) else count_or_rows
        upload = make_upload(rows, **options)
        assert spending.start(upload, alice)
        packing.plan_upload(upload.pk)
        return Upload.objects.get(pk=upload.pk)

    return start


@pytest.fixture
def finish_upload(start_upload):
    """Complete an upload of one batch. `answers` returns each person's answer, given the item and its position."""

    def finish(count, answers=None, digested=True, **options):
        upload = start_upload(count, **options)
        batch = upload.batches.get()
        transition_batch(batch.pk, BatchStatus.SUBMITTING, submitted_at=timezone.now(), attempts=1)
        transition_batch(batch.pk, BatchStatus.ACKNOWLEDGED, acknowledged_at=timezone.now())
        for place, item in enumerate(batch.items.order_by("pk")):
            body = answers(item, place) if answers else answer_for(item)
            assert filing.file_answer(batch.token, protocol.decode_answer(body), body.decode()) is filing.Filing.FILED
        closing.close_batch(batch.pk)
        closing.complete_uploads(timezone.now())
        if digested:
            digests.digest_batch(batch.pk)
            digests.digest_upload(upload.pk)
        return Upload.objects.get(pk=upload.pk)

    return finish
