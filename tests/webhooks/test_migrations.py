"""Renaming models keeps their rows and the permissions of users."""

import pytest
from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

RENAMED = [
    ("webhooks", "0007_kept_since", "0009_wording", "Stray", "UnmatchedDelivery"),
    ("api", "0001_initial", "0003_wording", "OrderKey", "IdempotencyKey"),
]
ACTIONS = ["add", "change", "delete", "view"]


def migrate(app, name):
    call_command("migrate", app, name, verbosity=0)
    ContentType.objects.clear_cache()
    return MigrationExecutor(connection).loader.project_state([(app, name)]).apps


def permissions_of(app, model):
    found = Permission.objects.filter(content_type__app_label=app, content_type__model=model.lower())
    return {permission.codename: (permission.pk, permission.name) for permission in found}


def make_row(model, user):
    if model.__name__ == "Stray":
        return model.objects.create(kind="item", reason="odd", body=b"{}")
    return model.objects.create(user_id=user.pk, key="2031-05", file_digest="0" * 64)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("app", "before", "after", "old", "new"), RENAMED, ids=[row[0] for row in RENAMED])
def test_a_renamed_model_keeps_rows_permissions_and_groups(alice, app, before, after, old, new):
    create_permissions(apps.get_app_config(app), verbosity=0)
    expected = permissions_of(app, new)
    try:
        old_apps = migrate(app, before)
        kept = permissions_of(app, old)
        assert set(kept) == {f"{action}_{old.lower()}" for action in ACTIONS}
        assert {pk for pk, _ in kept.values()} == {pk for pk, _ in expected.values()}
        group = Group.objects.create(name="Reviewers")
        group.permissions.add(Permission.objects.get(codename=f"view_{old.lower()}"))
        row = make_row(old_apps.get_model(app, old), alice)
    finally:
        new_apps = migrate(app, after)
    assert new_apps.get_model(app, new).objects.get().pk == row.pk
    assert permissions_of(app, new) == expected
    assert permissions_of(app, old) == {}
    assert group.permissions.get().codename == f"view_{new.lower()}"
