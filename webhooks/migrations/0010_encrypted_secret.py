"""Encrypt the secrets of endpoints. The column keeps its name; its text becomes longer."""

from django.db import migrations, models

import webhooks.models
from accounts import encryption


def convert(model, change):
    for pk, text in model.objects.exclude(encrypted_secret="").values_list("pk", "encrypted_secret"):
        # A secret that is replaced meanwhile is left alone.
        model.objects.filter(pk=pk, encrypted_secret=text).update(encrypted_secret=change(text))


def encrypt_secrets(apps, schema_editor):
    convert(apps.get_model("webhooks", "Endpoint"), encryption.encrypt)


def decrypt_secrets(apps, schema_editor):
    convert(apps.get_model("webhooks", "Endpoint"), encryption.decrypt)


class Migration(migrations.Migration):

    dependencies = [
        ("webhooks", "0009_wording"),
    ]

    operations = [
        migrations.AlterField(
            model_name="endpoint",
            name="secret",
            field=models.CharField(
                db_column="secret",
                default=webhooks.models.make_encrypted_secret,
                editable=False,
                max_length=500,
            ),
        ),
        migrations.RenameField("endpoint", "secret", "encrypted_secret"),
        migrations.RunPython(encrypt_secrets, decrypt_secrets),
    ]
