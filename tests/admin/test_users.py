"""Only superusers manage users and groups in the admin, and they cannot lock everybody out."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.urls import reverse

from tests.support.pages import read_page

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(client, django_user_model):
    """Return a staff user, logged in, who has every permission on users and groups."""
    user = django_user_model.objects.create_user("erin", password="erin-password", is_staff=True)
    codenames = [f"{action}_{model}" for action in ("add", "change", "delete", "view") for model in ("user", "group")]
    user.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
    client.force_login(user)
    return user


def send_changes(client, user, **changes):
    form = {"username": user.username, "date_joined_0": "2026-01-01", "date_joined_1": "10:00:00", "is_active": "on"}
    address = reverse("admin:auth_user_change", args=[user.pk])
    return client.post(address, {name: value for name, value in (form | changes).items() if value}, follow=True)


def test_users_and_groups_are_for_superusers(client, manager, bob):
    group = Group.objects.create(name="Managers")
    for model, pk in (("user", bob.pk), ("group", group.pk)):
        addresses = [reverse(f"admin:auth_{model}_{page}") for page in ("changelist", "add")]
        addresses += [reverse(f"admin:auth_{model}_{page}", args=[pk]) for page in ("change", "delete", "history")]
        for address in addresses:
            assert client.get(address).status_code == 403
            assert client.post(address, {"post": "yes"}).status_code == 403
    passwords = {"password1": "a-long-new-password", "password2": "a-long-new-password", "usable_password": "true"}
    assert client.post(reverse("admin:auth_user_password_change", args=[bob.pk]), passwords).status_code == 403
    assert "/admin/auth/" not in client.get("/admin/").content.decode()


def test_superusers_can_give_rights(client, bob, charlie):
    client.force_login(charlie)
    assert send_changes(client, bob, is_staff="on").status_code == 200
    bob.refresh_from_db()
    assert bob.is_staff


@pytest.mark.parametrize("change", [{"is_active": ""}, {"is_staff": "on"}])
def test_the_last_administrator_remains_an_administrator(client, charlie, change):
    client.force_login(charlie)
    page = send_changes(client, charlie, **change)
    assert "This is the last administrator who can log in." in read_page(page)
    charlie.refresh_from_db()
    assert charlie.is_active
    assert charlie.is_superuser


def test_the_last_administrator_is_not_deleted(client, charlie, bob):
    client.force_login(charlie)
    client.post(reverse("admin:auth_user_delete", args=[charlie.pk]), {"post": "yes"})
    chosen = {"action": "delete_selected", "_selected_action": [charlie.pk, bob.pk], "post": "yes"}
    client.post(reverse("admin:auth_user_changelist"), chosen)
    charlie.refresh_from_db()
    bob.refresh_from_db()
    assert charlie.is_superuser
    client.post(reverse("admin:auth_user_delete", args=[bob.pk]), {"post": "yes"})
    assert not type(bob).objects.filter(pk=bob.pk).exists()


def test_the_queues_are_for_superusers(client, manager, charlie):
    addresses = [f"/admin/django_rq/dashboard/{rest}" for rest in ("", "queues/0/", "stats.json")]
    assert [client.get(address).status_code for address in addresses] == [403, 403, 403]
    assert "django_rq" not in client.get("/admin/").content.decode()
    client.force_login(charlie)
    assert [client.get(address).status_code for address in addresses[:2]] == [200, 200]
