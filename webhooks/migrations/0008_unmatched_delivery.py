"""Rename the model Stray to UnmatchedDelivery. The table and its indexes keep their names; no row is touched."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

OLD_MODEL, NEW_MODEL = "stray", "unmatcheddelivery"
OLD_NAME, NEW_NAME = "stray", "unmatched delivery"
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
            content_type__app_label="webhooks",
            content_type__model__in=[OLD_MODEL, NEW_MODEL],
            codename=f"{action}_{old[0]}",
        ).update(codename=f"{action}_{new[0]}", name=f"Can {action} {new[1]}")


class Migration(migrations.Migration):

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("batches", "0013_indexes_of_people"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("webhooks", "0007_kept_since"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        # The name that the table has: so that renaming the model leaves the table alone.
        migrations.AlterModelTable("stray", "webhooks_stray"),
        # `migrate` renames the content type after this operation.
        migrations.RenameModel("Stray", "UnmatchedDelivery"),
        migrations.RunPython(rename_permissions, rename_permissions_back),
    ]
