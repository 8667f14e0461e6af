from django.db import migrations, models


def rename(old, new):
    def update(apps, schema_editor):
        apps.get_model("notices", "Notice").objects.filter(kind=old).update(kind=new)

    return update


class Migration(migrations.Migration):
    """Notices that sending is blocked have the kind `blocked`. It was `hold`."""

    dependencies = [
        ("notices", "0004_wording"),
    ]

    operations = [
        migrations.AlterField(
            model_name="notice",
            name="kind",
            field=models.CharField(
                choices=[
                    ("complete", "Complete"),
                    ("failed", "Could not be read"),
                    ("nobody", "Nobody to trace"),
                    ("ready", "Ready to start"),
                    ("approval", "Awaiting approval"),
                    ("unconfirmed", "Unconfirmed"),
                    ("refused", "Refused"),
                    ("missing", "Many without an answer"),
                    ("blocked", "Sending blocked"),
                    ("books", "Reconciliation"),
                ],
                max_length=12,
            ),
        ),
        migrations.RunPython(rename("hold", "blocked"), rename("blocked", "hold")),
    ]
