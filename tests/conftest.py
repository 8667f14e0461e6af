import django_rq
import hypothesis
import pytest
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.db import connection
from django.utils import timezone

from batches.intake import row_import, uploads
from batches.intake.trace_settings import TraceSettings
from batches.models import Upload
from batches.results import digests
from batches.statuses import BatchStatus
from batches.tracing import closing, filing, packing, spending
from batches.tracing.lifecycle import move_batch
from batches.vendor import protocol
from batches.views import live
from tests.factories import answer_for, people, to_csv

hypothesis.settings.register_profile("fast", max_examples=25)


@pytest.fixture(scope="session", autouse=True)
def _right_database(request):
    """Tests meant for PostgreSQL must not run on SQLite unnoticed."""
    assert connection.vendor == request.config.getoption("database")


@pytest.fixture(autouse=True)
def _plain_settings(settings, tmp_path, monkeypatch):
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    django_rq.get_connection("vendor").flushdb()
    # Nobody is shown what another test has left.
    monkeypatch.setattr(live, "FRESH", 0)
    cache.clear()


@pytest.fixture
def alice(django_user_model):
    """Works with lists."""
    return django_user_model.objects.create_user("alice", password="alice-password")


@pytest.fixture
def charlie(django_user_model):
    """Staff."""
    return django_user_model.objects.create_superuser("charlie", password="charlie-password")


@pytest.fixture
def browser(client, alice):
    """Django's test client with alice logged in."""
    client.force_login(alice)
    return client


@pytest.fixture
def make_upload(alice):
    """An upload whose rows are checked, from rows or from a file's bytes."""

    def make(rows, name="people.csv", mapping=None, fixed=None, match=(), user=alice, settings=None, **options):
        content = rows if isinstance(rows, bytes) else to_csv(rows)
        upload = uploads.receive(ContentFile(content, name=name), user, **options)
        changes = {"mapping": mapping or upload.mapping, "fixed": fixed or {}, "match": list(match)} | (settings or {})
        uploads.accept_settings(upload, TraceSettings.from_upload(upload, **changes), user)
        row_import.check_rows(upload.pk)
        upload.refresh_from_db()
        return upload

    return make


@pytest.fixture
def start_upload(make_upload, alice):
    """A running upload, planned, with nothing sent yet."""

    def start(count_or_rows, **options):
        rows = people(count_or_rows) if isinstance(count_or_rows, int) else count_or_rows
        upload = make_upload(rows, **options)
        assert spending.start(upload, alice)
        packing.plan_upload(upload.pk)
        return Upload.objects.get(pk=upload.pk)

    return start


@pytest.fixture
def finish_upload(start_upload):
    """A complete upload of one batch: each person is answered with the bytes that `answers` gives for their place."""

    def finish(count, answers=None, digested=True, **options):
        upload = start_upload(count, **options)
        batch = upload.batches.get()
        move_batch(batch.pk, BatchStatus.SUBMITTING, submitted_at=timezone.now(), attempts=1)
        move_batch(batch.pk, BatchStatus.ACKNOWLEDGED, acknowledged_at=timezone.now())
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
