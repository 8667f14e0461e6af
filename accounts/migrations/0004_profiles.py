import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("accounts", "0003_attempts"),
    ]

    operations = [
        migrations.CreateModel(
            name="Profile",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "invited_at",
                    models.DateTimeField(
                        help_text="When the latest invitation was made. Earlier links ended.", null=True
                    ),
                ),
                (
                    "seen_at",
                    models.DateTimeField(
                        help_text="When the user last opened a page, to within ten minutes.", null=True
                    ),
                ),
            ],
        ),
    ]
