"""Who may see the Team page, what it changes, and that nobody is locked out."""

import time
from datetime import timedelta
from functools import partial

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import last_seen
from accounts.models import AuditEntry, AuditKind, Profile, Team
from accounts.rights import Right, Role, can
from accounts.team import members, teams
from accounts.team.members import CannotChange
from api.models import ApiToken
from tests.factories import people
from tests.support.pages import read_page, read_rows
from tests.support.threads import run_at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("roles")]


def set_roles(user, *roles):
    user.groups.set(Group.objects.filter(name__in=roles))
    return user


def reload(user):
    return User.objects.get(pk=user.pk)


# Who may see it


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize(
    "address",
    [
        "/team/",
        "/team/invite/",
        "/team/users/1/",
        "/team/teams/new/",
        "/team/teams/1/",
    ],
)
def test_the_pages_are_for_administrators(client, alice, method, address):
    client.force_login(set_roles(alice, Role.LEAD, Role.APPROVER))
    assert getattr(client, method)(address).status_code == 403


@pytest.mark.parametrize("action", ["activate", "deactivate", "invite"])
def test_actions_are_for_administrators_and_refuse_get_requests(client, admin_browser, alice, bob, action):
    address = f"/team/users/{bob.pk}/{action}/"
    assert admin_browser.get(address).status_code == 405
    client.force_login(set_roles(alice, Role.LEAD))
    assert client.post(address).status_code == 403
    assert reload(bob).is_active


def test_only_administrators_see_the_link_to_the_page(client, admin_browser, alice):
    assert 'href="/team/" aria-current="page">' in read_page(admin_browser.get("/team/"))
    client.force_login(set_roles(alice, Role.LEAD))
    assert 'href="/team/"' not in read_page(client.get("/settings/"))


def test_superusers_are_administrators(staff_browser):
    assert staff_browser.get("/team/").status_code == 200


@pytest.mark.parametrize("address", ["/team/", "/team/invite/", "/team/teams/new/"])
def test_the_pages_have_no_inline_scripts_or_styles(admin_browser, address):
    response = admin_browser.get(address)
    assert response.status_code == 200
    assert b"<script>" not in response.content
    assert b" style=" not in response.content


# The table


def test_users_are_shown_with_roles_teams_and_status(admin_browser, alice, bob, east):
    set_roles(alice, Role.LEAD)
    east.members.add(alice)
    User.objects.filter(pk=alice.pk).update(email="alice@example.com", last_login="2025-03-04 05:06Z")
    User.objects.filter(pk=bob.pk).update(is_active=False)
    rows = read_rows(admin_browser.get("/team/"))
    assert "alice alice@example.com Active Lead East Mar 4, 2025, 5:06 AM No" in rows
    assert "bob No email Deactivated — — Never No" in rows
    assert "East 1 0" in rows


def test_the_page_makes_the_same_queries_for_one_user_and_for_many(admin_browser, east):
    def count_queries():
        with CaptureQueriesContext(connection) as queries:
            assert admin_browser.get("/team/").status_code == 200
        return len(queries)

    few = count_queries()
    for number in range(3):
        user = User.objects.create_user(f"user{number}", password="a-long-password")
        Team.objects.create(name=f"Team {number}").members.add(user)
        set_roles(user, Role.LEAD, Role.APPROVER)
    assert count_queries() == few


def test_second_factors_are_shown_only_if_they_are_available(admin_browser, alice, monkeypatch):
    monkeypatch.setattr(members, "find_users_with_second_factor", lambda users: None)
    assert "Second factor" not in read_page(admin_browser.get("/team/"))
    monkeypatch.setattr(members, "find_users_with_second_factor", lambda users: {alice.pk})
    response = admin_browser.get("/team/")
    assert "Second factor" in read_page(response)
    assert any(row.endswith("Never Yes") for row in read_rows(response))


# Roles and teams


def test_roles_and_teams_are_changed_and_recorded(admin_browser, dora, alice, east, version):
    set_roles(alice, Role.MEMBER)
    form = {"roles": ["Lead", "Approver"], "teams": [east.pk], "version": version(alice)}
    response = admin_browser.post(f"/team/users/{alice.pk}/", form, follow=True)
    assert "Roles and teams of alice saved." in read_page(response)
    assert sorted(reload(alice).groups.values_list("name", flat=True)) == ["Approver", "Lead"]
    assert list(reload(alice).teams.all()) == [east]
    assert can(reload(alice), Right.DECIDE)
    entry = AuditEntry.objects.get(kind=AuditKind.RIGHTS_CHANGED)
    assert (entry.user, entry.detail) == (dora, "alice: Member; no team → Approver, Lead; East")


def test_saving_without_a_change_records_nothing(admin_browser, alice, version):
    set_roles(alice, Role.MEMBER)
    admin_browser.post(f"/team/users/{alice.pk}/", {"roles": ["Member"], "version": version(alice)})
    assert not AuditEntry.objects.filter(kind=AuditKind.RIGHTS_CHANGED).exists()


def test_groups_that_are_not_roles_are_kept(admin_browser, alice, version):
    alice.groups.add(Group.objects.create(name="Auditors"))
    admin_browser.post(f"/team/users/{alice.pk}/", {"roles": ["Viewer"], "version": version(alice)})
    assert sorted(reload(alice).groups.values_list("name", flat=True)) == ["Auditors", "Viewer"]


def test_the_second_of_two_administrators_overwrites_nothing(admin_browser, alice, east, version):
    shown = version(alice)
    admin_browser.post(f"/team/users/{alice.pk}/", {"roles": ["Lead"], "version": shown})
    later = admin_browser.post(
        f"/team/users/{alice.pk}/", {"roles": ["Viewer"], "teams": [east.pk], "version": shown}, follow=True
    )
    assert "Somebody else has changed this user in the meantime." in read_page(later)
    assert list(reload(alice).groups.values_list("name", flat=True)) == ["Lead"]
    assert not reload(alice).teams.exists()
    admin_browser.post(f"/team/users/{alice.pk}/deactivate/", {"version": shown})
    assert reload(alice).is_active


def test_a_form_without_a_version_changes_nothing(admin_browser, alice):
    admin_browser.post(f"/team/users/{alice.pk}/", {"roles": ["Lead"]})
    assert not reload(alice).groups.exists()
    admin_browser.post(f"/team/users/{alice.pk}/deactivate/")
    assert reload(alice).is_active


def test_a_role_that_does_not_exist_is_refused(admin_browser, alice, version):
    response = admin_browser.post(f"/team/users/{alice.pk}/", {"roles": ["King"], "version": version(alice)})
    assert response.status_code == 422


def test_only_superusers_change_staff(admin_browser, staff_member, charlie, version):
    for user in (staff_member, charlie):
        assert f"Only a superuser can change {user.username}, " in read_page(
            admin_browser.get(f"/team/users/{user.pk}/")
        )
        admin_browser.post(f"/team/users/{user.pk}/", {"roles": ["Viewer"], "version": version(user)})
        admin_browser.post(f"/team/users/{user.pk}/deactivate/", {"version": version(user)})
        assert reload(user).is_active
        assert not reload(user).groups.exists()
    admin_browser.force_login(charlie)
    admin_browser.post(f"/team/users/{staff_member.pk}/", {"roles": ["Viewer"], "version": version(staff_member)})
    assert reload(staff_member).groups.exists()


@pytest.fixture
def staff_member(django_user_model):
    return django_user_model.objects.create_user("frank", password="frank-password", is_staff=True)


# Deactivating


def test_deactivating_ends_sessions_and_tokens(admin_browser, alice, version):
    session = Client()
    session.force_login(set_roles(alice, Role.LEAD))
    _, secret = ApiToken.objects.create_with_secret(alice, "Import")
    headers = {"authorization": f"Bearer {secret}"}
    assert session.get("/settings/").status_code == 200
    assert Client().get("/api/v1/uploads", headers=headers).status_code == 200
    admin_browser.post(f"/team/users/{alice.pk}/deactivate/", {"version": version(alice)})
    assert session.get("/settings/").status_code == 302
    assert Client().get("/api/v1/uploads", headers=headers).status_code == 401
    assert not Client().login(username="alice", password="alice-password")
    admin_browser.post(f"/team/users/{alice.pk}/activate/", {"version": version(alice)})
    assert Client().login(username="alice", password="alice-password")
    details = AuditEntry.objects.filter(kind=AuditKind.RIGHTS_CHANGED).order_by("pk").values_list("detail", flat=True)
    assert list(details) == ["Deactivated alice", "Activated alice"]


def test_nobody_deactivates_themselves(admin_browser, dora, charlie, version):
    response = admin_browser.post(f"/team/users/{dora.pk}/deactivate/", {"version": version(dora)}, follow=True)
    assert "You cannot deactivate yourself." in read_page(response)
    assert reload(dora).is_active


# Nobody is locked out


def test_the_last_administrator_keeps_the_role(admin_browser, dora, version):
    response = admin_browser.post(f"/team/users/{dora.pk}/", {"roles": ["Lead"], "version": version(dora)}, follow=True)
    assert "This is the last administrator who can log in." in read_page(response)
    assert can(reload(dora), Right.ADMINISTER)
    with pytest.raises(CannotChange, match="last administrator"):
        members.set_active(None, dora.pk, None, False)
    assert reload(dora).is_active


@pytest.mark.parametrize("how", ["superuser", "group", "permission"])
def test_an_administrator_may_leave_the_role_to_another(admin_browser, dora, alice, version, how):
    if how == "superuser":
        User.objects.filter(pk=alice.pk).update(is_superuser=True)
    elif how == "group":
        set_roles(alice, Role.ADMINISTRATOR)
    else:
        alice.user_permissions.add(Permission.objects.get(codename="administer"))
    admin_browser.post(f"/team/users/{dora.pk}/", {"roles": ["Lead"], "version": version(dora)})
    assert not can(reload(dora), Right.ADMINISTER)


def test_invited_and_deactivated_administrators_do_not_count(admin_browser, dora, alice, version):
    members.add(dora, "erin", "", [Role.ADMINISTRATOR], [])
    set_roles(alice, Role.ADMINISTRATOR)
    members.set_active(dora, alice.pk, None, False)
    admin_browser.post(f"/team/users/{dora.pk}/", {"roles": [], "version": version(dora)})
    assert can(reload(dora), Right.ADMINISTER)


def test_an_administrator_who_logs_in_without_a_password_counts(dora, alice):
    set_roles(alice, Role.ADMINISTRATOR)
    alice.set_unusable_password()
    alice.last_login = timezone.now()
    alice.save()
    assert set(members.administrators()) == {dora, alice}


def run_together(*calls):
    """Run calls at the same time. Return the result of each, or its refusal."""

    def run(call):
        try:
            return call()
        except (CannotChange, PermissionDenied) as problem:
            return problem

    return run_at_once(*[partial(run, call) for call in calls])


@pytest.fixture
def two_administrators(transactional_db, roles, django_user_model, monkeypatch):
    # SQLite would refuse to delete the entries after the test.
    monkeypatch.setattr(members.audit, "record", lambda *_, **__: None)
    users = [django_user_model.objects.create_user(name, password=f"{name}-password") for name in ("dora", "erin")]
    Group.objects.get(name=Role.ADMINISTRATOR).user_set.set(users)
    return users


@pytest.fixture
def slow(monkeypatch):
    """Delay the end of each change after its check. Without a lock, both changes would pass the check."""
    refuse = members.refuse_lockout

    def linger():
        refuse()
        time.sleep(0.3)

    monkeypatch.setattr(members, "refuse_lockout", linger)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_from_the_shell", [True, False])
@pytest.mark.parametrize("how", ["demote", "deactivate"])
def test_two_administrators_cannot_remove_each_other_at_once(two_administrators, slow, is_from_the_shell, how):
    dora, erin = two_administrators

    def remove(actor, user):
        actor = None if is_from_the_shell else actor
        if how == "demote":
            return members.change(actor, user.pk, None, [], [])
        return members.set_active(actor, user.pk, None, False)

    results = run_together(lambda: remove(dora, erin), lambda: remove(erin, dora))
    assert sum(isinstance(result, User) for result in results) == 1
    assert members.administrators().count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_changes_of_one_user_at_once_do_not_mix(two_administrators, slow):
    dora, erin = two_administrators
    user = User.objects.create_user("alice", password="alice-password")
    shown = members.find_version(user)
    results = run_together(
        lambda: members.change(dora, user.pk, shown, [Role.VIEWER], []),
        lambda: members.change(erin, user.pk, shown, [Role.LEAD], []),
    )
    assert [str(result) for result in results if isinstance(result, CannotChange)] == [members.CHANGED_SINCE]
    assert reload(user).groups.count() == 1


# Teams


def test_a_team_is_created_and_renamed(admin_browser, dora):
    admin_browser.post("/team/teams/new/", {"name": " East "})
    east = Team.objects.get(name="East")
    admin_browser.post(f"/team/teams/{east.pk}/", {"name": "North"})
    assert Team.objects.get(pk=east.pk).name == "North"
    entries = AuditEntry.objects.filter(kind=AuditKind.TEAM_CHANGED, user=dora).order_by("pk")
    assert [entry.detail for entry in entries] == ["Created the team East", "Renamed the team East to North"]


def test_two_teams_cannot_have_the_same_name(admin_browser, east):
    assert "There is already a team with the name east." in read_page(
        admin_browser.post("/team/teams/new/", {"name": "east"})
    )
    west = Team.objects.create(name="West")
    assert admin_browser.post(f"/team/teams/{west.pk}/", {"name": "EAST"}).status_code == 422
    assert admin_browser.post(f"/team/teams/{east.pk}/", {"name": "EAST"}).status_code == 302
    assert sorted(Team.objects.values_list("name", flat=True)) == ["EAST", "West"]


def test_a_team_without_lists_is_deleted_and_its_members_stay(admin_browser, alice, east):
    east.members.add(alice)
    admin_browser.post(f"/team/teams/{east.pk}/delete/")
    assert not Team.objects.exists()
    assert reload(alice).is_active


def test_a_team_with_lists_is_deleted_once_another_team_gets_them(admin_browser, east, make_upload):
    upload = make_upload(people(2), user=None)
    upload.team = east
    upload.save()
    address = f"/team/teams/{east.pk}/"
    assert "Create another team first" in read_page(admin_browser.get(address))
    west = Team.objects.create(name="West")
    assert "The team has 0 members and 1 list." in read_page(admin_browser.get(address))
    refused = admin_browser.post(f"{address}delete/")
    assert refused.status_code == 422
    assert "The team East has lists. Choose a team that gets them." in read_page(refused)
    assert admin_browser.post(f"{address}delete/", {"move_to": east.pk}).status_code == 422
    moved = admin_browser.post(f"{address}delete/", {"move_to": west.pk}, follow=True)
    assert "Team East deleted. 1 list was moved to West." in read_page(moved)
    upload.refresh_from_db()
    assert upload.team == west
    detail = AuditEntry.objects.filter(kind=AuditKind.TEAM_CHANGED).latest("pk").detail
    assert detail == "Deleted the team East; 1 list went to West"


def test_a_team_that_has_been_deleted_is_not_changed(east, dora):
    gone = east.pk
    teams.delete(dora, gone, None)
    with pytest.raises(CannotChange, match="since been deleted"):
        teams.rename(dora, gone, "West")


# Last seen


def test_pages_record_at_most_every_ten_minutes_when_a_user_was_last_seen(client, alice, time_machine):
    start = timezone.now()
    time_machine.move_to(start, tick=False)
    client.force_login(alice)
    client.get("/settings/")
    # The login has just been recorded, which is enough.
    assert not Profile.objects.exists()
    for minutes, seen in [(11, 11), (15, 11), (22, 22)]:
        time_machine.move_to(start + timedelta(minutes=minutes), tick=False)
        client.get("/settings/")
        assert Profile.objects.get(user=alice).seen_at == start + timedelta(minutes=seen)


def test_nothing_is_recorded_without_a_login(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        client.get("/healthz")
    assert not Profile.objects.exists()


def test_another_process_does_not_record_the_same_visit(alice, monkeypatch):
    monkeypatch.setattr(last_seen, "remember", lambda user: True)
    last_seen.record_seen(alice)
    seen_at = Profile.objects.get(user=alice).seen_at
    last_seen.record_seen(alice)
    assert Profile.objects.get(user=alice).seen_at == seen_at
