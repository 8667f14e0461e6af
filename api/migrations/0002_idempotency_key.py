"""Rename the model OrderKey to IdempotencyKey. The table and its constraint keep their names; no row is touched."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

OLD_MODEL, NEW_MODEL = "orderkey", "idempotencykey"
OLD_NAME, NEW_NAME = "order key", "idempotency key"
ACTIONS = ["add", "change", "delete", "view"]


def rename_permissions(apps, schema_editor):
    rename(apps, schema_editor, (OLD_MODEL, OLD_NAME), (NEW_MODEL, NEW_NAME))


def rename_permissions_back(apps, schema_editor):
    rename(apps, schema_editor, (NEW_MODEL, NEW_NAME), (OLD_MODEL, OLD_NAME))


def rename(apps, schema_editor, old, new):
    """Rename the model's permissions in place, so that the groups and users who have them keep them."""
    permissions = apps.get_model("auth", "Permission").objects.using(schema_editor.connection.alias)
    for action in ACTIONS:
        # The content type has the old name or the new one, depending on the direction.
        permissions.filter(
            content_type__app_label="api",
            content_type__model__in=[OLD_MODEL, NEW_MODEL],
            codename=f"{action}_{old[0]}",
        ).update(codename=f"{action}_{new[0]}", name=f"Can {action} {new[1]}")


class Migration(migrations.Migration):

    dependencies = [
        ("api", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        # The name that the table has: so that renaming the model leaves the table alone.
        migrations.AlterModelTable("orderkey", "api_orderkey"),
        # `migrate` renames the content type after this operation.
        migrations.RenameModel("OrderKey", "IdempotencyKey"),
        migrations.RunPython(rename_permissions, rename_permissions_back),
    ]
