"""The migration that renames models, fields and events keeps permissions and history."""

from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command

from batches.models import Event, MappingTemplate, SendingBlock

pytestmark = pytest.mark.django_db

migration = import_module("batches.migrations.0014_clear_names")


@pytest.mark.django_db(transaction=True)
def test_the_migration_changes_no_table(capsys):
    call_command("sqlmigrate", "batches", "0014", no_color=True)
    statements = [line for line in capsys.readouterr().out.splitlines() if line and not line.startswith("--")]
    assert set(statements) <= {"BEGIN;", "COMMIT;"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (f"{action}_{old_model}", f"{action}_{new_model}")
        for old_model, (new_model, _) in migration.MODELS.items()
        for action in migration.ACTIONS
    ],
)
def test_groups_keep_their_permissions(old, new):
    group, permission = Group.objects.create(name="Operations"), Permission.objects.get(codename=new)
    group.permissions.add(permission)
    migration.backwards(apps, None)
    assert group.permissions.get().codename == old
    migration.forwards(apps, None)
    assert group.permissions.get().codename == new
    assert Permission.objects.get(pk=permission.pk).name == permission.name


@pytest.mark.parametrize("old", migration.EVENTS)
def test_events_are_renamed_in_both_directions(old, start_upload):
    event = Event.objects.create(upload=start_upload(10), what=old)
    migration.forwards(apps, None)
    assert Event.objects.get(pk=event.pk).what == migration.EVENTS[old]
    migration.backwards(apps, None)
    assert Event.objects.get(pk=event.pk).what == old


def test_blocks_about_batches_in_doubt_are_still_recognised():
    for reason in migration.REASONS:
        SendingBlock.objects.create(reason=reason)
    migration.forwards(apps, None)
    assert {block.reason for block in SendingBlock.objects.all()} == {SendingBlock.RESTORED, SendingBlock.STOOD_STILL}
    assert all(block.asks_about_batches for block in SendingBlock.objects.all())


def test_mapping_templates_keep_their_match_requirements():
    template = MappingTemplate.objects.create(
        name="Ours", header="x", columns=[], fields={}, options={"match": ["emails"], "look_back": 30}
    )
    migration.forwards(apps, None)
    template.refresh_from_db()
    assert template.options == {"match_requirements": ["emails"], "look_back": 30}
