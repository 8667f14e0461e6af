"""The audit log records who saw what, cannot be changed, and can be searched."""

import csv
import io
from datetime import timedelta
from importlib import import_module

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from accounts.models import AuditEntry, AuditKind
from accounts.rights import Role
from batches import people_audit
from batches.exports import files
from batches.exports.rows import ExportChoices
from batches.id_set import IdSet
from batches.intake import problem_groups, suppression
from tests.factories import people, person, to_csv

pytestmark = pytest.mark.django_db
ADDRESS = "198.51.100.7"


@pytest.fixture
def upload(finish_upload):
    return finish_upload(12)


@pytest.fixture
def admin_browser(client, make_user):
    """Return Django's test client, logged in as an administrator."""
    client.force_login(make_user("olive", Role.ADMINISTRATOR))
    return client


def read_entries(**conditions):
    """Return the kind, the user's name and the ids of the people of each entry, oldest first."""
    entries = AuditEntry.objects.filter(**conditions).select_related("user").order_by("pk")
    return [(entry.kind, str(entry.user), list(IdSet.unpack(bytes(entry.item_ids)))) for entry in entries]


# What is recorded


def test_opening_a_person_is_recorded_with_the_address_of_the_user(browser, upload):
    item = upload.items.first()
    browser.get(item.get_absolute_url(), headers={"X-Forwarded-For": ADDRESS})
    assert read_entries(upload_id=upload.pk) == [(AuditKind.SEEN, "alice", [item.pk])]
    assert AuditEntry.objects.get(upload_id=upload.pk).address == ADDRESS


def test_a_search_is_recorded_with_the_people_it_shows(browser, upload, django_assert_num_queries):
    browser.get("/find/?q=oak")
    shown = sorted(upload.items.order_by("-pk").values_list("pk", flat=True))
    assert read_entries(upload_id=upload.pk) == [(AuditKind.SEARCHED, "alice", shown)]
    with django_assert_num_queries(1):
        people_audit.record_people(AuditKind.SEARCHED, None, [(1, pk) for pk in shown] + [(2, 1)])


def test_an_export_is_recorded_with_the_people_in_it(browser, upload):
    first = upload.items.order_by("pk").first()
    address = f"/uploads/{upload.pk}/export/?item={first.pk}"
    response = browser.get(address, headers={"X-Forwarded-For": ADDRESS})
    assert read_entries(upload_id=upload.pk) == []
    list(response.streaming_content)
    assert read_entries(upload_id=upload.pk) == [(AuditKind.EXPORTED, "alice", [first.pk])]
    assert AuditEntry.objects.get(upload_id=upload.pk).address == ADDRESS


def test_a_cancelled_export_is_recorded_too(upload, alice):
    chunks = files.stream_export(upload, upload.items.all(), files.find_layout("wide"), ExportChoices(), user=alice)
    next(chunks)
    chunks.close()
    assert [kind for kind, _, _ in read_entries(upload_id=upload.pk)] == [AuditKind.EXPORTED]


def test_additions_to_the_do_not_contact_list_are_recorded(alice):
    suppression.suppress_lines(["7035550148", "ada@example.com"], alice)
    entry = AuditEntry.objects.get(kind=AuditKind.SUPPRESSED)
    assert (entry.user, entry.detail) == (alice, "2 entries")


def test_pages_without_contact_details_are_not_recorded(browser, upload):
    for address in ("/", "/uploads/", f"{upload.get_absolute_url()}?tab=activity", "/batches/"):
        browser.get(address)
    assert read_entries(upload_id=upload.pk) == []


# The log cannot be changed


@pytest.fixture
def protected():
    """Protect the log as the migration does. On SQLite, tests drop one trigger, because they empty all tables."""
    if connection.vendor == "sqlite":
        statements = import_module("accounts.migrations.0002_roles").PROTECT["sqlite"]
        with connection.cursor() as cursor:
            cursor.execute(statements[1])


@pytest.mark.usefixtures("protected")
def test_the_database_refuses_changes(alice):
    entry = AuditEntry.objects.create(kind=AuditKind.LOGIN, user=alice)
    for change in (lambda: AuditEntry.objects.update(detail="Nothing"), entry.delete):
        with pytest.raises(DatabaseError, match="cannot be"), transaction.atomic():
            change()
    assert AuditEntry.objects.get().detail == ""


@pytest.mark.usefixtures("protected")
def test_only_entries_older_than_thirty_days_can_be_deleted(alice):
    for days in (29, 31):
        AuditEntry.objects.create(kind=AuditKind.LOGIN, user=alice, at=timezone.now() - timedelta(days=days))
    old = AuditEntry.objects.filter(at__lt=timezone.now() - timedelta(days=30))
    assert old.delete()[0] == 1
    with pytest.raises(DatabaseError, match="cannot be"), transaction.atomic():
        AuditEntry.objects.all().delete()


# The page


def test_entries_are_searched_by_person_in_all_lists(admin_browser, finish_upload):
    first = finish_upload(people(12), name="first.csv", settings={"look_back": 0})
    second = finish_upload(people(12), name="second.csv", settings={"look_back": 0})
    pairs = [(list_.items.get(row_number=2), list_.items.get(row_number=3)) for list_ in (first, second)]
    for kind, (ada, other) in zip([AuditKind.SEEN, AuditKind.EXPORTED], pairs, strict=True):
        people_audit.record_people(kind, None, [(ada.upload_id, ada.pk)], "about Ada")
        people_audit.record_people(kind, None, [(other.upload_id, other.pk)], "about another")
    page = admin_browser.get(f"/audit/?item={pairs[0][0].pk}").content.decode()
    assert page.count("about Ada") == 2
    assert "about another" not in page


def test_entries_are_filtered_by_user_kind_and_time(admin_browser, alice, bob):
    for user, kind in ((alice, AuditKind.LOGIN), (bob, AuditKind.LOGIN), (alice, AuditKind.LOGOUT)):
        AuditEntry.objects.create(kind=kind, user=user, detail=f"{user} {kind}")
    page = admin_browser.get("/audit/", {"user": alice.pk, "kind": "login"}).content.decode()
    assert "alice login" in page
    assert "bob login" not in page
    assert "alice logout" not in page
    tomorrow = timezone.localdate() + timedelta(days=1)
    assert "alice login" not in admin_browser.get("/audit/", {"since": tomorrow}).content.decode()
    assert "alice login" in admin_browser.get("/audit/", {"until": timezone.localdate()}).content.decode()


def test_the_log_is_exported(admin_browser, upload, alice):
    item = upload.items.first()
    people_audit.record_people(AuditKind.SEEN, alice, [(upload.pk, item.pk)])
    text = admin_browser.get("/audit/export/?kind=seen").getvalue().decode("utf-8-sig")
    [row] = csv.DictReader(io.StringIO(text))
    assert (row["What"], row["Who"], row["List"], row["People"]) == (
        "Saw contact details",
        "alice",
        str(upload.pk),
        str(item.pk),
    )


def test_a_page_of_the_log_takes_the_same_queries_for_any_number_of_entries(
    admin_browser, alice, django_assert_num_queries
):
    for count in (1, 3):
        for _ in range(count):
            AuditEntry.objects.create(kind=AuditKind.LOGIN, user=alice)
        with django_assert_num_queries(11):
            admin_browser.get("/audit/")


def test_the_page_of_a_person_links_to_who_saw_them(admin_browser, browser, upload, client, alice, make_user):
    address = upload.items.first().get_absolute_url()
    client.force_login(make_user("ozzy", Role.ADMINISTRATOR))
    assert "Who has viewed this person" in client.get(address).content.decode()
    client.force_login(alice)
    assert "Who has viewed this person" not in client.get(address).content.decode()


# Views and changes elsewhere


def test_rows_with_a_problem_and_their_file_are_recorded(browser, make_upload):
    upload = make_upload(to_csv([*people(2), person(3, State="Atlantis")]))
    group = problem_groups.list_problems(upload)[0]
    browser.get(f"/uploads/{upload.pk}/problems/{group.key}/")
    list(browser.get(f"/uploads/{upload.pk}/invalid-rows/").streaming_content)
    invalid = upload.items.get(outcome="invalid").pk
    kinds = [(AuditKind.SEEN, "alice", [invalid]), (AuditKind.EXPORTED, "alice", [invalid])]
    assert read_entries(upload_id=upload.pk) == kinds


def test_views_of_people_in_the_admin_are_recorded(staff_browser, upload):
    item = upload.items.first()
    staff_browser.get(f"/admin/batches/item/{item.pk}/change/")
    staff_browser.get("/admin/batches/item/?q=oak")
    details = list(AuditEntry.objects.filter(upload_id=None).order_by("pk").values_list("kind", "detail"))
    assert details == [(AuditKind.SEEN, f"person {item.pk}, in the admin"), (AuditKind.SEARCHED, "in the admin")]


def test_changes_of_users_in_the_admin_are_recorded(staff_browser, bob):
    form = {"username": "bob", "date_joined_0": "2026-01-01", "date_joined_1": "10:00:00", "is_active": "on"}
    staff_browser.post(f"/admin/auth/user/{bob.pk}/change/", form | {"is_superuser": "on"})
    entry = AuditEntry.objects.get(kind=AuditKind.RIGHTS_CHANGED)
    assert entry.user.username == "charlie"
    assert "Changed the user bob in the admin" in entry.detail
    assert "Superuser status" in entry.detail
