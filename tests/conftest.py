import gc
import shutil

import django_rq
import hypothesis
import pytest
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.db import connection
from django.db.models import F
from django.utils import timezone

from accounts import encryption
from accounts.models import Team
from accounts.rights import Role
from batches import jobs, partitions
from batches.files import isolated_reader, parsing
from batches.intake import row_import, uploads
from batches.intake.trace_settings import TraceSettings
from batches.models import Item, Receiver, Upload, VendorAccount
from batches.results import digests
from batches.statuses import BatchStatus
from batches.tracing import closing, dispatch, filing, item_keys, lifecycle, packing, spending, vendor_keys
from batches.tracing.lifecycle import transition_batch
from batches.vendor import protocol
from batches.views import live
from tests.factories import answer_for, people, to_csv
from tests.support.roles import get_role
from tests.support.services import make_directory
from webhooks import tasks as webhook_tasks
from webhooks.inbound import filing as inbound_filing

# How long it takes to generate and to try examples depends on the load of the machine.
NO_TIME_CHECK = {"suppress_health_check": [hypothesis.HealthCheck.too_slow], "deadline": None}
hypothesis.settings.register_profile("full", **NO_TIME_CHECK)
hypothesis.settings.register_profile("fast", max_examples=25, **NO_TIME_CHECK)
hypothesis.settings.load_profile("full")


def pytest_collection_finish():
    """Exclude long-lived objects, such as all of Django and thousands of tests, from garbage collection."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _requested_database(request):
    """Fail if the tests run on a database other than the one requested."""
    assert connection.vendor == request.config.getoption("database")


PARTITIONS = 20
"""How many partitions there are with `--people-per-partition`. The people of later tests are in the last one."""


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker, request):
    """Set up the database, and allow transactional tests to flush all tables.

    SQLite deletes row by row, which a trigger of the audit log refuses. PostgreSQL truncates the table.
    """
    if people := request.config.getoption("people_per_partition"):
        with django_db_blocker.unblock():
            partitions.partition(people)
            for table in partitions.TABLES:
                for begin in range(3 * people, PARTITIONS * people, people):
                    partitions.add_partition(table, (begin, begin + people))
    if connection.vendor == "sqlite":
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER IF EXISTS accounts_protect_audit_log_delete")


@pytest.fixture(autouse=True)
def _clean_environment(settings, tmp_path, monkeypatch):
    """Use settings that are fast and need no collected static files, and clear what earlier tests left behind."""
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.PRICE_PER_CREDIT = 0
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    django_rq.get_connection("vendor").flushdb()
    cache.clear()
    item_keys.known_bases.clear()
    partitions.forget()
    vendor_keys.known_accounts.clear()
    vendor_keys.account_keys.clear()
    # The process also keeps the live part that it rendered last.
    monkeypatch.setattr(live, "FRESH_SECONDS", 0)


@pytest.fixture
def time_machine(time_machine, monkeypatch):
    """Make time travel also affect code that reads the database's time."""
    for module in (jobs, dispatch, lifecycle, inbound_filing, webhook_tasks):
        monkeypatch.setattr(module, "read_now", timezone.now)
    for module in (closing, dispatch, filing):
        monkeypatch.setattr(module, "Now", timezone.now)
    file_statement = filing.file_statement
    monkeypatch.setattr(
        filing, "file_statement", lambda *of: file_statement(*of).replace("statement_timestamp()", "%(now)s")
    )
    return time_machine


@pytest.fixture
def stopped_time(time_machine):
    """Stop the time, however long a busy machine takes for the test. Return it."""
    now = timezone.now()
    time_machine.move_to(now, tick=False)
    return now


@pytest.fixture
def short_directory():
    """Create a directory that other users can read, with a short path."""
    directory = make_directory()
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def _real_receiver_check():
    """Check for a live receiver in the database, as in production, instead of pretending that there is one."""


@pytest.fixture(autouse=True)
def _live_receiver(request, monkeypatch):
    """Pretend that a receiver is alive, unless a test uses `_real_receiver_check`."""
    if "_real_receiver_check" not in request.fixturenames:
        monkeypatch.setattr(Receiver, "is_any_alive", lambda: True)


@pytest.fixture
def alice(make_user):
    """Return a user who works with lists."""
    return make_user("alice", Role.LEAD)


@pytest.fixture
def bob(make_user):
    """Return a user who works with lists and may approve them."""
    return make_user("bob", Role.LEAD, Role.APPROVER)


@pytest.fixture
def make_user(django_user_model):
    """Return a function that makes a user with roles, in a team. The password is the name followed by `-password`."""

    def make(name, *roles, team="Herndon"):
        user = django_user_model.objects.create_user(name, password=f"{name}-password")
        user.groups.set([get_role(role) for role in roles])
        if team:
            user.teams.add(Team.objects.get_or_create(name=team)[0])
        return user

    return make


@pytest.fixture
def make_account():
    """Return a function that adds a vendor account for teams, by their names. Its key is `key-of-` and its name."""

    def make(name, *team_names, **values):
        account = VendorAccount.objects.create(name=name, encrypted_key=encryption.encrypt(f"key-of-{name}"), **values)
        account.teams.set(Team.objects.get_or_create(name=team)[0] for team in team_names)
        return account

    return make


@pytest.fixture
def charlie(django_user_model):
    """Return a superuser."""
    return django_user_model.objects.create_superuser("charlie", password="charlie-password")


@pytest.fixture
def browser(client, alice):
    """Return Django's test client, logged in as alice."""
    client.force_login(alice)
    return client


@pytest.fixture
def staff_browser(client, charlie):
    """Return Django's test client, logged in as charlie, who may use the admin."""
    client.force_login(charlie)
    return client


@pytest.fixture
def make_upload(alice, monkeypatch):
    """Return a function that makes an upload with checked rows, from rows or from a file's bytes.

    Its file is read in this process, because starting another one for each test would take too long.
    """

    def make(*args, **options):
        with monkeypatch.context() as patch:
            patch.setattr(isolated_reader, "examine", parsing.examine)
            patch.setattr(isolated_reader, "read_rows", parsing.read_rows)
            return make_in_this_process(*args, **options)

    def make_in_this_process(
        rows, name="people.csv", mapping=None, fixed=None, match=(), user=alice, settings=None, **options
    ):
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
def long_ids(monkeypatch):
    """Give people of new lists ids that do not fit into 32 bits. Return what is added to their ids."""
    check_rows, added = row_import.check_rows, 5 * 2**32

    def check_and_add(upload_id):
        check_rows(upload_id)
        Item.objects.filter(upload=upload_id).update(id=F("id") + added)

    monkeypatch.setattr(row_import, "check_rows", check_and_add)
    return added


@pytest.fixture
def start_upload(make_upload, alice):
    """Return a function that starts an upload. It is planned, but nothing is sent yet."""

    def start(count_or_rows, **options):
        rows = people(count_or_rows) if isinstance(count_or_rows, int) else count_or_rows
        upload = make_upload(rows, **options)
        assert spending.start(upload, alice)
        packing.plan_upload(upload.pk)
        return Upload.objects.get(pk=upload.pk)

    return start


@pytest.fixture
def finish_upload(start_upload):
    """Return a function that completes an upload of one batch.

    Its argument `answers` is a function that returns a person's answer, given the item and its position in the batch.
    """

    def finish(count_or_rows, answers=None, digested=True, **options):
        upload = start_upload(count_or_rows, **options)
        batch = upload.batches.get()
        transition_batch(batch.pk, BatchStatus.SUBMITTING, submitted_at=timezone.now(), attempts=1)
        transition_batch(batch.pk, BatchStatus.ACKNOWLEDGED, acknowledged_at=timezone.now())
        for position, item in enumerate(batch.items.order_by("pk")):
            body = answers(item, position) if answers else answer_for(item)
            assert filing.file_answer(batch.token, protocol.decode_answer(body), body.decode()) is filing.Filing.FILED
        closing.close_batch(batch.pk)
        closing.complete_uploads(timezone.now())
        if digested:
            digests.digest_batch(batch.pk)
            digests.digest_upload(upload.pk)
        return Upload.objects.get(pk=upload.pk)

    return finish
