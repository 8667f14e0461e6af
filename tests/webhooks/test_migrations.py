"""Renaming models keeps their rows and the permissions of users."""

import pytest
from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from webhooks.models import Endpoint
from webhooks.signing import make_secret

RENAMED = [
    ("webhooks", "0007_kept_since", "0009_wording", "Stray", "UnmatchedDelivery"),
    ("api", "0001_initial", "0003_wording", "OrderKey", "IdempotencyKey"),
]
ACTIONS = ["add", "change", "delete", "view"]


def migrate(app, name):
    """Migrate an app, and return the models as they are after this migration."""
    call_command("migrate", app, name, verbosity=0)
    ContentType.objects.clear_cache()
    return MigrationExecutor(connection).loader.project_state([(app, name)]).apps


@pytest.fixture(autouse=True)
def _newest_migrations(transactional_db):
    """Apply all migrations again after a test, because other tests need them."""
    yield
    for app, *_ in RENAMED:
        call_command("migrate", app, verbosity=0)
    ContentType.objects.clear_cache()


def read_permissions(app, model):
    """Return the permissions about a model: code name → (primary key, name)."""
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
    expected = read_permissions(app, new)
    old_apps = migrate(app, before)
    kept = read_permissions(app, old)
    assert set(kept) == {f"{action}_{old.lower()}" for action in ACTIONS}
    assert {pk for pk, _ in kept.values()} == {pk for pk, _ in expected.values()}
    group = Group.objects.create(name="Reviewers")
    group.permissions.add(Permission.objects.get(codename=f"view_{old.lower()}"))
    row = make_row(old_apps.get_model(app, old), alice)
    new_apps = migrate(app, after)
    assert new_apps.get_model(app, new).objects.get().pk == row.pk
    assert read_permissions(app, new) == expected
    assert read_permissions(app, old) == {}
    assert group.permissions.get().codename == f"view_{new.lower()}"


@pytest.mark.django_db(transaction=True)
def test_secrets_are_encrypted_by_the_migration_and_decrypted_by_its_reverse():
    secret = make_secret()
    old = migrate("webhooks", "0009_wording").get_model("webhooks", "Endpoint")
    pk = old.objects.create(url="https://hooks.example.com/", secret=secret).pk
    migrate("webhooks", "0010_encrypted_secret")
    endpoint = Endpoint.objects.get()
    assert (endpoint.pk, endpoint.secret) == (pk, secret)
    assert "whsec_" not in endpoint.encrypted_secret
    old = migrate("webhooks", "0009_wording").get_model("webhooks", "Endpoint")
    assert old.objects.get().secret == secret
